"""Seeded latents to fakes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from gans.data.pixels import to_uint8
from gans.networks.settings import Settings
from gans.runtime import randomness


@dataclass(frozen=True)
class Sampler:
    """A generator in use, in evaluation mode: latents to images."""

    generator: nn.Module
    class_counts: Sequence[int] = ()  # training images of each class, where the generator takes labels

    def labels(self, count: int) -> torch.Tensor | None:
        """Return `count` labels in ascending order, each class as frequent as in training; None without classes."""
        if not self.class_counts:
            return None
        shares = np.cumsum(self.class_counts) / np.sum(self.class_counts)
        return torch.from_numpy(np.searchsorted(shares, (np.arange(count) + 0.5) / count))

    @torch.inference_mode()
    def __call__(self, z: torch.Tensor, labels: torch.Tensor | None = None, batch_size: int = 64) -> np.ndarray:
        """Return the images of latents (N, nz) as uint8 (N, S, S, C), of `labels` where the generator takes them."""
        labels = self.labels(len(z)) if labels is None else labels
        inputs = [z] if labels is None else [z, labels.to(z.device)]
        batches = zip(*(part.split(batch_size) for part in inputs), strict=True)
        return np.concatenate([to_uint8(self.generator(*batch)).cpu().numpy() for batch in batches])


def latents(
    count: int, settings: Settings, stream: randomness.Stream, device: torch.device, step: int = 0
) -> torch.Tensor:
    """Return z (count, nz) from N(0, 1), on one model of processor or GPU the same for the same seed, stream, step."""
    source = randomness.generator(device, settings.seed, stream, step)
    return torch.randn(count, settings.nz, generator=source, device=device)


def slerp(start: torch.Tensor, end: torch.Tensor, steps: int) -> torch.Tensor:
    """Return latents on the great arcs from start to end, both included: (N, nz) twice to (N, steps, nz).

    A straight line would pass through lengths that N(0, 1) in nz dimensions hardly ever gives; the arc does not.
    Shoemake 1985; White 2016, arXiv:1609.04468. Falls back to the line where the two point the same way.
    """
    share = torch.linspace(0, 1, steps, device=start.device)[None, :, None]  # (1, steps, 1)
    unit_start, unit_end = (z / z.norm(dim=1, keepdim=True) for z in (start, end))
    angle = (unit_start * unit_end).sum(1).clamp(-1, 1).acos()[:, None, None]  # (N, 1, 1)
    arc = (((1 - share) * angle).sin() * start[:, None] + (share * angle).sin() * end[:, None]) / angle.sin()
    line = (1 - share) * start[:, None] + share * end[:, None]
    return torch.where(angle.sin() > 1e-4, arc, line)
