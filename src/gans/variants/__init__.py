"""What the training loop needs to know of a variant: one file each in this folder, found by its name."""

import importlib
import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import ClassVar

import torch
from torch import nn

from gans import config, losses
from gans.arrays import DataShape
from gans.errors import InputError


@dataclass
class Round:
    """One batch as a loss sees it: labels, where there are any, are bound into `g` and `d` already."""

    real: torch.Tensor  # (B, C, S, S) in [-1, 1]
    z: torch.Tensor  # (B, nz)
    g: Callable[[torch.Tensor], torch.Tensor]  # latents to images
    d: Callable[[torch.Tensor], torch.Tensor] | None  # images to logits, never in bf16

    @cached_property
    def fake(self) -> torch.Tensor:
        """Return G's images for `z`, made once and shared by the players; detach them where G is not to learn."""
        return self.g(self.z)


Readings = dict[str, torch.Tensor]  # scalars by the name of their column in metrics/losses/<variant>.csv
Loss = Callable[[Round], tuple[torch.Tensor, Readings]]


@dataclass(frozen=True)
class Turn:
    """One player's part in an iteration: `learner` takes `steps` optimiser steps on `loss`.

    The first turn of an iteration draws a fresh batch for each of its steps; later turns see the last one. `frozen`
    are modules that the loss looks through: no gradient is computed for their weights.
    """

    column: str
    learner: nn.Module
    loss: Loss
    steps: int = 1
    frozen: tuple[nn.Module, ...] = ()


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

    def round(self, real: torch.Tensor, labels: torch.Tensor | None, z: torch.Tensor) -> Round:
        """Return a batch for the losses; the labels of the real images are those asked of the generator, too."""
        told = {"labels": labels} if self.conditional else {}
        d = self.discriminator
        return Round(
            real,
            z,
            g=partial(self.generator, **told),
            d=None if d is None else lambda images: losses.at_least_fp32(d(images, **told)),
        )


class Adversarial(Variant):
    """A generator against a discriminator, with the losses and steps of Goodfellow et al. 2014, Algorithm 1."""

    Settings: ClassVar[type[config.Settings]] = config.AdversarialSettings

    discriminator: nn.Module

    def __init__(self, settings: config.AdversarialSettings, shape: DataShape) -> None:
        self.settings = settings
        self.generator, self.discriminator = self.build(settings, shape)

    @abstractmethod
    def build(self, settings: config.AdversarialSettings, shape: DataShape) -> tuple[nn.Module, nn.Module]:
        """Return G and D, with weights drawn from torch's global random state."""

    def turns(self) -> tuple[Turn, ...]:
        """Return D's turn, `discriminator_steps` long, then G's, which looks through D."""
        return (
            Turn("loss_d", self.discriminator, self.discriminator_loss, steps=self.settings.discriminator_steps),
            Turn("loss_g", self.generator, self.generator_loss, frozen=(self.discriminator,)),
        )

    def discriminator_loss(self, batch: Round) -> tuple[torch.Tensor, Readings]:
        """Return D's loss, and D(x) and D(G(z)) as probabilities."""
        assert batch.d is not None
        real, fake = batch.d(batch.real), batch.d(batch.fake.detach())
        readings = {"d_real": real.sigmoid().mean(), "d_fake": fake.sigmoid().mean()}
        return losses.discriminator_cross_entropy(real, fake, self.settings.label_smoothing), readings

    def generator_loss(self, batch: Round) -> tuple[torch.Tensor, Readings]:
        """Return G's loss."""
        assert batch.d is not None
        return losses.GENERATOR_LOSSES[self.settings.generator_loss](batch.d(batch.fake)), {}


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
