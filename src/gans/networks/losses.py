"""Logits to the scalar that a player minimises, and penalties on how steep D is."""

from collections.abc import Callable

import torch
from torch.nn.functional import relu, softplus

TINY = 1e-12  # below a root, whose slope at 0 would be infinite


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


def discriminator_least_squares(real_logits: torch.Tensor, fake_logits: torch.Tensor) -> torch.Tensor:
    """Return D's loss: half the mean square of what real images lack to 1 and fakes to 0, logits (B,) each.

    Mao et al. 2017, arXiv:1611.04076, equation 9.
    """
    return 0.5 * (real_logits - 1).square().mean() + 0.5 * fake_logits.square().mean()


def generator_least_squares(fake_logits: torch.Tensor) -> torch.Tensor:
    """Return G's loss: half the mean square of what fakes (B,) lack to 1. Mao et al. 2017, equation 9."""
    return 0.5 * (fake_logits - 1).square().mean()


def discriminator_hinge(real_logits: torch.Tensor, fake_logits: torch.Tensor) -> torch.Tensor:
    """Return D's loss: what real images (B,) lack to 1, and fakes to -1, and nothing beyond.

    Lim and Ye 2017, arXiv:1705.02894; Miyato et al. 2018, arXiv:1802.05957, equation 16.
    """
    return relu(1 - real_logits).mean() + relu(1 + fake_logits).mean()


def critic(real_logits: torch.Tensor, fake_logits: torch.Tensor) -> torch.Tensor:
    """Return the critic's loss: by how much fakes (B,) are rated above real images. Arjovsky et al. 2017."""
    return fake_logits.mean() - real_logits.mean()


def generator_of_critic(fake_logits: torch.Tensor) -> torch.Tensor:
    """Return G's loss: the fakes' ratings (B,), turned round. Arjovsky et al. 2017, arXiv:1701.07875, algorithm 1."""
    return -fake_logits.mean()


def relativistic(better: torch.Tensor, worse: torch.Tensor) -> torch.Tensor:
    """Return -log sigmoid(better - worse), averaged over pairs of logits (B,).

    Real images are to be the better ones for D, fakes for G: Jolicoeur-Martineau 2018, arXiv:1807.00734; Huang et al.
    2024, arXiv:2501.05441, equation 2.
    """
    return softplus(worse - better).mean()


def with_squared_slopes(
    d: Callable[[torch.Tensor], torch.Tensor], images: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return D's logits (B,) for images (B, C, S, S), and the squared norm of each one's gradient there, (B,).

    The norm is over all of C, S and S, an image at a time; D must look at each image by itself, which batch
    normalisation does not. Both can be learnt from. By `torch.func`, which torch.compile can follow.
    """

    def rated(some: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        logits = d(some)
        return logits.sum(), logits

    slopes, logits = torch.func.grad(rated, has_aux=True)(at_least_fp32(images))
    return logits, slopes.square().sum((1, 2, 3))


def gradient_penalty(d: Callable[[torch.Tensor], torch.Tensor], real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    """Return the mean square of what D's slope lacks to 1, or is above it, at a point between each real image and fake.

    Gulrajani et al. 2017, arXiv:1704.00028, equation 3. Points are drawn from torch's global random state.
    """
    share = torch.rand(len(real), 1, 1, 1, device=real.device, dtype=real.dtype)
    _, squares = with_squared_slopes(d, real.lerp(fake.to(real.dtype), share))
    return ((squares + TINY).sqrt() - 1).square().mean()
