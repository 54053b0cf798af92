"""Pictures that are written, and read back."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gans.base.errors import InputError
from gans.zoo import exchange


def blocks(images: np.ndarray) -> Iterator[np.ndarray]:
    yield images[:5]
    yield images[5:]


@pytest.fixture(params=[1, 3])
def images(request: pytest.FixtureRequest) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (7, 16, 16, request.param), np.uint8)


@pytest.mark.parametrize("name", ["new/folder", "x.zip", "x.npz"])
def test_what_is_written_is_read_back_as_it_was(name: str, images: np.ndarray, tmp_path: Path) -> None:
    out = tmp_path / name
    exchange.save(blocks(images), len(images), out)
    assert (exchange.read(out, 16, images.shape[3]) == images).all()


def test_files_are_named_in_their_order_and_an_array_as_others_expect_it(images: np.ndarray, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    exchange.save(blocks(images), len(images), empty)
    assert sorted(path.name for path in empty.iterdir()) == [f"{number:06d}.png" for number in range(7)]
    exchange.save(blocks(images), len(images), tmp_path / "x.zip")
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        assert archive.namelist() == [f"{number:06d}.png" for number in range(7)]
    exchange.save(blocks(images), len(images), tmp_path / "x.npz")
    assert (np.load(tmp_path / "x.npz")["arr_0"] == images).all()


def test_all_in_one_picture_or_film(images: np.ndarray, tmp_path: Path) -> None:
    exchange.save_grid(blocks(images), len(images), tmp_path / "grid.png")
    with Image.open(tmp_path / "grid.png") as grid:
        assert grid.size == (3 * 18 + 2, 3 * 18 + 2)
    exchange.save_film(blocks(images), len(images), tmp_path / "film.gif")
    with Image.open(tmp_path / "film.gif") as film:
        assert film.n_frames == 7


@pytest.mark.parametrize("save", [exchange.save, exchange.save_grid, exchange.save_film])
def test_nothing_is_overwritten_or_half_written(save: object, images: np.ndarray, tmp_path: Path) -> None:
    folder = tmp_path / "full"
    folder.mkdir()
    (folder / "kept").touch()
    file = tmp_path / "kept.png"
    file.touch()
    for out in (folder, file):
        with pytest.raises(InputError, match="is there already"):
            save(blocks(images), len(images), out)  # type: ignore[operator]
    assert [path.name for path in folder.iterdir()] == ["kept"]

    def breaking() -> Iterator[np.ndarray]:
        yield images[:5]
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        save(breaking(), len(images), tmp_path / "new")  # type: ignore[operator]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["full", "kept.png"]


def test_pictures_of_another_size_and_kind_are_made_like_the_data(tmp_path: Path) -> None:
    for name, picture in {
        "a.png": Image.new("RGBA", (40, 20), (255, 0, 0, 255)),
        "sub/b.JPG": Image.new("L", (20, 40), 200),
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        picture.save(tmp_path / name)
    (tmp_path / "notes.txt").touch()
    found = exchange.read(tmp_path, 8, 3)
    assert found.shape == (2, 8, 8, 3)
    assert (found[0] == (255, 0, 0)).all()
    assert (np.abs(found[1].astype(int) - 200) < 3).all()


def test_what_appears_meanwhile_is_kept(images: np.ndarray, tmp_path: Path) -> None:
    folder = tmp_path / "new"
    folder.mkdir()

    def interrupted() -> Iterator[np.ndarray]:
        yield images[:5]
        (folder / "mine.txt").touch()
        yield images[5:]

    with pytest.raises(InputError, match="is there already"):
        exchange.save(interrupted(), len(images), folder)
    assert [path.name for path in folder.iterdir()] == ["mine.txt"]


def test_a_link_to_an_empty_folder_is_followed(images: np.ndarray, tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    (tmp_path / "link").symlink_to(real)
    exchange.save(blocks(images), len(images), tmp_path / "link")
    assert len(list(real.iterdir())) == len(images)


def refused(path: Path) -> str:
    """Return the one line that says why the pictures at a path cannot be read."""
    with pytest.raises(InputError) as caught:
        exchange.read(path, 8, 3)
    assert "\n" not in str(caught.value)
    assert "object at 0x" not in str(caught.value)
    return str(caught.value)


def test_what_holds_no_pictures_or_damaged_ones_is_told_in_one_line(tmp_path: Path) -> None:
    assert "does not exist; expected a folder" in refused(tmp_path / "missing")
    assert "holds no picture" in refused(tmp_path)
    (tmp_path / "a.txt").write_text("no archive")
    assert "a.txt is damaged, or none of them" in refused(tmp_path / "a.txt")
    (tmp_path / "e.png").write_bytes(b"\x89PNG\r\n")
    assert "e.png: no picture; expected a whole picture" in refused(tmp_path)
    Image.new("L", (20000, 10000)).save(tmp_path / "e.png")
    assert "e.png: " in refused(tmp_path)


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.zeros((2, 8, 8, 3)), "holds float64 (2, 8, 8, 3) as arr_0"),
        (np.zeros((2, 0, 8, 3), np.uint8), "holds uint8 (2, 0, 8, 3) as arr_0"),
        (np.zeros((2, 8, 8), np.uint8), "holds uint8 (2, 8, 8) as arr_0"),
        (np.zeros((0, 8, 8, 3), np.uint8), "holds no picture"),
        (np.array([{}], object), "is damaged, or none of them"),
    ],
)
def test_an_array_of_something_else_is_told_in_one_line(array: np.ndarray, said: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", array)
    assert said in refused(tmp_path / "x.npz")


def test_damaged_archives_are_told_in_one_line(images: np.ndarray, tmp_path: Path) -> None:
    for name in ("x.zip", "x.npz"):
        exchange.save(blocks(images), len(images), tmp_path / name)
        content = bytearray((tmp_path / name).read_bytes())
        content[100] ^= 0xFF  # in the first member
        (tmp_path / name).write_bytes(content)
        refused(tmp_path / name)
        (tmp_path / name).write_bytes(content[:-30])
        refused(tmp_path / name)
    np.save(tmp_path / "y.npy", images)
    (tmp_path / "y.npy").rename(tmp_path / "y.npz")
    refused(tmp_path / "y.npz")
