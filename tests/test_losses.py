"""Losses, worked by hand."""

import math

import pytest
import torch

from gans import losses


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
