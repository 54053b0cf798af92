"""Differentiable augmentation: what D sees of real images and fakes alike, so that few images last longer.

Zhao et al. 2020, arXiv:2006.10738: D must not see images as they are, or G learns to augment; and gradients must pass
through to G. What is drawn comes from torch's global random state.
"""

from collections.abc import Sequence

import torch

TRANSLATION = 1 / 8  # of the side: the farthest that images are moved
CUTOUT = 1 / 2  # of the side: the square that is blanked


def augmented(images: torch.Tensor, policy: Sequence[str]) -> torch.Tensor:
    """Return images (B, C, S, S) in [-1, 1], each changed at random in the ways that `policy` names, in its order."""
    for name in policy:
        images = POLICIES[name](images)
    return images


def color(images: torch.Tensor) -> torch.Tensor:
    """Change brightness by up to half the range's half, saturation by a factor of 0 to 2, contrast of 0.5 to 1.5."""
    brightness, saturation, contrast = torch.rand(3, len(images), 1, 1, 1, device=images.device)
    images = images + (brightness - 0.5)
    grey = images.mean(1, keepdim=True)
    images = grey + (images - grey) * (2 * saturation)
    mean = images.mean((1, 2, 3), keepdim=True)
    changed: torch.Tensor = mean + (images - mean) * (contrast + 0.5)
    return changed


def translation(images: torch.Tensor) -> torch.Tensor:
    """Move by whole pixels, up to an eighth of the side each way; what comes in is grey (0)."""
    side = images.shape[3]
    farthest = round(side * TRANSLATION)
    moves = torch.randint(-farthest, farthest + 1, (2, len(images), 1, 1), device=images.device)
    places = torch.arange(side, device=images.device)
    # Matrices (B, S, S) that take row or column i to i + move: products repeat to the bit on a GPU, gathering does not.
    down, right = ((places[:, None] - places == move).to(images.dtype)[:, None] for move in moves)
    moved: torch.Tensor = down @ images @ right.transpose(2, 3)
    return moved


def cutout(images: torch.Tensor) -> torch.Tensor:
    """Blank a square of half the side, anywhere, also partly outside, with grey (0)."""
    side = images.shape[3]
    length = round(side * CUTOUT)
    first, last = -(length // 2), side - length // 2 - length % 2
    corners = torch.randint(first, last + 1, (2, len(images), 1), device=images.device)
    places = torch.arange(side, device=images.device)
    rows, columns = ((places >= corner) & (places < corner + length) for corner in corners)  # (B, S) each
    kept: torch.Tensor = images * ~(rows[:, None, :, None] & columns[:, None, None, :])
    return kept


POLICIES = {"color": color, "translation": translation, "cutout": cutout}
