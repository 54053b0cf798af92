"""Logits to the scalar that a player minimises."""

import torch
from torch.nn.functional import softplus


def at_least_fp32(numbers: torch.Tensor) -> torch.Tensor:
    """Return what layers computed in bf16 as fp32, for sums and exponents to be exact in; anything else as it is."""
    return numbers.float() if numbers.dtype == torch.bfloat16 else numbers


def discriminator_cross_entropy(
    real_logits: torch.Tensor, fake_logits: torch.Tensor, label_smoothing: float = 0.0
) -> torch.Tensor:
    """Return D's loss: -log sigmoid(real) - log(1 - sigmoid(fake)), each averaged over its logits (B,).

    Goodfellow et al. 2014, arXiv:1406.2661, equation 1, written on logits: -log sigmoid(x) = softplus(-x). With label
    smoothing the target of real images is 1 - label_smoothing, that of fakes stays 0: Salimans et al. 2016,
    arXiv:1606.03498, section 3.4.
    """
    real = (1.0 - label_smoothing) * softplus(-real_logits) + label_smoothing * softplus(real_logits)
    return real.mean() + softplus(fake_logits).mean()


def generator_non_saturating(fake_logits: torch.Tensor) -> torch.Tensor:
    """Return G's loss: -log sigmoid(fake), averaged over logits (B,).

    Goodfellow et al. 2014, arXiv:1406.2661, section 3: the same fixed point as log(1 - D(G(z))), with a gradient
    that does not vanish while D wins.
    """
    return softplus(-fake_logits).mean()


def generator_minimax(fake_logits: torch.Tensor) -> torch.Tensor:
    """Return G's loss: log(1 - sigmoid(fake)), averaged over logits (B,); never above 0.

    Goodfellow et al. 2014, arXiv:1406.2661, equation 1: the game as it is stated, D's own loss turned round.
    """
    return -softplus(fake_logits).mean()


GENERATOR_LOSSES = {"non_saturating": generator_non_saturating, "minimax": generator_minimax}
