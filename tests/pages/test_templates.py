"""Pictures inside pages."""

import base64
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gans.figures import grids
from gans.pages import templates

NOISE = np.random.default_rng(0).integers(0, 256, (3, 40, 40, 3), dtype=np.uint8)


def inside(address: str) -> Image.Image:
    kind, data = address.split(",")
    assert kind == "data:image/webp;base64"
    return Image.open(BytesIO(base64.b64decode(data)))


@pytest.mark.parametrize("lossless", [True, False])
def test_a_picture_stays_what_it_is(lossless: bool) -> None:
    with inside(templates.embedded(Image.fromarray(NOISE[0]), lossless).address) as picture:
        difference = np.abs(np.asarray(picture).astype(int) - NOISE[0])
    assert difference.mean() == 0 if lossless else 0 < difference.mean() < 60


def test_films_stay_films(tmp_path: Path) -> None:
    grids.save_gif(tmp_path / "film.gif", NOISE, milliseconds=80)
    with Image.open(tmp_path / "film.gif") as film:
        address = templates.embedded(film).address
    with inside(address) as film:
        assert film.n_frames == 3
        durations = []
        for index in range(3):
            film.seek(index)
            film.load()
            durations.append(film.info["duration"])
    assert durations == [80, 80, 800]
