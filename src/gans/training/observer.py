"""What watches a training: the bar, the loss curve, images of the same latents, and snapshots of the generator."""

import math
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from fractions import Fraction
from itertools import count, takewhile
from typing import Any

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from gans.base.progress import progress_bar
from gans.networks import sampling, symptoms
from gans.networks.sampling import Sampler
from gans.networks.settings import Settings
from gans.networks.symptoms import Glance
from gans.training.live import Live

MAX_ROWS = 1000  # of the loss curve
NUM_LATENTS = 16  # latents whose images are kept over training
BAR_UPDATES = 100  # how often the losses beside the bar change over a training: each waits for the device
FRAMES_IN_AN_EPOCH = 12  # moments in the first pass at which there is an image of each latent


@dataclass(frozen=True)
class Span:
    """How long a training is. Moments in it are counted so that a longer one has the same and more."""

    epochs: int
    num_images: int  # of the training split
    iterations_an_epoch: Fraction  # a part of an iteration, where players take several steps in each
    images_an_iteration: int

    @property
    def iterations(self) -> int:
        """Return how many iterations the training has, at least one."""
        return max(1, math.floor(self.epochs * self.iterations_an_epoch))

    def moments(self, epochs: Iterator[float]) -> set[int]:
        """Return after how many iterations so many epochs are over, of those before the end."""
        before = takewhile(
            lambda moment: moment < self.iterations, (round(e * self.iterations_an_epoch) for e in epochs)
        )
        return set(before)


class LossCurve:
    """What each iteration read, kept on the device so that no step waits, and told as at most MAX_ROWS means."""

    def __init__(self, span: Span, device: torch.device) -> None:
        self._span, self._device = span, device
        self._interval = math.ceil(span.iterations / MAX_ROWS)
        self._columns: list[str] = []
        self._done = 0  # iterations

    def add(self, readings: Mapping[str, torch.Tensor]) -> None:
        """Add the next iteration's scalars."""
        if not self._columns:
            self._columns = list(readings)
            self._read = torch.zeros(self._span.iterations, len(readings), device=self._device)
        self._read[self._done] = torch.stack([value.detach() for value in readings.values()])
        self._done += 1

    def rows(self) -> list[dict[str, float]]:
        """Return a row an interval: step, images and epoch at its end, then the means of what was read in it.

        The interval at hand is left out, but at the end of a training. Waits for the device.
        """
        whole = self._done if self._done == self._span.iterations else self._done - self._done % self._interval
        rows, end = [], 0
        for read in self._read[:whole].cpu().split(self._interval) if whole else []:
            end += len(read)
            images = end * self._span.images_an_iteration
            row = {"step": end, "images": images, "epoch": round(images / self._span.num_images, 4)}
            rows.append(row | dict(zip(self._columns, read.double().mean(dim=0).tolist(), strict=True)))
        return rows

    def read(self, end: int, count: int) -> dict[str, np.ndarray]:
        """Return what was read in the last `count` of the first `end` iterations, or in fewer. Waits for the device."""
        values = self._read[max(0, end - count) : end].cpu().numpy() if self._columns else np.zeros((0, 0))
        return dict(zip(self._columns, values.T, strict=True))

    def state_dict(self) -> dict[str, Any]:
        """Return what has been read so far."""
        return {"columns": self._columns, "read": self._read[: self._done]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what the curve of the same training had read, or of a shorter one."""
        self._columns, self._done = list(state["columns"]), len(state["read"])
        self._read = torch.zeros(self._span.iterations, len(self._columns), device=self._device)
        self._read[: self._done] = state["read"].to(self._device)


class Frames:
    """Images of the same latents over training, taken more often at its start, where most happens."""

    def __init__(self, sampler: Sampler, settings: Settings, span: Span, num_frames: int, device: torch.device) -> None:
        self.sampler = sampler
        self._z = sampling.latents(NUM_LATENTS, settings, "fixed_latents", device)
        self._span, self._num_frames = span, num_frames
        self._moments = span.moments((i / FRAMES_IN_AN_EPOCH) ** 2 for i in count()) | {span.iterations}
        self.all: dict[int, np.ndarray] = {}  # that were taken, by the iteration

    def now(self) -> np.ndarray:
        """Return what the latents give at this moment, uint8 (16, S, S, C)."""
        return self.sampler(self._z)

    def look(self, iteration: int) -> bool:
        """Keep the generator's images when this iteration is one of those to be shown; return whether it is."""
        new = iteration in self._moments and iteration not in self.all
        if new:
            self.all[iteration] = self.now()
        return new

    def taken(self) -> dict[int, np.ndarray]:
        """Return what was kept at `num_frames` moments at most, the last among them, by the images seen."""
        if not self.all:  # as by all ranks but the first
            return {}
        wanted = (self._span.iterations * (i / (self._num_frames - 1)) ** 2 for i in range(self._num_frames))
        nearest = {min(self.all, key=lambda moment: abs(moment - place)) for place in wanted}
        return {moment * self._span.images_an_iteration: self.all[moment] for moment in sorted(nearest)}

    def state_dict(self) -> dict[str, Any]:
        """Return the images so far."""
        return {"frames": {moment: torch.from_numpy(frame) for moment, frame in self.all.items()}}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from the images of an earlier part of the same training, or of a shorter one, but for its last."""
        frames = ((moment, frame.numpy()) for moment, frame in state["frames"].items())
        self.all = {moment: frame for moment, frame in frames if moment in self._moments}


@dataclass(frozen=True)
class Snapshots:
    """Moments at which the averaged generator is to be kept, besides the end."""

    every_epochs: float
    keep: Callable[[int, nn.Module], None]  # is given the images seen and the averaged generator

    def iterations(self, span: Span) -> set[int]:
        """Return after how many iterations to keep it: multiples of `every_epochs`, before the end."""
        return span.moments(i * self.every_epochs for i in count(1)) - {0}


class Observer:
    """Sees what each iteration read, and what the averaged generator makes; changes nothing.

    The curve grows on the device: only the bar and what is live wait for it, now and then. What is `shown` is a bar,
    images of the same latents, snapshots and what is live, which one rank alone has to make; all have the curve.
    """

    def __init__(
        self,
        title: str,
        span: Span,
        curve: LossCurve,
        frames: Frames,
        snapshots: Snapshots | None,
        live: Live | None,
        shown: bool,
    ) -> None:
        self._title, self._span, self._shown = title, span, shown
        self._curve, self._frames, self._snapshots = curve, frames, snapshots if shown else None
        self._live = live if shown else None
        self._kept = snapshots.iterations(span) if snapshots else set()
        self._glances: list[Glance] = []  # at the frames' moments
        self._told: set[str] = set()  # symptoms that were seen at them
        self.interval = max(1, span.iterations // BAR_UPDATES)  # iterations between two looks that wait for the device

    @contextmanager
    def watching(self, first: int) -> Iterator[None]:
        """Show the bar, from iteration `first` on, and all else that is to be seen at it."""
        images = self._span.images_an_iteration
        total = self._span.iterations * images
        if self._shown:
            self._glances = [self._glance(moment) for moment in sorted(self._frames.all)]
            self._told = {*self.symptoms()}
            self._look(first)
        with (
            progress_bar(total, self._title, "img", first * images, self._shown) as self._bar,
            self._live.watching(first * images) if self._live else nullcontext(),
        ):
            yield

    def after(self, iterations: int, readings: Mapping[str, torch.Tensor]) -> None:
        """Take note of what the last of so many iterations read."""
        self._curve.add(readings)
        if self._shown:
            if iterations % self.interval == 0:
                newest = self._curve.read(iterations, self.interval)
                self._bar.set_postfix({key: f"{values.mean():.3f}" for key, values in newest.items()}, refresh=False)
            self._look(iterations)
            if self._live and (self._live.due() or iterations == self._span.iterations):
                total = self._span.iterations * self._span.images_an_iteration
                self._live.show(self._curve.rows, self._frames.now, total)
        self._bar.update(self._span.images_an_iteration)

    def symptoms(self) -> dict[str, int]:
        """Return what has been seen that a training shows which goes wrong, and after how many images."""
        return symptoms.found(self._glances, self._loss(1)[0].sum() if self._glances else 0.0)

    def _look(self, iterations: int) -> None:
        """Keep what is to be kept of the averaged generator after so many iterations; say what goes wrong, once."""
        if self._frames.look(iterations):
            self._glances.append(self._glance(iterations))
            found = self.symptoms().keys()
            for symptom in found - self._told:
                line = f"{self._title}, {self._glances[-1].images_seen:,} images: {symptoms.REMEDIES[symptom]}"
                tqdm.write(line, file=sys.stderr)
            self._told |= found
        if self._snapshots and iterations in self._kept:
            self._snapshots.keep(iterations * self._span.images_an_iteration, self._frames.sampler.generator)

    def _glance(self, iterations: int) -> Glance:
        """Return the training as it was after so many iterations, at which there were images."""
        images_seen = iterations * self._span.images_an_iteration
        return Glance(images_seen, symptoms.diversity(self._frames.all[iterations]), *self._loss(iterations))

    def _loss(self, iterations: int) -> tuple[np.ndarray, bool]:
        """Return the last of D's losses after so many iterations, or those of all, and whether they are D's."""
        read = self._curve.read(iterations, symptoms.WINDOW)
        return read.get("loss_d", read.get("loss_g", np.zeros(0))), "loss_d" in read
