"""Losses, worked by hand."""

import math

import pytest
import torch

from gans.networks import losses


def test_a_discriminator_that_cannot_tell_loses_two_ln_2() -> None:
    zero = torch.zeros(5)
    assert losses.discriminator_cross_entropy(zero, zero).item() == pytest.approx(2 * math.log(2), rel=1e-6)


def test_cross_entropy_is_that_of_the_sigmoids() -> None:
    real, fake = torch.tensor([1.0, -2.0]), torch.tensor([0.5, 3.0])
    sigmoid = [1 / (1 + math.exp(-x)) for x in (1.0, -2.0, 0.5, 3.0)]
    expected = (
        -(math.log(sigmoid[0]) + math.log(sigmoid[1])) / 2 - (math.log(1 - sigmoid[2]) + math.log(1 - sigmoid[3])) / 2
    )
    assert losses.discriminator_cross_entropy(real, fake).item() == pytest.approx(expected, rel=1e-6)
    assert losses.generator_non_saturating(fake).item() == pytest.approx(
        -(math.log(sigmoid[2]) + math.log(sigmoid[3])) / 2, rel=1e-6
    )


def test_the_smoothed_target_is_one_sided() -> None:
    real, fake = torch.tensor([2.0]), torch.tensor([-1.0])
    sigmoid = [1 / (1 + math.exp(-x)) for x in (2.0, -1.0)]
    by_hand = -0.9 * math.log(sigmoid[0]) - 0.1 * math.log(1 - sigmoid[0]) - math.log(1 - sigmoid[1])
    assert losses.discriminator_cross_entropy(real, fake, 0.1).item() == pytest.approx(by_hand, rel=1e-6)


def test_the_minimax_loss_is_the_discriminators_own_turned_round() -> None:
    fake = torch.tensor([0.5, 3.0])
    by_hand = sum(math.log(1 - 1 / (1 + math.exp(-x))) for x in (0.5, 3.0)) / 2
    assert losses.GENERATOR_LOSSES["minimax"](fake).item() == pytest.approx(by_hand, rel=1e-6)
    assert losses.GENERATOR_LOSSES["non_saturating"] is losses.generator_non_saturating


def test_the_minimax_generator_learns_little_where_the_discriminator_is_sure() -> None:
    logits = torch.tensor([-5.0], requires_grad=True)
    (gradient,) = torch.autograd.grad(losses.generator_minimax(logits), logits)
    assert gradient.item() == pytest.approx(-1 / (1 + math.exp(5.0)), rel=1e-5)


def test_the_generator_still_learns_where_the_discriminator_is_sure() -> None:
    logits = torch.tensor([-50.0], requires_grad=True)
    (gradient,) = torch.autograd.grad(losses.generator_non_saturating(logits), logits)
    assert gradient.item() == pytest.approx(-1.0, rel=1e-6)


def test_large_logits_stay_finite() -> None:
    large = torch.tensor([1e4, -1e4])
    assert losses.discriminator_cross_entropy(large, large).isfinite()
    assert losses.generator_non_saturating(large).isfinite()


def test_least_squares_and_hinge_by_hand() -> None:
    real, fake = torch.tensor([0.5, 3.0]), torch.tensor([-2.0, 0.5])
    assert losses.discriminator_least_squares(real, fake).item() == pytest.approx((0.25 + 4 + 4 + 0.25) / 4)
    assert losses.generator_least_squares(fake).item() == pytest.approx((9 + 0.25) / 4)
    assert losses.discriminator_hinge(real, fake).item() == pytest.approx((0.5 + 0 + 0 + 1.5) / 2)
    assert losses.critic(real, fake).item() == pytest.approx(-0.75 - 1.75)
    assert losses.generator_of_critic(fake).item() == pytest.approx(0.75)


def test_the_relativistic_loss_is_of_pairs() -> None:
    real, fake = torch.tensor([1.0, -2.0]), torch.tensor([0.5, 3.0])
    by_hand = (math.log(1 + math.exp(-0.5)) + math.log(1 + math.exp(5.0))) / 2
    assert losses.relativistic(real, fake).item() == pytest.approx(by_hand)
    assert losses.relativistic(real + 7, fake + 7).item() == pytest.approx(by_hand)  # only the difference counts


@pytest.mark.parametrize("channels", [1, 3])
def test_the_slope_of_a_linear_critic_is_its_weight(channels: int) -> None:
    """Over all of C, H and W: the norm over the channels alone would be another, and in one channel no norm at all."""
    weight = torch.randn(channels, 5, 5, dtype=torch.float64, requires_grad=True)

    def critic(images: torch.Tensor) -> torch.Tensor:
        return (images * weight).sum((1, 2, 3)) + 3

    images = torch.randn(4, channels, 5, 5, dtype=torch.float64)
    logits, squares = losses.with_squared_slopes(critic, images)
    assert torch.equal(logits, critic(images))
    assert squares.tolist() == pytest.approx([weight.square().sum().item()] * 4)

    penalty = losses.gradient_penalty(critic, images, torch.randn_like(images))
    norm = weight.norm()
    assert penalty.item() == pytest.approx((norm.item() - 1) ** 2)
    (slope,) = torch.autograd.grad(penalty, weight)
    assert slope.flatten().tolist() == pytest.approx((2 * (norm - 1) * weight / norm).flatten().tolist())


def test_each_image_has_a_slope_of_its_own_where_it_is() -> None:
    images = torch.randn(4, 3, 5, 5, dtype=torch.float64)
    logits, squares = losses.with_squared_slopes(lambda some: some.square().sum((1, 2, 3)), images)
    assert squares.tolist() == pytest.approx((4 * images.square().sum((1, 2, 3))).tolist())
    assert logits.tolist() == pytest.approx(images.square().sum((1, 2, 3)).tolist())


def test_the_penalty_is_taken_between_each_real_image_and_its_fake() -> None:
    real, fake = torch.zeros(64, 1, 2, 2), torch.ones(64, 1, 2, 2)
    torch.manual_seed(0)
    share = torch.rand(64, 1, 1, 1)
    expected = ((share * 4).flatten() - 1).square().mean().item()  # four pixels of `share`, a slope of 2 * share each
    torch.manual_seed(0)
    penalty = losses.gradient_penalty(lambda images: images.square().sum((1, 2, 3)), real, fake)
    assert penalty.item() == pytest.approx(expected, rel=1e-5)


def test_a_flat_critic_is_penalised_without_an_infinite_slope() -> None:
    weight = torch.zeros(1, 5, 5, requires_grad=True)
    images = torch.randn(4, 1, 5, 5)
    penalty = losses.gradient_penalty(lambda some: (some * weight).sum((1, 2, 3)), images, images)
    assert penalty.item() == pytest.approx(1.0, rel=1e-4)
    (slope,) = torch.autograd.grad(penalty, weight)
    assert slope.isfinite().all()


def test_penalties_can_be_compiled_and_say_the_same() -> None:
    torch.manual_seed(0)
    network = torch.nn.Sequential(
        torch.nn.Flatten(), torch.nn.Linear(75, 8), torch.nn.Softplus(), torch.nn.Linear(8, 1)
    )
    network.double()
    images = torch.randn(4, 3, 5, 5, dtype=torch.float64)

    def learnt(penalised: object) -> tuple[torch.Tensor, ...]:
        _, squares = penalised(lambda some: network(some).squeeze(1), images)  # type: ignore[operator]
        return torch.autograd.grad(squares.mean(), list(network.parameters())[:3])

    plain = learnt(losses.with_squared_slopes)
    compiled = learnt(torch.compile(losses.with_squared_slopes, backend="aot_eager", fullgraph=True))
    for one, other in zip(plain, compiled, strict=True):
        assert torch.allclose(one, other, rtol=1e-9)
        assert one.abs().max() > 0
