"""Seeded latents to fakes."""

import numpy as np
import torch
from torch import nn

from gans import randomness
from gans.config import Settings
from gans.images import to_uint8


def latents(
    count: int, settings: Settings, stream: randomness.Stream, device: torch.device, step: int = 0
) -> torch.Tensor:
    """Return z (count, nz) from N(0, 1), the same for the same seed, stream and step on one kind of device."""
    source = randomness.generator(device, settings.seed, stream, step)
    return torch.randn(count, settings.nz, generator=source, device=device)


@torch.inference_mode()
def generate(generator: nn.Module, z: torch.Tensor, batch_size: int = 64) -> np.ndarray:
    """Return the images of latents (N, nz) as uint8 (N, S, S, C). The generator should be in evaluation mode."""
    return np.concatenate([to_uint8(generator(part)).cpu().numpy() for part in z.split(batch_size)])


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
