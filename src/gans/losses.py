"""Logits to the scalar that a player minimises."""

import torch
from torch.nn.functional import softplus


def discriminator_cross_entropy(real_logits: torch.Tensor, fake_logits: torch.Tensor) -> torch.Tensor:
    """Return D's loss: -log sigmoid(real) - log(1 - sigmoid(fake)), each averaged over its logits (B,).

    Goodfellow et al. 2014, arXiv:1406.2661, equation 1, written on logits: -log sigmoid(x) = softplus(-x).
    """
    return softplus(-real_logits).mean() + softplus(fake_logits).mean()


def generator_non_saturating(fake_logits: torch.Tensor) -> torch.Tensor:
    """Return G's loss: -log sigmoid(fake), averaged over logits (B,).

    Goodfellow et al. 2014, arXiv:1406.2661, section 3: the same fixed point as log(1 - D(G(z))), with a gradient
    that does not vanish while D wins.
    """
    return softplus(-fake_logits).mean()
