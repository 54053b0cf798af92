"""What a training leaves behind, and the facts that are told of it."""

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from gans.networks.contract import Variant
from gans.runtime import devices
from gans.training.steps import PLAIN, Execution

COLUMNS = ("step", "images", "epoch", "loss_d", "loss_g", "d_real", "d_fake")  # of every variant's loss curve


@dataclass(frozen=True)
class Trained:
    """What a training leaves behind."""

    variant: Variant  # its networks as they ended
    averaged: nn.Module  # the generator to use
    rows: list[dict[str, float]]  # of metrics/losses/<variant>.csv
    steps: dict[str, int]  # optimiser steps, by the column of the player's loss
    images_seen: int  # real images shown to the first player
    frames: dict[int, np.ndarray]  # images of the same latents, uint8 (16, S, S, C), by the images seen
    seconds: float  # of the loop, over all the parts of a training that was interrupted
    symptoms: dict[str, int]  # of a training that goes wrong, and after how many images each was certain
    went_on_after: int = 0  # real images shown to it as a shorter training, which had ended

    def facts(self, device: torch.device, how: Execution = PLAIN) -> dict[str, Any]:
        """Return what a rerun on this model of processor or GPU repeats exactly."""
        players = {"generator": "g", "discriminator": "d"}
        sizes = {name: sum(map(torch.numel, net.parameters())) for name, net in self.variant.networks.items()}
        return {
            "title": self.variant.title,
            "source": self.variant.source,
            "images_seen": self.images_seen,
            **{f"steps_{column.removeprefix('loss_')}": count for column, count in self.steps.items()},
            **{f"parameters_{players.get(name, name)}": size for name, size in sizes.items()},
            **{column: float(f"{self.rows[-1][column]:.6g}") for column in self.steps},
            **({"symptoms": self.symptoms} if self.symptoms else {}),
            **devices.kind(device),
            "arithmetic": "bf16" if how.bf16 else "fp32",
            "compiled": how.compiled,
            "versions": {"python": platform.python_version(), "torch": torch.__version__},
        }


def timings(first: Trained, seconds: Sequence[float], device: torch.device) -> dict[str, Any]:
    """Return what no rerun repeats of trainings that took so many seconds each: their mean, and the most memory.

    `went_on_after` is there alone where the first of them went on from a shorter one, after so many images.
    """
    mean = float(np.mean(seconds))
    return {
        **({"went_on_after": first.went_on_after} if first.went_on_after else {}),
        "images_per_second": round(first.images_seen / mean, 1),
        "seconds": round(mean, 1),
        "peak_memory_mb": round(devices.peak_memory_mb(device)),
        "device": devices.description(device),
    }
