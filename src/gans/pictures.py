"""What a person looks at to judge a trained generator."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

from gans import images, sampling
from gans.config import Settings

GRID = 8  # images along each side of a grid
STRIP_ROWS, STRIP_COLUMNS = 8, 10  # moments and latents of the progress strip
GIF_COLUMNS = 4


def save_grid(path: Path, generator: nn.Module, settings: Settings, device: torch.device) -> np.ndarray:
    """Draw 8 x 8 fakes of latents that depend on the seed and nz alone; return them, uint8 (64, S, S, C)."""
    z = sampling.latents(GRID * GRID, settings, "fixed_latents", device)
    fakes = sampling.generate(generator, z)
    images.save_png(path, images.grid(fakes, GRID))
    return fakes


def save_real_vs_fake(path: Path, real: np.ndarray, fakes: np.ndarray) -> None:
    """Draw as many held-out real images, evenly spread over `real`, beside the fakes."""
    chosen = real[np.linspace(0, len(real) - 1, len(fakes)).astype(int)]
    sides = [images.grid(chosen, GRID), images.grid(fakes, GRID)]
    images.save_png(path, images.captioned(sides, ["real, held out", "generated"]))


def save_progress(png: Path, gif: Path, frames: np.ndarray, images_seen: Sequence[int]) -> None:
    """Draw what the same latents gave over training: frames uint8 (F, N, S, S, C), one row or GIF frame a moment."""
    shown = np.unique(np.linspace(0, len(frames) - 1, STRIP_ROWS).round().astype(int))
    rows = [images.grid(frames[moment, :STRIP_COLUMNS], STRIP_COLUMNS) for moment in shown]
    captions = [f"{images_seen[moment]:,} seen" for moment in shown]
    images.save_png(png, images.row_captioned(rows, captions))
    pages = [
        images.captioned([images.grid(frame, GIF_COLUMNS)], [f"{seen:,} images seen"])
        for frame, seen in zip(frames, images_seen, strict=True)
    ]
    images.save_gif(gif, pages, milliseconds=250)


def save_interpolation(
    path: Path, generator: nn.Module, settings: Settings, device: torch.device, rows: int, steps: int
) -> None:
    """Draw a walk along a great arc from one latent to another in each row."""
    z = sampling.latents(2 * rows, settings, "fixed_latents", device)
    walk = sampling.slerp(z[:rows], z[rows:], steps)  # (rows, steps, nz)
    images.save_png(path, images.grid(sampling.generate(generator, walk.flatten(0, 1)), steps))
