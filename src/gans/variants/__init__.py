"""What the training loop needs to know of a variant: one file each in this folder, found by its name."""

import importlib
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar, NamedTuple

import torch
from torch import nn

from gans import config, losses
from gans.errors import InputError


class ImageShape(NamedTuple):
    """What a variant has to know of the data."""

    channels: int
    size: int
    num_classes: int  # 0 without labels


@dataclass
class Round:
    """One batch as a loss sees it."""

    real: torch.Tensor  # (B, C, S, S) in [-1, 1]
    z: torch.Tensor  # (B, nz)
    g: Callable[[torch.Tensor], torch.Tensor]  # latents to images
    d: Callable[[torch.Tensor], torch.Tensor] | None  # images to logits

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

    generator: nn.Module
    discriminator: nn.Module | None = None

    @abstractmethod
    def __init__(self, settings: config.Settings, shape: ImageShape) -> None:
        """Build the networks, with weights drawn from torch's global random state."""

    @abstractmethod
    def turns(self) -> tuple[Turn, ...]:
        """Return who learns from which loss in an iteration, in order."""

    @property
    def networks(self) -> dict[str, nn.Module]:
        """Return the modules by the name of their file."""
        named = {"generator": self.generator, "discriminator": self.discriminator}
        return {name: module for name, module in named.items() if module is not None}

    def round(self, real: torch.Tensor, z: torch.Tensor) -> Round:
        """Return a batch for the losses."""
        return Round(real, z, self.generator, self.discriminator)


class Adversarial(Variant):
    """A generator against a discriminator, by default with the losses of Goodfellow et al. 2014."""

    discriminator: nn.Module

    def turns(self) -> tuple[Turn, ...]:
        """Return D's turn, then G's, which looks through D."""
        return (
            Turn("loss_d", self.discriminator, self.discriminator_loss),
            Turn("loss_g", self.generator, self.generator_loss, frozen=(self.discriminator,)),
        )

    def discriminator_loss(self, batch: Round) -> tuple[torch.Tensor, Readings]:
        """Return D's loss, and D(x) and D(G(z)) as probabilities."""
        assert batch.d is not None
        real, fake = batch.d(batch.real), batch.d(batch.fake.detach())
        readings = {"d_real": real.sigmoid().mean(), "d_fake": fake.sigmoid().mean()}
        return losses.discriminator_cross_entropy(real, fake), readings

    def generator_loss(self, batch: Round) -> tuple[torch.Tensor, Readings]:
        """Return G's loss."""
        assert batch.d is not None
        return losses.generator_non_saturating(batch.d(batch.fake)), {}


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
        if isinstance(value, type) and issubclass(value, Variant) and value.__module__ == module.__name__
    )
    return found
