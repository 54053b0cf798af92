"""Losses, worked by hand."""

import math
from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import nn

from gans.networks import losses


def log_sigmoid(*logits: float) -> float:
    """Return the mean of log(1 / (1 + exp(-x)))."""
    return -sum(math.log(1 + math.exp(-x)) for x in logits) / len(logits)


PAIR, OTHERS = ([1.0, -2.0], [0.5, 3.0]), ([0.5, 3.0], [-2.0, 0.5])


@pytest.mark.parametrize(
    ("loss", "logits", "by_hand"),
    [
        (losses.discriminator_cross_entropy, ([0.0] * 5, [0.0] * 5), 2 * math.log(2)),  # one that cannot tell
        (losses.discriminator_cross_entropy, PAIR, -log_sigmoid(1, -2) - log_sigmoid(-0.5, -3)),
        (  # the smoothed target is one-sided
            partial(losses.discriminator_cross_entropy, label_smoothing=0.1),
            ([2.0], [-1.0]),
            -0.9 * log_sigmoid(2) - 0.1 * log_sigmoid(-2) - log_sigmoid(1),
        ),
        (losses.GENERATOR_LOSSES["non_saturating"], ([0.5, 3.0],), -log_sigmoid(0.5, 3)),
        (losses.GENERATOR_LOSSES["minimax"], ([0.5, 3.0],), log_sigmoid(-0.5, -3)),
        (losses.discriminator_least_squares, OTHERS, (0.25 + 4 + 4 + 0.25) / 4),
        (losses.generator_least_squares, OTHERS[1:], (9 + 0.25) / 4),
        (losses.discriminator_hinge, OTHERS, (0.5 + 0 + 0 + 1.5) / 2),
        (losses.critic, OTHERS, -0.75 - 1.75),
        (losses.generator_of_critic, OTHERS[1:], 0.75),
        (losses.relativistic, PAIR, -log_sigmoid(1 - 0.5, -2 - 3)),
        (losses.relativistic, ([8.0, 5.0], [7.5, 10.0]), -log_sigmoid(0.5, -5)),  # only the difference counts
    ],
)
def test_losses_are_worked_by_hand(
    loss: Callable[..., torch.Tensor], logits: tuple[list[float], ...], by_hand: float
) -> None:
    assert loss(*map(torch.tensor, logits)).item() == pytest.approx(by_hand, rel=1e-6)


@pytest.mark.parametrize(
    ("loss", "logit", "expected"),
    [
        (losses.generator_minimax, -5.0, -1 / (1 + math.exp(5.0))),  # it learns little
        (losses.generator_non_saturating, -50.0, -1.0),  # it still learns
    ],
)
def test_what_the_generator_learns_where_the_discriminator_is_sure(
    loss: Callable[..., torch.Tensor], logit: float, expected: float
) -> None:
    logits = torch.tensor([logit], requires_grad=True)
    (gradient,) = torch.autograd.grad(loss(logits), logits)
    assert gradient.item() == pytest.approx(expected, rel=1e-5)


def test_large_logits_stay_finite() -> None:
    large = torch.tensor([1e4, -1e4])
    assert losses.discriminator_cross_entropy(large, large).isfinite()
    assert losses.generator_non_saturating(large).isfinite()


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
    network = nn.Sequential(nn.Flatten(), nn.Linear(75, 8), nn.Softplus(), nn.Linear(8, 1), nn.Flatten(0)).double()
    images = torch.randn(4, 3, 5, 5, dtype=torch.float64)

    def learnt(penalised: object) -> tuple[torch.Tensor, ...]:
        _, squares = penalised(network, images)  # type: ignore[operator]
        return torch.autograd.grad(squares.mean(), list(network.parameters())[:3])

    plain = learnt(losses.with_squared_slopes)
    compiled = learnt(torch.compile(losses.with_squared_slopes, backend="aot_eager", fullgraph=True))
    for one, other in zip(plain, compiled, strict=True):
        assert torch.allclose(one, other, rtol=1e-9)
        assert one.abs().max() > 0
