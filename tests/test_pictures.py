"""The pictures of a trained generator."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from gans import pictures, sampling
from gans.config import Settings
from gans.nets import DCGANGenerator


def size_of(path: Path) -> tuple[int, int]:
    with Image.open(path) as picture:
        return picture.size


def test_every_picture_has_its_size(tmp_path: Path, small: Settings, cpu: torch.device) -> None:
    generator = DCGANGenerator(small.nz, 3, 16, 4).eval()
    fakes = pictures.save_grid(tmp_path / "grid.png", generator, small, cpu)
    assert (fakes == sampling.generate(generator, sampling.latents(64, small, "fixed_latents", cpu))).all()
    assert size_of(tmp_path / "grid.png") == (8 * 18 + 2, 8 * 18 + 2)

    real = np.random.default_rng(0).integers(0, 256, (100, 16, 16, 3), dtype=np.uint8)
    pictures.save_real_vs_fake(tmp_path / "real_vs_fake.png", real, fakes)
    assert size_of(tmp_path / "real_vs_fake.png") == (2 * 146 + 12, 146 + 26)

    frames = real[:80].reshape(5, 16, 16, 16, 3)
    pictures.save_progress(tmp_path / "p.png", tmp_path / "p.gif", frames, [0, 10, 20, 30, 40])
    assert size_of(tmp_path / "p.png") == (110 + 10 * 18 + 2, 5 * 20)
    with Image.open(tmp_path / "p.gif") as gif:
        assert gif.n_frames == 5

    pictures.save_interpolation(tmp_path / "i.png", generator, small, cpu, rows=3, steps=5)
    assert size_of(tmp_path / "i.png") == (5 * 18 + 2, 3 * 18 + 2)


def test_the_grid_depends_on_the_seed_alone(tmp_path: Path, small: Settings, cpu: torch.device) -> None:
    generator = DCGANGenerator(small.nz, 3, 16, 4).eval()
    for name, settings in {"a": small, "b": small.model_copy(update={"lr": 0.5, "batch_size": 2})}.items():
        pictures.save_grid(tmp_path / name, generator, settings, cpu)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
