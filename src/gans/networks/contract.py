"""What the training loop needs to know of a variant: one file each in gans/variants, found by its name."""

import importlib
import inspect
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, ClassVar, NamedTuple, TypeVar

import torch
from torch import nn

from gans.base.errors import InputError
from gans.data.arrays import DataShape
from gans.networks import losses
from gans.networks.augment import augmented
from gans.networks.settings import VARIANTS, AdversarialSettings, PairSettings
from gans.networks.settings import Settings as AnySettings

START = torch.zeros(())  # the share of a run that is done before its first step
Number = TypeVar("Number", float, torch.Tensor)


@dataclass
class Batch:
    """One batch as a loss sees it: labels, where there are any, are bound into `g` and `d` already."""

    real: torch.Tensor  # (B, C, S, S) in [-1, 1]
    z: torch.Tensor  # (B, nz)
    g: Callable[[torch.Tensor], torch.Tensor]  # latents to images
    d: Callable[[torch.Tensor], torch.Tensor]  # images to logits, never in bf16
    share: torch.Tensor = START  # of the run that is done

    @cached_property
    def fake(self) -> torch.Tensor:
        """Return G's images for `z`, made once and shared by the players; detach them where G is not to learn."""
        return self.g(self.z)

    def judged(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return D's logits (B,) for the real images, and for the fakes, of which G is not to learn."""
        return self.d(self.real), self.d(self.fake.detach())

    def judged_fakes(self) -> torch.Tensor:
        """Return D's logits (B,) for the fakes, of which G is to learn."""
        return self.d(self.fake)


Readings = dict[str, torch.Tensor]  # scalars by the name of their column in metrics/losses/<variant>.csv
Learnt = tuple[torch.Tensor, Readings]  # a loss, and what is read on the way
Loss = Callable[[Batch], Learnt]
Networks = tuple[nn.Module, nn.Module]  # G and D


class Pace(NamedTuple):
    """What an optimiser goes by at a moment."""

    lr: float
    beta2: float  # of Adam


def ramped(start: float, end: float, share: Number) -> Number:
    """Return where half a cosine from `start` to `end` is after a share of its way, 0 to 1; beyond, it is at the end.

    Exactly `start` where both are the same.
    """
    if isinstance(share, torch.Tensor):
        return start + (end - start) * (0.5 - 0.5 * (math.pi * share.clamp(max=1.0)).cos())
    return start + (end - start) * (0.5 - 0.5 * math.cos(math.pi * min(1.0, share)))


@dataclass(frozen=True)
class Turn:
    """One player's part in an iteration: `learner` takes `steps` optimiser steps on `loss`.

    The first turn of an iteration draws a fresh batch for each of its steps; later turns see the last one. `frozen`
    are modules that the loss looks through: no gradient is computed for their weights. `sees_fakes` says whether the
    loss looks at `batch.fake`.
    """

    column: str
    learner: nn.Module
    loss: Loss
    steps: int = 1
    frozen: tuple[nn.Module, ...] = ()
    sees_fakes: bool = True


class Variant(ABC):
    """A way to learn to make images. `generator` turns z (B, nz) into images.

    `networks` holds all that is saved, by the name of its file.
    """

    title: ClassVar[str]  # the printed name
    source: ClassVar[str]  # the paper
    Settings: ClassVar[type[AnySettings]] = AnySettings
    augment: Sequence[str] = ()  # what D sees is changed so: names of gans.networks.augment
    conditional: ClassVar[bool] = False  # whether the networks take labels, int64 (B,), as a second argument

    feature_network: ClassVar[str] = "discriminator"  # the one that looks at images: its features can be used again

    settings: AnySettings
    networks: dict[str, nn.Module]
    generator: nn.Module
    discriminator: nn.Module | None = None

    @abstractmethod
    def __init__(self, settings: Any, shape: DataShape) -> None:
        """Build the networks, with weights drawn from torch's global random state."""

    @abstractmethod
    def turns(self) -> tuple[Turn, ...]:
        """Return who learns from which loss in an iteration, in order."""

    def pace(self, column: str, share: float) -> Pace:
        """Return what the optimiser of the player with this column goes by after this share of the run."""
        return Pace(self.settings.lr, self.settings.beta2)

    def batch(
        self, real: torch.Tensor, labels: torch.Tensor | None, z: torch.Tensor, share: torch.Tensor = START
    ) -> Batch:
        """Return a batch for the losses; the labels of the real images are those asked of the generator, too."""
        bound = {"labels": labels} if self.conditional else {}

        def d(images: torch.Tensor) -> torch.Tensor:
            assert self.discriminator is not None, f"{self.title} has none"
            seen = augmented(images, self.augment) if self.augment else images
            return losses.at_least_fp32(self.discriminator(seen, **bound))

        return Batch(real, z, partial(self.generator, **bound), d, share)


class Pair(Variant):
    """A generator against a discriminator."""

    Settings: ClassVar[type[AnySettings]] = PairSettings

    settings: PairSettings
    discriminator: nn.Module

    def __init__(self, settings: PairSettings, shape: DataShape) -> None:
        self.settings, self.augment = settings, settings.augment
        self.generator, self.discriminator = self.build(settings, shape)
        self.networks = {"generator": self.generator, "discriminator": self.discriminator}

    @abstractmethod
    def build(self, settings: Any, shape: DataShape) -> Networks:
        """Return G and D, with weights drawn from torch's global random state."""

    @abstractmethod
    def discriminator_loss(self, batch: Batch) -> Learnt:
        """Return D's loss, and what is read on the way."""

    @abstractmethod
    def generator_loss(self, batch: Batch) -> Learnt:
        """Return G's loss."""

    def turns(self) -> tuple[Turn, ...]:
        """Return D's turn, `discriminator_steps` long, then G's, which looks through D."""
        return (
            Turn("loss_d", self.discriminator, self.discriminator_loss, steps=self.settings.discriminator_steps),
            Turn("loss_g", self.generator, self.generator_loss, frozen=(self.discriminator,)),
        )

    def pace(self, column: str, share: float) -> Pace:
        """Return what a player's optimiser goes by: its own step size, and all of them change in proportion."""
        own = self.settings
        lr = {"loss_d": own.lr_d, "loss_g": own.lr_g}[column] or own.lr
        end = lr if own.lr_end in (None, own.lr) else lr * own.lr_end / own.lr
        return Pace(ramped(lr, end, share / own.ramp), own.beta2)


class Adversarial(Pair):
    """A pair with the losses of Goodfellow et al. 2014."""

    Settings: ClassVar[type[AnySettings]] = AdversarialSettings

    settings: AdversarialSettings

    def discriminator_loss(self, batch: Batch) -> Learnt:
        """Return D's loss, and D(x) and D(G(z)) as probabilities."""
        real, fake = batch.judged()
        readings = opinions(real.sigmoid(), fake.sigmoid())
        return losses.discriminator_cross_entropy(real, fake, self.settings.label_smoothing), readings

    def generator_loss(self, batch: Batch) -> Learnt:
        """Return G's loss."""
        return losses.GENERATOR_LOSSES[self.settings.generator_loss](batch.judged_fakes()), {}


def opinions(real: torch.Tensor, fake: torch.Tensor) -> Readings:
    """Return the means of what D says of real images and fakes, (B,) each, as columns of the loss curve."""
    return {"d_real": real.mean(), "d_fake": fake.mean()}


def names() -> list[str]:
    """Return the names of all variants: those of the files in gans/variants."""
    return sorted(path.stem for path in VARIANTS.glob("[!_]*.py"))


def load(name: str) -> type[Variant]:
    """Return the class of a variant: the one that its file defines."""
    if name not in names():
        raise InputError(f"unknown variant {name!r}; expected one of {', '.join(names())}")
    module = importlib.import_module(f"gans.variants.{name}")
    classes = (value for value in vars(module).values() if inspect.isclass(value) and issubclass(value, Variant))
    (found,) = (value for value in classes if value.__module__ == module.__name__)
    return found
