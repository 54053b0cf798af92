"""Numbers that change over a training."""

import math
from typing import overload

import torch


@overload
def ramped(start: float, end: float, share: float) -> float: ...
@overload
def ramped(start: float, end: float, share: torch.Tensor) -> torch.Tensor: ...
def ramped(start: float, end: float, share: float | torch.Tensor) -> float | torch.Tensor:
    """Return where half a cosine from `start` to `end` is after a share of its way, 0 to 1; beyond, it is at the end.

    Exactly `start` where both are the same.
    """
    if isinstance(share, torch.Tensor):
        return start + (end - start) * (0.5 - 0.5 * (math.pi * share.clamp(max=1.0)).cos())
    return start + (end - start) * (0.5 - 0.5 * math.cos(math.pi * min(1.0, share)))
