"""What a person looks at to judge a trained generator."""

from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import NormalDist

import numpy as np
import torch

from gans.data import arrays
from gans.data.arrays import Images
from gans.figures import grids
from gans.networks import sampling
from gans.networks.sampling import Sampler
from gans.networks.settings import Settings

GRID = 8  # images along each side of a grid
STRIP_ROWS, STRIP_COLUMNS = 8, 10  # moments and latents of the progress strip
GIF_COLUMNS = 4
ROW = 12  # latents whose images are compared between variants
NEIGHBOUR_ROWS, NEIGHBOURS = 6, 6  # fakes, and the training images shown beside each
CLASS_COLUMNS = 10  # latents of each class
MANIFOLD = 16  # images along each side of the plane of a two-dimensional code
NUM_JUDGED = 2048  # fakes whose attributes are judged to find an attribute's direction among latents


def save_grid(path: Path, sampler: Sampler, settings: Settings, device: torch.device) -> np.ndarray:
    """Draw 8 x 8 fakes of latents that depend on the seed and nz alone; return them, uint8 (64, S, S, C)."""
    z = sampling.latents(GRID * GRID, settings, "fixed_latents", device)
    fakes = sampler(z)
    grids.save_png(path, grids.grid(fakes, GRID))
    return fakes


def save_real_vs_fake(path: Path, real: Images, fakes: np.ndarray) -> None:
    """Draw as many held-out real images, evenly spread over `real`, beside the fakes."""
    sides = [grids.grid(arrays.spread(real, len(fakes)), GRID), grids.grid(fakes, GRID)]
    grids.save_png(path, grids.captioned(sides, ["real, held out", "generated"]))


def save_row(path: Path, sampler: Sampler, settings: Settings, device: torch.device) -> None:
    """Draw the first latents of all in a row: variants of one seed and nz can be compared image by image."""
    z = sampling.latents(GRID * GRID, settings, "fixed_latents", device)[:ROW]
    grids.save_png(path, grids.grid(sampler(z), ROW))


def save_neighbours(
    path: Path, fakes: np.ndarray, train: Images, nearest: Callable[[np.ndarray, int], np.ndarray]
) -> None:
    """Draw some of the fakes, uint8 (N, S, S, C), each before the training images (M, S, S, C) nearest to it.

    `nearest` returns the places in `train` of so many images near each of some others, (rows, neighbours). A generator
    that has learnt images by heart shows them twice in a row.
    """
    shown = arrays.spread(fakes, NEIGHBOUR_ROWS)
    places = nearest(shown, NEIGHBOURS)
    sides = [grids.grid(shown, 1), grids.grid(train[places.ravel()], NEIGHBOURS)]
    grids.save_png(path, grids.captioned(sides, ["fake", "nearest in training"]))


def save_progress(png: Path, gif: Path, frames: np.ndarray, images_seen: Sequence[int]) -> None:
    """Draw what the same latents gave over training: frames uint8 (F, N, S, S, C), one row or GIF frame a moment."""
    shown = np.unique(np.linspace(0, len(frames) - 1, STRIP_ROWS).round().astype(int))
    rows = [grids.grid(frames[moment, :STRIP_COLUMNS], STRIP_COLUMNS) for moment in shown]
    captions = [f"{images_seen[moment]:,} seen" for moment in shown]
    grids.save_png(png, grids.row_captioned(rows, captions))
    pages = [
        grids.captioned([grids.grid(frame, GIF_COLUMNS)], [f"{seen:,} images seen"])
        for frame, seen in zip(frames, images_seen, strict=True)
    ]
    grids.save_gif(gif, pages, milliseconds=250)


def save_interpolation(
    path: Path, sampler: Sampler, settings: Settings, device: torch.device, rows: int, steps: int
) -> None:
    """Draw a walk along a great arc from one latent to another in each row; a row keeps to its class."""
    z = sampling.latents(2 * rows, settings, "fixed_latents", device)
    walk = sampling.slerp(z[:rows], z[rows:], steps)  # (rows, steps, nz)
    labels = sampler.labels(rows)
    fakes = sampler(walk.flatten(0, 1), None if labels is None else labels.repeat_interleave(steps))
    grids.save_png(path, grids.grid(fakes, steps))


def save_classes(
    path: Path, sampler: Sampler, class_names: Sequence[str], settings: Settings, device: torch.device
) -> None:
    """Draw a row of fakes for each class, of the same latents along the columns."""
    z = sampling.latents(CLASS_COLUMNS, settings, "fixed_latents", device)
    rows = [
        grids.grid(sampler(z, torch.full((CLASS_COLUMNS,), label)), CLASS_COLUMNS) for label in range(len(class_names))
    ]
    grids.save_png(path, grids.row_captioned(rows, class_names))


def save_arithmetic(
    path: Path,
    sampler: Sampler,
    judge: Callable[[np.ndarray], np.ndarray],
    attributes: Sequence[str],
    settings: Settings,
    device: torch.device,
) -> None:
    """Draw fakes with an attribute, without it, others, and the others moved by the difference of their mean latents.

    `judge` returns the probabilities of the joint values of k attributes, (N, 2^k), for images (N, S, S, C).

    Radford et al. 2015, section 6.3.2, where people chose the three latents of each mean. Here each of many latents
    counts as much as a classifier of the real images finds the attribute in its fake.
    """
    z = sampling.latents(NUM_JUDGED, settings, "evaluation", device)
    others = sampling.latents(GRID, settings, "fixed_latents", device)
    probabilities = judge(sampler(z))  # (N, 2^k)
    panels = []
    for bit, attribute in enumerate(attributes):
        having = [code for code in range(probabilities.shape[1]) if code >> bit & 1]
        has = torch.from_numpy(probabilities[:, having].sum(1)).to(device)  # (N,)
        step = direction(z, has)
        surest = has.argsort(descending=True)
        columns = [z[surest[:GRID]], z[surest[-GRID:]], others, others + step]
        captions = [attribute, f"not {attribute}", "other", f"other + {attribute} - not {attribute}"]
        drawn = [grids.grid(sampler(column), 2) for column in columns]
        panels.append(grids.captioned(drawn, captions))
    grids.save_png(path, grids.stacked(panels))


def direction(z: torch.Tensor, has: torch.Tensor) -> torch.Tensor:
    """Return the mean of latents z (N, nz) weighted by `has` (N,), less that weighted by 1 - has: (nz,)."""
    with_it, without = ((weight[:, None] * z).sum(0) / weight.sum().clamp_min(1e-6) for weight in (has, 1 - has))
    return with_it - without


def save_manifold(path: Path, sampler: Sampler, device: torch.device) -> None:
    """Draw the plane of a two-dimensional code, at the quantiles of N(0, 1) along each side.

    Kingma and Welling 2014, appendix A.
    """
    quantiles = torch.tensor([NormalDist().inv_cdf((i + 0.5) / MANIFOLD) for i in range(MANIFOLD)], device=device)
    z = torch.cartesian_prod(quantiles, quantiles)  # (256, 2)
    grids.save_png(path, grids.grid(sampler(z), MANIFOLD))
