"""What watches a training: the bar, the loss curve, images of the same latents, and snapshots of the generator."""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import nn

from gans.base.progress import progress_bar
from gans.networks.sampling import Sampler
from gans.networks.settings import Settings
from gans.training.curves import LossCurve, Progress

BAR_UPDATES = 100  # how often the losses beside the bar change over a training: each waits for the device


@dataclass(frozen=True)
class Span:
    """How long a training is."""

    epochs: int
    num_images: int  # of the training split
    iterations: int
    images_an_iteration: int


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
        self,
        title: str,
        settings: Settings,
        sampler: Sampler,
        span: Span,
        num_frames: int,
        snapshots: Snapshots | None,
        device: torch.device,
        shown: bool,
    ) -> None:
        self.curve = LossCurve(span.iterations, span.images_an_iteration, span.num_images, device)
        self.progress = Progress(sampler, settings, span.iterations, num_frames, device)
        self._title, self._generator, self._shown = title, sampler.generator, shown
        self._total, self._images = span.iterations, span.images_an_iteration
        self._snapshots = snapshots if shown else None
        self._kept = snapshots.iterations(span) if snapshots else set()
        self.interval = max(1, span.iterations // BAR_UPDATES)  # iterations between two looks that wait for the device

    @contextmanager
    def watching(self, first: int) -> Iterator[None]:
        """Show the bar, from iteration `first` on, which a training that is not gone on from begins with a look at."""
        if self._shown and not first:
            self.progress.look(0, 0)
        total = self._total * self._images
        with progress_bar(total, self._title, "img", first * self._images, self._shown) as self._bar:
            yield

    def after(self, iterations: int, readings: Mapping[str, torch.Tensor]) -> None:
        """Take note of what the last of so many iterations read."""
        images_seen = iterations * self._images
        self.curve.add(readings)
        if self._shown:
            self.progress.look(iterations, images_seen)
            if iterations % self.interval == 0:
                newest = self.curve.newest()
                self._bar.set_postfix({column: f"{newest[column]:.3f}" for column in readings}, refresh=False)
        if self._snapshots and iterations in self._kept:
            self._snapshots.keep(images_seen, self._generator)
        self._bar.update(self._images)
