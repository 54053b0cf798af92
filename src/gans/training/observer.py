"""What watches a training: the bar, the loss curve, images of the same latents, and snapshots of the generator."""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from gans.base.progress import progress_bar
from gans.networks import sampling
from gans.networks.sampling import Sampler
from gans.networks.settings import Settings

MAX_ROWS = 1000  # of the loss curve
NUM_LATENTS = 16  # latents whose images are kept over training
BAR_UPDATES = 100  # how often the losses beside the bar change over a training: each waits for the device


@dataclass(frozen=True)
class Span:
    """How long a training is."""

    epochs: int
    num_images: int  # of the training split
    iterations: int
    images_an_iteration: int


class LossCurve:
    """Readings averaged over intervals, at most MAX_ROWS of them, summed on the device so that no step waits."""

    def __init__(self, span: Span, device: torch.device) -> None:
        self._interval = math.ceil(span.iterations / MAX_ROWS)
        self._num_rows = math.ceil(span.iterations / self._interval)
        self._span, self._device = span, device
        self._columns: list[str] = []
        self._done = 0  # iterations

    def add(self, readings: Mapping[str, torch.Tensor]) -> None:
        """Add the next iteration's scalars to its interval."""
        if not self._columns:
            self._columns = list(readings)
            self._sums = torch.zeros(self._num_rows, len(readings), device=self._device)
        self._sums[self._done // self._interval] += torch.stack([value.detach() for value in readings.values()])
        self._done += 1

    def rows(self, first: int = 0) -> list[dict[str, float]]:
        """Return a row an interval: step, images and epoch at its end, then the means of what was read in it.

        `first` is the first row that is wanted, or -1 for the newest alone, whose interval is the one at hand. Waits
        for the device.
        """
        ends = [*range(0, self._done, self._interval), self._done]
        means = self._sums[: len(ends) - 1][first:].cpu().double().numpy() / np.diff(ends)[first:, None]
        rows = []
        for end, values in zip(ends[1:][first:], means.tolist(), strict=True):
            images = end * self._span.images_an_iteration
            row = {"step": end, "images": images, "epoch": round(images / self._span.num_images, 4)}
            rows.append(row | dict(zip(self._columns, values, strict=True)))
        return rows

    def state_dict(self) -> dict[str, Any]:
        """Return what has been read so far."""
        return {"columns": self._columns, "done": self._done, "sums": self._sums}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what a curve of the same length had read."""
        self._columns, self._done, self._sums = list(state["columns"]), state["done"], state["sums"].to(self._device)


class Frames:
    """Images of the same latents over training, taken more often at its start, where most happens."""

    def __init__(self, sampler: Sampler, settings: Settings, span: Span, num_frames: int, device: torch.device) -> None:
        self.sampler = sampler
        self._z = sampling.latents(NUM_LATENTS, settings, "fixed_latents", device)
        self._moments = {round(span.iterations * (i / (num_frames - 1)) ** 2) for i in range(num_frames)}
        self.taken: dict[int, np.ndarray] = {}  # uint8 (16, S, S, C) each, by the images seen

    def look(self, iteration: int, images_seen: int) -> None:
        """Keep the generator's images when this iteration is one of those to be shown."""
        if iteration in self._moments:
            self.taken[images_seen] = self.sampler(self._z)

    def state_dict(self) -> dict[str, Any]:
        """Return the images so far."""
        return {"frames": {seen: torch.from_numpy(frame) for seen, frame in self.taken.items()}}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from the images of an earlier part of the same training."""
        self.taken = {seen: frame.numpy() for seen, frame in state["frames"].items()}


@dataclass(frozen=True)
class Snapshots:
    """Moments at which the averaged generator is to be kept, besides the end."""

    every_epochs: float
    keep: Callable[[int, nn.Module], None]  # is given the images seen and the averaged generator

    def iterations(self, span: Span) -> set[int]:
        """Return after how many iterations to keep it: multiples of `every_epochs`, before the end."""
        num_moments = math.ceil(span.epochs / self.every_epochs)
        moments = {round(span.iterations * i * self.every_epochs / span.epochs) for i in range(1, num_moments)}
        return moments - {0, span.iterations}


class Observer:
    """Sees what each iteration read, and what the averaged generator makes; changes nothing.

    The curve grows on the device: only the bar waits for it, now and then. What is `shown` is a bar, images of the same
    latents and snapshots, which one rank alone has to make; all have the curve.
    """

    def __init__(
        self, title: str, span: Span, curve: LossCurve, frames: Frames, snapshots: Snapshots | None, shown: bool
    ) -> None:
        self._title, self._span, self._shown = title, span, shown
        self._curve, self._frames, self._snapshots = curve, frames, snapshots
        self._kept = snapshots.iterations(span) if snapshots and shown else set()
        self.interval = max(1, span.iterations // BAR_UPDATES)  # iterations between two looks that wait for the device

    @contextmanager
    def watching(self, first: int) -> Iterator[None]:
        """Show the bar, from iteration `first` on, which a training that is not gone on from begins with a look at."""
        if self._shown and not first:
            self._frames.look(0, 0)
        images = self._span.images_an_iteration
        total = self._span.iterations * images
        with progress_bar(total, self._title, "img", first * images, self._shown) as self._bar:
            yield

    def after(self, iterations: int, readings: Mapping[str, torch.Tensor]) -> None:
        """Take note of what the last of so many iterations read."""
        images_seen = iterations * self._span.images_an_iteration
        self._curve.add(readings)
        if self._shown:
            self._frames.look(iterations, images_seen)
            if iterations % self.interval == 0:
                (newest,) = self._curve.rows(-1)
                self._bar.set_postfix({column: f"{newest[column]:.3f}" for column in readings}, refresh=False)
        if self._snapshots and iterations in self._kept:
            self._snapshots.keep(images_seen, self._frames.sampler.generator)
        self._bar.update(self._span.images_an_iteration)
