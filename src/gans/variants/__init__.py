"""What the training loop needs to know of a variant: one file each in this folder, found by its name."""

import importlib
import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import torch
from torch import nn

from gans import config, losses
from gans.arrays import DataShape
from gans.augment import augmented
from gans.errors import InputError
from gans.schedules import ramped


@dataclass
class Round:
    """One batch as a loss sees it: labels, where there are any, are bound into `g` and `d` already."""

    real: torch.Tensor  # (B, C, S, S) in [-1, 1]
    z: torch.Tensor  # (B, nz)
    g: Callable[[torch.Tensor], torch.Tensor]  # latents to images
    d: Callable[[torch.Tensor], torch.Tensor]  # images to logits, never in bf16
    share: float | torch.Tensor = 0.0  # of the run that is done

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
Loss = Callable[[Round], tuple[torch.Tensor, Readings]]


class Pace(NamedTuple):
    """What an optimiser goes by at a moment."""

    lr: float
    beta2: float  # of Adam


@dataclass(frozen=True)
class Turn:
    """One player's part in an iteration: `learner` takes `steps` optimiser steps on `loss`.

    The first turn of an iteration draws a fresh batch for each of its steps; later turns see the last one. `frozen`
    are modules that the loss looks through: no gradient is computed for their weights. `sees_fakes` says whether the
    loss looks at `batch.fake`. `pace` is told the share of the run that is done; without it, the settings' own stays.
    """

    column: str
    learner: nn.Module
    loss: Loss
    steps: int = 1
    frozen: tuple[nn.Module, ...] = ()
    sees_fakes: bool = True
    pace: Callable[[float], Pace] | None = None


class Variant(ABC):
    """A way to learn to make images. `generator` turns z (B, nz) into images; `networks` names all that is saved."""

    title: ClassVar[str]  # the printed name
    source: ClassVar[str]  # the paper
    Settings: ClassVar[type[config.Settings]] = config.Settings
    conditional: ClassVar[bool] = False  # whether the networks take labels, int64 (B,), as a second argument

    generator: nn.Module
    discriminator: nn.Module | None = None

    @abstractmethod
    def __init__(self, settings: config.Settings, shape: DataShape) -> None:
        """Build the networks, with weights drawn from torch's global random state."""

    @abstractmethod
    def turns(self) -> tuple[Turn, ...]:
        """Return who learns from which loss in an iteration, in order."""

    @property
    def networks(self) -> dict[str, nn.Module]:
        """Return the modules by the name of their file."""
        named = {"generator": self.generator, "discriminator": self.discriminator}
        return {name: module for name, module in named.items() if module is not None}

    @property
    def observer(self) -> nn.Module | None:
        """Return the network that looks at images, the one whose features can be used again."""
        return self.discriminator

    def as_seen(self, images: torch.Tensor) -> torch.Tensor:
        """Return images (B, C, S, S) as D is to see them."""
        return images

    def round(
        self, real: torch.Tensor, labels: torch.Tensor | None, z: torch.Tensor, share: float | torch.Tensor = 0.0
    ) -> Round:
        """Return a batch for the losses; the labels of the real images are those asked of the generator, too."""
        told = {"labels": labels} if self.conditional else {}

        def d(images: torch.Tensor) -> torch.Tensor:
            assert self.discriminator is not None, f"{self.title} has none"
            return losses.at_least_fp32(self.discriminator(self.as_seen(images), **told))

        return Round(real, z, partial(self.generator, **told), d, share)


class Pair(Variant):
    """A generator against a discriminator."""

    Settings: ClassVar[type[config.Settings]] = config.PairSettings

    discriminator: nn.Module

    def __init__(self, settings: config.PairSettings, shape: DataShape) -> None:
        self.settings = settings
        self.generator, self.discriminator = self.build(settings, shape)

    @abstractmethod
    def build(self, settings: Any, shape: DataShape) -> tuple[nn.Module, nn.Module]:
        """Return G and D, with weights drawn from torch's global random state."""

    @abstractmethod
    def discriminator_loss(self, batch: Round) -> tuple[torch.Tensor, Readings]:
        """Return D's loss, and what is read on the way."""

    @abstractmethod
    def generator_loss(self, batch: Round) -> tuple[torch.Tensor, Readings]:
        """Return G's loss."""

    def turns(self) -> tuple[Turn, ...]:
        """Return D's turn, `discriminator_steps` long, then G's, which looks through D."""
        own, d, g = self.settings, self.discriminator, self.generator
        pace_d, pace_g = (partial(self.pace, lr or own.lr) for lr in (own.lr_d, own.lr_g))
        return (
            Turn("loss_d", d, self.discriminator_loss, steps=own.discriminator_steps, pace=pace_d),
            Turn("loss_g", g, self.generator_loss, frozen=(d,), pace=pace_g),
        )

    def pace(self, lr: float, share: float) -> Pace:
        """Return what the optimiser of a player that started with `lr` goes by after this share of the run."""
        own = self.settings
        end = lr if own.lr_end is None else lr * own.lr_end / own.lr
        return Pace(ramped(lr, end, share / own.ramp), own.beta2)

    def as_seen(self, images: torch.Tensor) -> torch.Tensor:
        """Return images (B, C, S, S) as D is to see them: augmented as the settings say."""
        return augmented(images, self.settings.augment)


class Adversarial(Pair):
    """A pair with the losses of Goodfellow et al. 2014."""

    Settings: ClassVar[type[config.Settings]] = config.AdversarialSettings

    settings: config.AdversarialSettings

    def discriminator_loss(self, batch: Round) -> tuple[torch.Tensor, Readings]:
        """Return D's loss, and D(x) and D(G(z)) as probabilities."""
        real, fake = batch.judged()
        readings = opinions(real.sigmoid(), fake.sigmoid())
        return losses.discriminator_cross_entropy(real, fake, self.settings.label_smoothing), readings

    def generator_loss(self, batch: Round) -> tuple[torch.Tensor, Readings]:
        """Return G's loss."""
        return losses.GENERATOR_LOSSES[self.settings.generator_loss](batch.judged_fakes()), {}


def opinions(real: torch.Tensor, fake: torch.Tensor) -> Readings:
    """Return the means of what D says of real images and fakes, (B,) each, as columns of the loss curve."""
    return {"d_real": real.mean(), "d_fake": fake.mean()}


def names() -> list[str]:
    """Return the names of all variants: those of the files in this folder."""
    return sorted(path.stem for path in Path(__file__).parent.glob("[!_]*.py"))


def load(name: str) -> type[Variant]:
    """Return the class of a variant: the one that its file defines."""
    if name not in names():
        raise InputError(f"unknown variant {name!r}; expected one of {', '.join(names())}")
    module = importlib.import_module(f"{__name__}.{name}")
    found: type[Variant]
    (found,) = (
        value
        for value in vars(module).values()
        if inspect.isclass(value) and issubclass(value, Variant) and value.__module__ == module.__name__
    )
    return found
