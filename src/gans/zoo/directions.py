"""Directions in latent space along which a generator's pictures change most, or gain what a judge looks for."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import nn

from gans.base.errors import InputError
from gans.data.pixels import to_float
from gans.scoring import classifier
from gans.zoo.generator import Generator

FILE = "directions.json"  # in a generator's folder: names to lists of nz numbers
NUM_LATENTS = 1024
NUM_COMPONENTS = 8
COMPONENT = "component {}"
LEAST_SHARE = 0.01  # of the pictures that have an attribute, and of those that lack it
Logits = Callable[[np.ndarray], np.ndarray]  # images uint8 (N, S, S, C) to logits (N, names), above 0: they have it


def found(generator: Generator, logits: Logits | None = None, names: Sequence[str] = ()) -> dict[str, list[float]]:
    """Return directions (nz,) of length 1 by their names: those of the attributes `names`, then principal components.

    They follow from the generator alone: latents are those of seed 0.
    """
    z = generator.latents(NUM_LATENTS, seed=0)
    images, seen = looked_into(generator, z)
    along = {COMPONENT.format(number): axis for number, axis in enumerate(components(z, seen), start=1)}
    if logits is not None:
        along = attributes(z, logits(images), names) | along
    return {name: [round(value, 4) for value in axis.tolist()] for name, axis in along.items()}


def judging(judge: classifier.Judge) -> Logits:
    """Return the logits of a classifier's attributes as a function of images."""

    @torch.inference_mode()
    def logits(images: np.ndarray) -> np.ndarray:
        batches = torch.from_numpy(images).to(judge.device).split(classifier.BATCH_SIZE)
        return np.concatenate([judge.network(to_float(batch)).cpu().numpy() for batch in batches])

    return logits


def components(z: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
    """Return the latents' strongest directions (8, nz), the strongest first, of length 1.

    They are the regression of latents (N, nz) on the principal components of what the first activation gives for them,
    (N, F): GANSpace, Harkonen et al. 2020, arXiv:2004.02546, section 2.2.
    """
    seen = seen - seen.mean(0)
    _, vectors = torch.linalg.eigh(seen @ seen.T)  # ascending: the last are the components' values, (N, N)
    values = vectors[:, -NUM_COMPONENTS:].flip(1)  # (N, 8), orthogonal, each of length 1
    return _one_way(nn.functional.normalize(values.T @ z))


def attributes(z: torch.Tensor, logits: np.ndarray, names: Sequence[str]) -> dict[str, torch.Tensor]:
    """Return, by its name, the direction (nz,) of length 1 in which each logit (N, names) of the pictures of z rises.

    It is that of the linear regression on z (N, nz). An attribute that hardly any picture has, or lacks, is left out:
    nobody knows what it would look like.
    """
    shares = (logits > 0).mean(0)
    wanted = torch.from_numpy(logits - logits.mean(0)).float()
    axes = nn.functional.normalize(torch.linalg.lstsq(z, wanted).solution.T)  # (names, nz)
    known = zip(names, axes, shares, strict=True)
    return {name: axis for name, axis, share in known if LEAST_SHARE <= share <= 1 - LEAST_SHARE}


def looked_into(generator: Generator, z: torch.Tensor) -> tuple[np.ndarray, torch.Tensor]:
    """Return the images of latents (N, nz), uint8 (N, S, S, C), and what the first activation gives on the way, (N, F).

    Of a generator that takes labels, all are of the class that was most frequent in training.
    """
    network = generator.sampler.generator
    first = next((layer for layer in network.modules() if isinstance(layer, nn.ReLU | nn.LeakyReLU)), None)
    if first is None:
        raise InputError(f"{generator.name} has no ReLU and no leaky ReLU; expected one to find components by")
    given: list[torch.Tensor] = []
    hook = first.register_forward_hook(lambda _layer, _inputs, output: given.append(output.flatten(1).cpu().clone()))
    counts = generator.sampler.class_counts
    try:
        images = generator.images(z, torch.full((len(z),), int(np.argmax(counts))) if counts else None)
    finally:
        hook.remove()
    return images, torch.cat(given)[: len(z)]


def _one_way(axes: torch.Tensor) -> torch.Tensor:
    """Return directions (N, nz), turned so that the largest number of each is above 0: either way is as good."""
    largest = axes.gather(1, axes.abs().argmax(1, keepdim=True))
    return axes * largest.sign()
