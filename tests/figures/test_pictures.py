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


def test_every_picture_has_its_size(tmp_path: Path) -> None:
    real = np.random.default_rng(0).integers(0, 256, (100, 16, 16, 3), dtype=np.uint8)
    assert pictures.real_vs_fake(real, real[:64]).shape == (146 + 26, 2 * 146 + 12, 3)

    moments = real[:80].reshape(5, 16, 16, 16, 3), [0, 10, 20, 30, 4_000_000]
    height, width, _ = pictures.progress(*moments).shape
    assert (width > 10 * 18 + 2 + 40, height) == (True, 5 * 20)  # captions to the left
    grids.save_gif(tmp_path / "p.gif", pictures.film(*moments), milliseconds=250)
    with Image.open(tmp_path / "p.gif") as gif:
        assert gif.n_frames == 5
        first = gif.size
        templates.embedded(gif)  # the last caption is the longest: it must not make its frame wider
        assert gif.size == first

    walks = pictures.interpolation(Sampler(ShowsItsLatent()), torch.rand(2 * 3, 8), steps=5)
    assert walks.shape == (3 * 4 + 2, 5 * 4 + 2, 3)


def test_variants_of_one_seed_show_the_same_latents_in_their_row(small: Settings, cpu: torch.device) -> None:
    sampler = Sampler(DCGANGenerator(small.nz, 3, 16, 4).eval())
    others = small.model_copy(update={"lr": 0.5, "batch_size": 2})
    z, again = (sampling.latents(64, settings, "fixed_latents", cpu) for settings in (small, others))
    row = pictures.row(sampler, z)
    assert row.shape == (20, 12 * 18 + 2, 3)
    assert (row[2:18, 2:18] == sampler(z)[0]).all()
    assert (row == pictures.row(sampler, again)).all()


def test_classes_have_a_row_each_of_the_same_latents(small: Settings, cpu: torch.device) -> None:
    shape = DataShape(3, 16, (5, 5, 5))
    sampler = Sampler(contract.load("cdcgan")(small, shape).generator.eval(), shape.class_counts)
    z = sampling.latents(10, small, "fixed_latents", cpu)
    page = pictures.classes(sampler, z, ["a", "b", "c"])[:, -(10 * 18 + 2) :]
    assert len(page) == 3 * 20
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


def shades(page: np.ndarray, side: int = 2) -> np.ndarray:
    """Return the images of a grid, without the gaps, uint8 (rows, columns, side, side)."""
    cells = page[grids.GAP :, grids.GAP :, 0]
    rows, columns = (length // (side + grids.GAP) for length in cells.shape)
    return cells.reshape(rows, side + grids.GAP, columns, -1).swapaxes(1, 2)[:, :, :side, :side]


def test_arithmetic_moves_the_others_along_the_attributes_own_direction(small: Settings, cpu: torch.device) -> None:
    judge = Judge(SureOfBrightness(), cpu)  # type: ignore[arg-type]
    drawn: list[torch.Tensor] = []

    class Noting(ShowsItsLatent):
        def forward(self, z: torch.Tensor, labels: torch.Tensor | None = None) -> torch.Tensor:
            drawn.append(z)
            return super().forward(z, labels)

    z, others = (sampling.latents(count, small, "evaluation", cpu) for count in (pictures.NUM_JUDGED, 8))
    page = pictures.arithmetic(Sampler(Noting()), z, others, judge, ["Smiling", "Bangs"])
    columns = drawn[-8:]  # four of each attribute: with it, without it, others, others moved
    has = torch.from_numpy(judge(Sampler(ShowsItsLatent())(z))[:, 2:].sum(1))
    for number, weight in ((0, torch.full_like(has, 0.5)), (4, has)):
        assert torch.equal(columns[number + 2], others)
        moved = columns[number + 3] - columns[number + 2]
        assert torch.allclose(moved, pictures.direction(z, weight).expand(8, -1), atol=1e-4)
    brightness = z[:, :2].sum(1)
    assert columns[4][:, :2].sum(1).min() > columns[5][:, :2].sum(1).max()  # those with it, those without
    assert columns[4][0, :2].sum() >= brightness.quantile(0.9)
    assert len(page) == 2 * (26 + 4 * 4 + 2)


def test_the_manifold_runs_along_both_numbers_of_the_code(cpu: torch.device) -> None:
    cells = shades(pictures.manifold(Sampler(ShowsItsLatent()), cpu)).astype(int)
    assert cells.shape == (16, 16, 2, 2)
    assert (np.diff(cells[:, :, 0, 0], axis=0) > 0).all()  # the first number grows downwards, shown above
    assert (np.diff(cells[:, :, 1, 0], axis=1) > 0).all()  # the second to the right, shown below
    assert (np.diff(cells[:, :, 0, 0], axis=1) == 0).all()


def test_a_walk_keeps_to_its_class() -> None:
    page = pictures.interpolation(Sampler(ShowsItsLatent(), (5, 5, 5)), torch.rand(2 * 3, 8), steps=4)
    cells = shades(page)[:, :, 0, 0]
    assert cells.tolist() == [[128] * 4, [140] * 4, [153] * 4]  # 127.5 * (1 + label / 10), rounded


def test_each_fake_stands_before_the_training_images_nearest_to_it() -> None:
    near = np.array([[100, 110, 90, 120, 80, 130], [200, 190, 210, 220, 180, 170]], np.uint8)
    fakes, found = (np.broadcast_to(grey.reshape(-1, 1, 1, 1), (grey.size, 32, 32, 3)) for grey in (near[:, 0], near))
    page = pictures.neighbours(fakes, found)
    right = shades(page[26:, -(6 * 34 + 2) :], 32)  # the caption is narrower than the pictures
    assert (right == near[:, :, None, None]).all()
