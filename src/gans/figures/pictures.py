"""What a person looks at to judge a trained generator: pictures, each uint8 (H, W, 3)."""

from collections.abc import Callable, Sequence
from statistics import NormalDist

import numpy as np
import torch

from gans.data import arrays
from gans.data.arrays import Images
from gans.figures import grids
from gans.networks import sampling
from gans.networks.sampling import Sampler

GRID = 8  # images along each side of a grid
STRIP_ROWS, STRIP_COLUMNS = 8, 10  # moments and latents of the progress strip
FILM_COLUMNS = 4
ROW = 12  # latents whose images are compared between variants
NEIGHBOUR_ROWS, NEIGHBOURS = 6, 6  # fakes, and the training images shown beside each
CLASS_COLUMNS = 10  # latents of each class
MANIFOLD = 16  # images along each side of the plane of a two-dimensional code
NUM_JUDGED = 2048  # fakes whose attributes are judged to find an attribute's direction among latents


def real_vs_fake(real: Images, fakes: np.ndarray) -> np.ndarray:
    """Return as many held-out real images, evenly spread over `real`, beside the fakes."""
    sides = [grids.grid(images, GRID) for images in (arrays.spread(real, len(fakes)), fakes)]
    return grids.captioned(sides, ["real, held out", "generated"])


def row(sampler: Sampler, z: torch.Tensor) -> np.ndarray:
    """Return the fakes of the first latents in a row: variants of one seed and nz can be compared image by image."""
    return grids.grid(sampler(z[:ROW]), ROW)


def neighbours(fakes: np.ndarray, nearest: np.ndarray) -> np.ndarray:
    """Return fakes, uint8 (N, S, S, C), each before the six training images nearest to it, (6 N, S, S, C) in all.

    A generator that has learnt images by heart shows them twice in a row.
    """
    return grids.captioned([grids.grid(fakes, 1), grids.grid(nearest, NEIGHBOURS)], ["fake", "nearest in training"])


def progress(frames: np.ndarray, images_seen: Sequence[int]) -> np.ndarray:
    """Return what the same latents gave over training: frames uint8 (F, N, S, S, C), one row a moment."""
    shown = np.unique(np.linspace(0, len(frames) - 1, STRIP_ROWS).round().astype(int))
    rows = [grids.grid(frames[moment, :STRIP_COLUMNS], STRIP_COLUMNS) for moment in shown]
    return grids.row_captioned(rows, [f"{images_seen[moment]:,} seen" for moment in shown])


def film(frames: np.ndarray, images_seen: Sequence[int]) -> list[np.ndarray]:
    """Return the frames uint8 (F, N, S, S, C) of `progress` as those of a film."""
    moments = zip(frames, images_seen, strict=True)
    return [grids.captioned([grids.grid(frame, FILM_COLUMNS)], [f"{seen:,} images seen"]) for frame, seen in moments]


def interpolation(sampler: Sampler, z: torch.Tensor, steps: int) -> np.ndarray:
    """Return a walk along a great arc in each row, from a latent of the first half of z to one of the second half.

    A row keeps to its class.
    """
    start, end = z.chunk(2)
    walk = sampling.slerp(start, end, steps)  # (rows, steps, nz)
    labels = sampler.labels(len(walk))
    fakes = sampler(walk.flatten(0, 1), None if labels is None else labels.repeat_interleave(steps))
    return grids.grid(fakes, steps)


def classes(sampler: Sampler, z: torch.Tensor, names: Sequence[str]) -> np.ndarray:
    """Return a row of fakes for each class, of the same latents z along the columns."""
    labels = [torch.full((len(z),), label) for label in range(len(names))]
    return grids.row_captioned([grids.grid(sampler(z, label), len(z)) for label in labels], names)


def arithmetic(
    sampler: Sampler,
    z: torch.Tensor,
    others: torch.Tensor,
    judge: Callable[[np.ndarray], np.ndarray],
    attributes: Sequence[str],
) -> np.ndarray:
    """Return fakes with an attribute, without it, others, and the others moved by the difference of their mean latents.

    `judge` returns the probabilities of the joint values of k attributes, (N, 2^k), for images (N, S, S, C).

    Radford et al. 2015, section 6.3.2, where people chose the three latents of each mean. Here each of many latents z
    counts as much as a classifier of the real images finds the attribute in its fake.
    """
    probabilities = judge(sampler(z))  # (N, 2^k)
    panels = []
    for bit, attribute in enumerate(attributes):
        having = [code for code in range(probabilities.shape[1]) if code >> bit & 1]
        has = torch.from_numpy(probabilities[:, having].sum(1)).to(z.device)  # (N,)
        surest = z[has.argsort(descending=True)]
        columns = [surest[: len(others)], surest[-len(others) :], others, others + direction(z, has)]
        captions = [attribute, f"not {attribute}", "other", f"other + {attribute} - not {attribute}"]
        panels.append(grids.captioned([grids.grid(sampler(column), 2) for column in columns], captions))
    return grids.stacked(panels)


def direction(z: torch.Tensor, has: torch.Tensor) -> torch.Tensor:
    """Return the mean of latents z (N, nz) weighted by `has` (N,), less that weighted by 1 - has: (nz,)."""
    with_it, without = ((weight[:, None] * z).sum(0) / weight.sum().clamp_min(1e-6) for weight in (has, 1 - has))
    return with_it - without


def manifold(sampler: Sampler, device: torch.device) -> np.ndarray:
    """Return the plane of a two-dimensional code, at the quantiles of N(0, 1) along each side.

    Kingma and Welling 2014, appendix A.
    """
    quantiles = torch.tensor([NormalDist().inv_cdf((i + 0.5) / MANIFOLD) for i in range(MANIFOLD)], device=device)
    return grids.grid(sampler(torch.cartesian_prod(quantiles, quantiles)), MANIFOLD)
