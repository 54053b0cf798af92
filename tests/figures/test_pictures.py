"""The pictures of a trained generator."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from gans.data.arrays import DataShape
from gans.figures import grids, pictures
from gans.networks import contract, sampling
from gans.networks.layers import DCGANGenerator
from gans.networks.sampling import Sampler
from gans.networks.settings import Settings
from gans.pages import templates
from gans.scoring.classifier import Judge


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
    pictures.save_progress(tmp_path / "p.png", tmp_path / "p.gif", frames, [0, 10, 20, 30, 4_000_000])
    width, height = size_of(tmp_path / "p.png")
    assert (width > 10 * 18 + 2 + 40, height) == (True, 5 * 20)  # captions to the left
    with Image.open(tmp_path / "p.gif") as gif:
        assert gif.n_frames == 5
        first = gif.size
        templates.embedded(gif)  # the last caption is the longest: it must not make its frame wider
        assert gif.size == first

    pictures.save_interpolation(tmp_path / "i.png", generator, small, cpu, rows=3, steps=5)
    assert size_of(tmp_path / "i.png") == (5 * 18 + 2, 3 * 18 + 2)


def test_the_grid_depends_on_the_seed_alone(tmp_path: Path, small: Settings, cpu: torch.device) -> None:
    generator = Sampler(DCGANGenerator(small.nz, 3, 16, 4).eval())
    for name, settings in {"a": small, "b": small.model_copy(update={"lr": 0.5, "batch_size": 2})}.items():
        pictures.save_grid(tmp_path / name, generator, settings, cpu)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_classes_have_a_row_each_of_the_same_latents(tmp_path: Path, small: Settings, cpu: torch.device) -> None:
    shape = DataShape(3, 16, (5, 5, 5))
    sampler = Sampler(contract.load("cdcgan")(small, shape).generator.eval(), shape.class_counts)
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


class ShowsItsLatent(torch.nn.Module):
    """Images (N, 1, 2, 2) whose pixels are the first two numbers of z, tenfold reduced, above and below."""

    def forward(self, z: torch.Tensor, labels: torch.Tensor | None = None) -> torch.Tensor:
        shown = z[:, :2] / 10 if labels is None else labels[:, None].expand(-1, 2) / 10
        return shown[:, None, :, None].expand(-1, 1, 2, 2)


class SureOfBrightness(torch.nn.Module):
    """Logits of the joint values of two attributes; only the second attribute depends on the image: its brightness."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        bright = 200 * images.mean((1, 2, 3))
        return torch.stack([0 * bright, 0 * bright, bright, bright], dim=1)  # codes 2 and 3 have the second one


def read_cells(path: Path, side: int, left: int, top: int, columns: int, rows: int) -> np.ndarray:
    """Return the images of a grid in a picture, uint8 (rows, columns, side, side)."""
    with Image.open(path) as picture:
        page = np.asarray(picture)[top:, left:, 0]
    cell = side + grids.GAP
    starts = [grids.GAP + place * cell for place in range(max(rows, columns))]
    return np.array([[page[y : y + side, x : x + side] for x in starts[:columns]] for y in starts[:rows]])


def test_arithmetic_moves_the_others_along_the_attributes_own_direction(
    tmp_path: Path, small: Settings, cpu: torch.device
) -> None:
    sampler, judge = Sampler(ShowsItsLatent()), Judge(SureOfBrightness(), cpu)  # type: ignore[arg-type]
    drawn: list[torch.Tensor] = []

    class Noting(torch.nn.Module):
        def forward(self, z: torch.Tensor) -> torch.Tensor:
            drawn.append(z)
            return ShowsItsLatent()(z)

    pictures.save_arithmetic(tmp_path / "a.png", Sampler(Noting()), judge, ["Smiling", "Bangs"], small, cpu)
    columns = drawn[-8:]  # four of each attribute: with it, without it, others, others moved
    z = sampling.latents(pictures.NUM_JUDGED, small, "evaluation", cpu)
    has = torch.from_numpy(judge(sampler(z))[:, 2:].sum(1))
    for number, weight in ((0, torch.full_like(has, 0.5)), (4, has)):
        assert torch.equal(columns[number + 2], sampling.latents(8, small, "fixed_latents", cpu))
        moved = columns[number + 3] - columns[number + 2]
        assert torch.allclose(moved, pictures.direction(z, weight).expand(8, -1), atol=1e-4)
    brightness = z[:, :2].sum(1)
    assert columns[4][:, :2].sum(1).min() > columns[5][:, :2].sum(1).max()  # those with it, those without
    assert columns[4][0, :2].sum() >= brightness.quantile(0.9)
    assert size_of(tmp_path / "a.png")[1] == 2 * (26 + 4 * 4 + 2)


def test_the_manifold_runs_along_both_numbers_of_the_code(tmp_path: Path, cpu: torch.device) -> None:
    pictures.save_manifold(tmp_path / "m.png", Sampler(ShowsItsLatent()), cpu)
    cells = read_cells(tmp_path / "m.png", 2, 0, 0, columns=16, rows=16).astype(int)
    assert (np.diff(cells[:, :, 0, 0], axis=0) > 0).all()  # the first number grows downwards, shown above
    assert (np.diff(cells[:, :, 1, 0], axis=1) > 0).all()  # the second to the right, shown below
    assert (np.diff(cells[:, :, 0, 0], axis=1) == 0).all()


def test_a_walk_keeps_to_its_class(tmp_path: Path, small: Settings, cpu: torch.device) -> None:
    sampler = Sampler(ShowsItsLatent(), (5, 5, 5))
    pictures.save_interpolation(tmp_path / "i.png", sampler, small, cpu, rows=3, steps=4)
    cells = read_cells(tmp_path / "i.png", 2, 0, 0, columns=4, rows=3)[:, :, 0, 0]
    assert cells.tolist() == [[128] * 4, [140] * 4, [153] * 4]  # 127.5 * (1 + label / 10), rounded


def test_variants_of_one_seed_show_the_same_latents_in_their_row(
    tmp_path: Path, small: Settings, cpu: torch.device
) -> None:
    sampler = Sampler(DCGANGenerator(small.nz, 3, 16, 4).eval())
    pictures.save_row(tmp_path / "row.png", sampler, small, cpu)
    assert size_of(tmp_path / "row.png") == (12 * 18 + 2, 20)
    with Image.open(tmp_path / "row.png") as row:
        first = np.asarray(row)[2:18, 2:18]
    assert (first == sampler(sampling.latents(64, small, "fixed_latents", cpu))[0]).all()


def test_each_fake_stands_before_the_training_images_nearest_to_it(tmp_path: Path) -> None:
    shades = np.arange(0, 240, 10, dtype=np.uint8)
    train = np.broadcast_to(shades[:, None, None, None], (24, 32, 32, 3))

    def nearest(fakes: np.ndarray, count: int) -> np.ndarray:
        return np.abs(shades - fakes[:, 0, 0, :1].astype(int)).argsort(1)[:, :count]

    fakes = np.full((12, 32, 32, 3), 103, np.uint8)
    pictures.save_neighbours(tmp_path / "n.png", fakes, train, nearest)
    with Image.open(tmp_path / "n.png") as picture:
        page = np.asarray(picture)
    right = page[:, -(12 + 6 * 34 + 2) :]  # the caption is narrower than the pictures
    found = [int(right[26 + 2 + 16, 2 + 34 * column + 16, 0]) for column in range(6)]
    assert found == [100, 110, 90, 120, 80, 130]
