"""The only conversions between pixels on disk, uint8 0..255, and in networks, float -1..1."""

import torch


def to_float(images: torch.Tensor) -> torch.Tensor:
    """Return uint8 (N, S, S, C), 0..255, as float (N, C, S, S) in [-1, 1], channels last in memory."""
    return images.permute(0, 3, 1, 2).to(torch.float32).div_(127.5).sub_(1.0)


def to_uint8(images: torch.Tensor) -> torch.Tensor:
    """Return float (N, C, S, S) in [-1, 1] as uint8 (N, S, S, C), 0..255, rounded to the nearest."""
    return images.add(1.0).mul_(127.5).round_().clamp_(0, 255).to(torch.uint8).permute(0, 2, 3, 1).contiguous()
