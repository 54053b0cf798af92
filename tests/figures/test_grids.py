"""Ranges, grids and files of pixels."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from gans.data import pixels
from gans.figures import grids


def test_every_byte_survives_the_way_to_float_and_back() -> None:
    every_byte = torch.arange(256, dtype=torch.uint8).reshape(1, 16, 16, 1)
    floats = pixels.to_float(every_byte)
    assert (floats.min().item(), floats.max().item()) == (-1.0, 1.0)
    assert torch.equal(pixels.to_uint8(floats), every_byte)


def test_floats_beyond_the_range_are_clipped() -> None:
    assert pixels.to_uint8(torch.tensor([-3.0, 3.0]).reshape(1, 1, 1, 2)).flatten().tolist() == [0, 255]


def test_conversions_leave_their_argument_alone() -> None:
    floats = torch.zeros(1, 3, 2, 2)
    pixels.to_uint8(floats)
    assert torch.equal(floats, torch.zeros(1, 3, 2, 2))


def test_a_grid_runs_row_by_row() -> None:
    four = np.stack([np.full((4, 4, 1), value, np.uint8) for value in (10, 20, 30)])
    page = grids.grid(four, columns=2)
    assert page.shape == (2 * 6 + 2, 2 * 6 + 2, 3)
    assert (page[4, 4, 0], page[4, 10, 0], page[10, 4, 0]) == (10, 20, 30)
    assert page[10, 10, 0] == grids.PAPER  # an empty place


def test_captions_stand_over_their_pictures() -> None:
    black = np.zeros((40, 60, 3), np.uint8)
    page = grids.captioned([black, black], ["left", "right"])
    assert page.shape == (40 + 26, 60 + 12 + 60, 3)
    assert (page[30:, :60] == 0).all()
    assert (page[:26, :60] < 255).any()  # ink
    rows = grids.row_captioned([black, black], ["first", "second"])
    assert rows.shape[0] == 80
    assert (rows[:, -60:] == 0).all()
    assert (rows[:, :-60] < 255).any(axis=(1, 2)).sum() < 80  # ink beside them, not everywhere
    assert grids.stacked([black, black[:, :30]]).shape == (80, 60, 3)


def test_png_and_gif_hold_what_was_given(tmp_path: Path) -> None:
    frames = [np.full((8, 8, 3), value, np.uint8) for value in (0, 128, 255)]
    grids.save_png(tmp_path / "a.png", frames[1])
    assert (np.asarray(Image.open(tmp_path / "a.png")) == 128).all()
    grids.save_gif(tmp_path / "a.gif", frames, milliseconds=100)
    with Image.open(tmp_path / "a.gif") as gif:
        assert gif.n_frames == 3
        gif.seek(2)
        assert gif.info["duration"] == 1000
        assert np.asarray(gif.convert("RGB")).min() == 255
