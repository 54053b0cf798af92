"""The pictures of a trained generator."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from gans import pictures, sampling, variants
from gans.arrays import DataShape
from gans.classifier import Classifier, Judge
from gans.config import Settings
from gans.nets import DCGANGenerator
from gans.sampling import Sampler


def size_of(path: Path) -> tuple[int, int]:
    with Image.open(path) as picture:
        return picture.size


def test_every_picture_has_its_size(tmp_path: Path, small: Settings, cpu: torch.device) -> None:
    generator = Sampler(DCGANGenerator(small.nz, 3, 16, 4).eval())
    fakes = pictures.save_grid(tmp_path / "grid.png", generator, small, cpu)
    assert (fakes == generator(sampling.latents(64, small, "fixed_latents", cpu))).all()
    assert size_of(tmp_path / "grid.png") == (8 * 18 + 2, 8 * 18 + 2)

    real = np.random.default_rng(0).integers(0, 256, (100, 16, 16, 3), dtype=np.uint8)
    pictures.save_real_vs_fake(tmp_path / "real_vs_fake.png", real, fakes)
    assert size_of(tmp_path / "real_vs_fake.png") == (2 * 146 + 12, 146 + 26)

    frames = real[:80].reshape(5, 16, 16, 16, 3)
    pictures.save_progress(tmp_path / "p.png", tmp_path / "p.gif", frames, [0, 10, 20, 30, 40])
    width, height = size_of(tmp_path / "p.png")
    assert (width > 10 * 18 + 2 + 40, height) == (True, 5 * 20)  # captions to the left
    with Image.open(tmp_path / "p.gif") as gif:
        assert gif.n_frames == 5

    pictures.save_interpolation(tmp_path / "i.png", generator, small, cpu, rows=3, steps=5)
    assert size_of(tmp_path / "i.png") == (5 * 18 + 2, 3 * 18 + 2)


def test_the_grid_depends_on_the_seed_alone(tmp_path: Path, small: Settings, cpu: torch.device) -> None:
    generator = Sampler(DCGANGenerator(small.nz, 3, 16, 4).eval())
    for name, settings in {"a": small, "b": small.model_copy(update={"lr": 0.5, "batch_size": 2})}.items():
        pictures.save_grid(tmp_path / name, generator, settings, cpu)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_classes_have_a_row_each_of_the_same_latents(tmp_path: Path, small: Settings, cpu: torch.device) -> None:
    shape = DataShape(3, 16, (5, 5, 5))
    sampler = Sampler(variants.load("cdcgan")(small, shape).generator.eval(), shape.class_counts)
    pictures.save_classes(tmp_path / "c.png", sampler, ["a", "b", "c"], small, cpu)
    width, height = size_of(tmp_path / "c.png")
    assert height == 3 * 20
    with Image.open(tmp_path / "c.png") as picture:
        page = np.asarray(picture)[:, width - (10 * 18 + 2) :]
    z = sampling.latents(10, small, "fixed_latents", cpu)
    second_row = sampler(z, torch.ones(10, dtype=torch.int64))
    assert (page[20 + 2 : 20 + 18, 2:18] == second_row[0]).all()
    assert (page[20 + 2 : 20 + 18, 2 + 18 : 18 + 18] == second_row[1]).all()


def test_an_attributes_direction_is_the_difference_of_two_means() -> None:
    z = torch.tensor([[1.0, 0.0], [3.0, 0.0], [0.0, 2.0], [0.0, 4.0]])
    assert pictures.direction(z, torch.tensor([1.0, 1.0, 0.0, 0.0])).tolist() == [2.0, -3.0]
    # 0.75 of the first: (0.75 * 1 + 0.25 * 3, 0) of those with it, (0.25 * 1 + 0.75 * 3, 0) of those without.
    assert pictures.direction(z[:2], torch.tensor([0.75, 0.25])).tolist() == [1.5 - 2.5, 0.0]
    assert pictures.direction(z, torch.ones(4)).isfinite().all()  # no latent without it


def test_arithmetic_has_a_panel_an_attribute(tmp_path: Path, small: Settings, cpu: torch.device) -> None:
    sampler = Sampler(DCGANGenerator(small.nz, 3, 16, 4).eval())
    judge = Judge(Classifier(3, 4, 4).eval(), cpu)
    pictures.save_arithmetic(tmp_path / "a.png", sampler, judge, ["Smiling", "Bangs"], small, cpu)
    assert size_of(tmp_path / "a.png")[1] == 2 * (26 + 4 * 18 + 2)


def test_the_manifold_runs_along_both_numbers_of_the_code(tmp_path: Path, small: Settings, cpu: torch.device) -> None:
    pictures.save_manifold(tmp_path / "m.png", Sampler(DCGANGenerator(2, 3, 16, 4).eval()), cpu)
    assert size_of(tmp_path / "m.png") == (16 * 18 + 2, 16 * 18 + 2)
