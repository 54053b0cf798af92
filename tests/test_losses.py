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


def test_the_generator_still_learns_where_the_discriminator_is_sure() -> None:
    logits = torch.tensor([-50.0], requires_grad=True)
    (gradient,) = torch.autograd.grad(losses.generator_non_saturating(logits), logits)
    assert gradient.item() == pytest.approx(-1.0, rel=1e-6)


def test_large_logits_stay_finite() -> None:
    large = torch.tensor([1e4, -1e4])
    assert losses.discriminator_cross_entropy(large, large).isfinite()
    assert losses.generator_non_saturating(large).isfinite()
