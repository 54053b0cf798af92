"""The training loop: it names no variant."""

import contextlib
import math
import platform
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from gans import devices, randomness, sampling, signals, steps
from gans.arrays import DataShape, Images
from gans.batches import Batches
from gans.config import Settings
from gans.curves import LossCurve, Progress
from gans.distributed import ALONE, Ranks
from gans.ema import AveragedModule
from gans.errors import InputError
from gans.finite import FiniteGuard
from gans.progress import progress_bar
from gans.sampling import Sampler
from gans.state import Store
from gans.steps import Batch, Execution, Iteration
from gans.variants import Variant

COLUMNS = ("step", "images", "epoch", "loss_d", "loss_g", "d_real", "d_fake")  # of every variant's loss curve
PLAIN = Execution()
Weights = Mapping[str, Mapping[str, torch.Tensor]]  # state dictionaries by the name of their network
BAR_UPDATES = 100  # how often the losses beside the progress bar change over a training: each waits for the device


@dataclass(frozen=True)
class Trained:
    """What a training leaves behind."""

    variant: Variant  # its networks as they ended
    averaged: nn.Module  # the generator to use
    rows: list[dict[str, float]]  # of metrics/losses/<variant>.csv
    steps: dict[str, int]  # optimiser steps, by the column of the player's loss
    images_seen: int  # real images shown to the first player
    progress: Progress
    seconds: float  # of the loop, over all the parts of a training that was interrupted

    def facts(self, device: torch.device, how: Execution = PLAIN) -> dict[str, Any]:
        """Return what a rerun on this kind of device repeats exactly."""
        players = {"generator": "g", "discriminator": "d"}
        networks = self.variant.networks.items()
        return {
            "images_seen": self.images_seen,
            **{f"steps_{column.removeprefix('loss_')}": count for column, count in self.steps.items()},
            **{f"parameters_{players.get(name, name)}": _num_weights(module) for name, module in networks},
            **{column: float(f"{self.rows[-1][column]:.6g}") for column in self.steps},
            "device": device.type,
            "arithmetic": how.arithmetic,
            "compiled": how.compiled,
            "threads": torch.get_num_threads(),
            "versions": {"python": platform.python_version(), "torch": torch.__version__},
        }


def timings(images_seen: int, seconds: Sequence[float], device: torch.device) -> dict[str, Any]:
    """Return what no rerun repeats of trainings that took so many seconds each: their mean, and the most memory."""
    mean = float(np.mean(seconds))
    return {
        "images_per_second": round(images_seen / mean, 1),
        "seconds": round(mean, 1),
        "peak_memory_mb": round(devices.peak_memory_mb(device)),
        "device": devices.description(device),
    }


@dataclass(frozen=True)
class Checkpoints:
    """Moments at which the averaged generator is to be kept, besides the end."""

    every_epochs: float
    keep: Callable[[int, nn.Module], None]  # is given the images seen and the averaged generator

    def iterations(self, num_iterations: int, epochs: int) -> set[int]:
        """Return after how many iterations to keep it: multiples of `every_epochs`, before the end."""
        num_moments = math.ceil(epochs / self.every_epochs)
        moments = {round(num_iterations * i * self.every_epochs / epochs) for i in range(1, num_moments)}
        return moments - {0, num_iterations}


@dataclass(frozen=True)
class Saving:
    """Where, and how often, a training saves what it takes to go on from: after so many seconds and so many epochs."""

    store: Store
    every_seconds: float
    every_epochs: float


def train(
    kind: type[Variant],
    settings: Settings,
    shape: DataShape,
    images: Images,
    labels: np.ndarray | None,
    device: torch.device,
    num_frames: int,
    weights: Weights | None = None,
    checkpoints: Checkpoints | None = None,
    saving: Saving | None = None,
    how: Execution = PLAIN,
    ranks: Ranks = ALONE,
) -> Trained:
    """Return a variant trained on uint8 images (N, S, S, C) for `settings.epochs` passes of its first player.

    `labels` (N,) are for variants that are conditional; `weights` are those to start from. The same arguments on the
    same kind of device give the same bytes, also when `saving` holds the state of an earlier call with them that was
    interrupted; with it, SIGINT and SIGTERM raise Stopped after the step at hand, whose state is saved. Raises
    InputError before an update by a loss or gradient that is not finite, when there are fewer images than a batch
    takes, or no labels for a variant that wants them.
    """
    if kind.conditional and (labels is None or shape.num_classes < 2):
        raise InputError(_lack_of_labels(kind, shape))

    variant = _initialised(kind, settings, shape, weights, device, how, ranks)
    average = AveragedModule(variant.generator, settings.ema_half_life)
    turns = variant.turns()
    optimizers = {turn.column: steps.optimizer_of(turn, settings, device) for turn in turns}

    # An epoch is a pass of the first player, so that variants with more critic steps see as many images.
    batches = Batches(
        images,
        labels if kind.conditional else None,
        batch_size=settings.batch_size,
        random_flip=bool(settings.random_flip),
        seed=settings.seed,
        device=device,
        ranks=ranks,
    )

    def batch(number: int) -> Batch:
        z = sampling.latents(settings.batch_size, settings, "latents", device, number)
        return *batches[number], z[ranks.part_of(settings.batch_size)]

    num_iterations = max(1, settings.epochs * batches.per_epoch // turns[0].steps)
    images_an_iteration = settings.batch_size * turns[0].steps
    curve = LossCurve(num_iterations, images_an_iteration, len(images), device)
    sampler = Sampler(average.module, shape.class_counts if kind.conditional else ())
    progress = Progress(sampler, settings, num_iterations, num_frames, device)
    kept = checkpoints.iterations(num_iterations, settings.epochs) if checkpoints else set()

    # All that the steps change is in these parts; an interrupted training goes on from them.
    parts = {**variant.networks, "average": average.module, **optimizers, "curve": curve, "progress": progress}
    saver = _Saver(saving, parts, num_iterations / settings.epochs, ranks)
    first, seconds = saver.resumed()
    guard = FiniteGuard([turn.column for turn in turns for _ in range(turn.steps)], optimizers.values(), device)
    learn = steps.graphed(Iteration(variant, turns, optimizers, guard, device, how, ranks))
    between_updates = max(1, num_iterations // BAR_UPDATES)
    between_checks = 1 if device.type == "cpu" else between_updates  # a check waits for the device
    if first and ranks.leads:
        print(f"{kind.title}: going on after step {first} of {num_iterations}", file=sys.stderr)
    if not first and ranks.leads:
        progress.look(0, 0)

    done, stopping = first, False
    started = time.perf_counter() - seconds
    with (
        signals.noted() if saving or ranks.size > 1 else contextlib.nullcontext(signals.Noted()) as came,
        progress_bar(
            num_iterations * images_an_iteration, kind.title, "img", first * images_an_iteration, ranks.leads
        ) as bar,
    ):
        for iteration in range(first, num_iterations):
            # What layers draw for themselves, such as dropout, follows from the seed and the place in the run.
            torch.manual_seed(randomness.derived_seed(settings.seed, "layers", iteration, ranks.rank))
            fresh = [batch(iteration * turns[0].steps + step) for step in range(turns[0].steps)]
            readings = learn(fresh, iteration / num_iterations)
            done = iteration + 1
            stopping, saving_now = ranks.anywhere(came.number is not None, saver.is_due(done))
            if done % between_checks == 0 or done == num_iterations:
                guard.check(first + 1)

            # The average follows, and the curve grows on the device: only the bar waits for it, now and then.
            images_seen = done * images_an_iteration
            average.update(images_seen, images_an_iteration)
            curve.add(iteration, readings)
            if ranks.leads:
                progress.look(done, images_seen)
            if checkpoints and done in kept:
                checkpoints.keep(images_seen, average.module)
            bar.update(images_an_iteration)
            if done % between_updates == 0 and ranks.leads:
                newest = curve.newest()
                bar.set_postfix({column: f"{newest[column]:.3f}" for column in readings}, refresh=False)

            # What an interruption is not to cost goes to the disk now and then, at a signal, and at the end.
            if stopping or saving_now or done == num_iterations:
                guard.check(first + 1)
                saver.save(done, time.perf_counter() - started)
            if stopping:
                break
    if any(ranks.anywhere(stopping, came.number is not None)):  # also one that came during the last save
        raise signals.Stopped(
            came.number or signal.SIGTERM, f"step {done} of {num_iterations} is saved: run again to go on"
        )

    return Trained(
        variant,
        average.module,
        curve.rows(),
        steps={turn.column: num_iterations * turn.steps for turn in turns},
        images_seen=num_iterations * images_an_iteration,
        progress=progress,
        seconds=time.perf_counter() - started,
    )


def _initialised(
    kind: type[Variant],
    settings: Settings,
    shape: DataShape,
    weights: Weights | None,
    device: torch.device,
    how: Execution,
    ranks: Ranks,
) -> Variant:
    """Return the variant with its networks on the device, the same in all ranks: from the seed, or from `weights`."""
    torch.manual_seed(randomness.derived_seed(settings.seed, "weights"))
    variant = kind(settings, shape)
    if weights:
        start_from(variant.networks, weights)
    for module in variant.networks.values():
        module.to(device).to(memory_format=torch.channels_last)
        if how.synchronised:
            nn.SyncBatchNorm.convert_sync_batchnorm(module)  # its layers, in place
        ranks.take_over([*module.parameters(), *module.buffers()])
    return variant


def _lack_of_labels(kind: type[Variant], shape: DataShape) -> str:
    return (
        f"{kind.title} learns from labels, but the images have {'one class' if shape.num_classes else 'none'}; "
        "set data.condition_on to attributes of faces such as [Smiling], put a folder's images into a sub-folder "
        "for each class, or leave this variant out of active"
    )


class _Saver:
    """Saves the parts of a training as `saving` says, and puts them back; without it, neither.

    The first of several ranks alone has `saving`; what it has read is told to the others.
    """

    def __init__(
        self, saving: Saving | None, parts: Mapping[str, Any], iterations_an_epoch: float, ranks: Ranks
    ) -> None:
        self._saving = saving
        self._parts = parts
        self._every = max(1, round(saving.every_epochs * iterations_an_epoch)) if saving else 0
        self._last = time.monotonic()
        self._ranks = ranks

    def resumed(self) -> tuple[int, float]:
        """Put the parts back as they were saved last; return the iterations done and the seconds they took."""
        state = self._ranks.told(self._saving.store.load() if self._saving else None)
        if state is None:
            return 0, 0.0
        for name, part in self._parts.items():
            part.load_state_dict(state[name])
        return state["iterations"], state["seconds"]

    def is_due(self, iterations: int) -> bool:
        """Return whether it is time to save after so many iterations."""
        if self._saving is None:
            return False
        return iterations % self._every == 0 or time.monotonic() - self._last >= self._saving.every_seconds

    def save(self, iterations: int, seconds: float) -> None:
        """Save the parts after so many iterations, which took so many seconds."""
        if self._saving is not None:
            state = {name: part.state_dict() for name, part in self._parts.items()}
            self._saving.store.save(iterations, {**state, "iterations": iterations, "seconds": seconds})
            self._last = time.monotonic()


def start_from(networks: Mapping[str, nn.Module], weights: Weights) -> None:
    """Load weights into the networks of their names; raise InputError when none has one, or one does not fit."""
    if not networks.keys() & weights.keys():
        raise InputError(f"init_from holds {', '.join(weights)}; expected weights of {' or '.join(networks)}")
    for name in networks.keys() & weights.keys():
        own = networks[name].state_dict()
        for key in [*own, *weights[name]]:
            found, expected = (tuple(some[key].shape) if key in some else "absent" for some in (weights[name], own))
            if found != expected:
                raise InputError(
                    f"init_from: in the {name}, {key} is {found}; expected {expected}: "
                    "start from weights of this variant, with the same nz, width, image_size and classes"
                )
        networks[name].load_state_dict(weights[name])


def _num_weights(module: nn.Module) -> int:
    return sum(weight.numel() for weight in module.parameters())
