"""What is watched over a training: means of its losses, and the images that the same latents give."""

import math
from collections.abc import Mapping

import numpy as np
import torch
from torch import nn

from gans import sampling
from gans.config import Settings
from gans.errors import InputError

MAX_ROWS = 1000  # of the loss curve
PROGRESS_IMAGES = 16  # latents whose images are kept over training


class LossCurve:
    """Readings averaged over intervals, at most MAX_ROWS of them, summed on the device so that no step waits."""

    def __init__(self, num_iterations: int, images_an_iteration: int, num_images: int, device: torch.device) -> None:
        self._interval = math.ceil(num_iterations / MAX_ROWS)
        self._iterations_in = [0] * math.ceil(num_iterations / self._interval)
        self._images_an_iteration = images_an_iteration
        self._num_images = num_images
        self._device = device
        self._columns: list[str] = []

    def add(self, iteration: int, readings: Mapping[str, torch.Tensor]) -> None:
        """Add an iteration's scalars to its interval."""
        if not self._columns:
            self._columns = list(readings)
            self._sums = torch.zeros(len(self._iterations_in), len(readings), device=self._device)
        row = iteration // self._interval
        self._iterations_in[row] += 1
        self._sums[row] += torch.stack([value.detach() for value in readings.values()])

    def rows(self) -> list[dict[str, float]]:
        """Return a row an interval: step, images and epoch at its end, then the means of what was read in it.

        Waits for the device. Raises InputError at the first mean that is not finite.
        """
        rows = []
        step = 0
        for sums, count in zip(self._sums.cpu().double().numpy(), self._iterations_in, strict=True):
            if not count:
                break
            step += count
            images = step * self._images_an_iteration
            means = {column: float(total / count) for column, total in zip(self._columns, sums, strict=True)}
            for column, value in means.items():
                if not math.isfinite(value):
                    raise InputError(f"{column} is {value} at step {step}; expected a finite number: lower lr")
            rows.append({"step": step, "images": images, "epoch": round(images / self._num_images, 4), **means})
        return rows


class Progress:
    """Images of the same latents over training, taken more often at its start, where most happens."""

    def __init__(
        self, generator: nn.Module, settings: Settings, num_iterations: int, num_frames: int, device: torch.device
    ) -> None:
        self._generator = generator
        self._z = sampling.latents(PROGRESS_IMAGES, settings, "fixed_latents", device)
        self._moments = {round(num_iterations * (i / (num_frames - 1)) ** 2) for i in range(num_frames)}
        self.frames: list[np.ndarray] = []  # uint8 (16, S, S, C) each
        self.images_seen: list[int] = []

    def look(self, iteration: int, images_seen: int) -> None:
        """Keep the generator's images when this iteration is one of those to be shown."""
        if iteration in self._moments:
            self.frames.append(sampling.generate(self._generator, self._z))
            self.images_seen.append(images_seen)
