"""Pictures in a zip: which members count, and what is wrong with the others."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from picture_files import picture, saved, zip_of
from PIL import Image

from gans.base.errors import InputError
from gans.sources.archives import Archive


def opened(path: Path) -> Archive:
    """Return the pictures in a zip, called as their files without folders; texts are none."""
    return Archive(path, lambda name: None if name.endswith(".txt") else Path(name).name, ("PNG", "JPEG"), "a zip")


def test_members_are_called_what_they_should_be_in_order(tmp_path: Path) -> None:
    members = {"x/b.png": picture(), "x/": b"", "read.txt": b"me", "a.jpg": saved(Image.new("L", (8, 9)), "JPEG")}
    archive = opened(zip_of(tmp_path / "pictures.zip", members))
    assert archive.names == ["a.jpg", "b.png"]
    assert [archive.read(position).size for position in (0, 1)] == [(8, 9), (6, 4)]


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("second", ["x/a.png", "y/a.png"])
def test_two_members_of_one_name_are_refused(tmp_path: Path, second: str) -> None:
    path = zip_of(tmp_path / "pictures.zip", {"x/a.png": picture()})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(second, picture(1))
    with pytest.raises(InputError, match=r"pictures\.zip holds an image twice; expected each name once"):
        opened(path)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_a_mode_is_told_and_kept(tmp_path: Path, mode: str) -> None:
    archive = opened(zip_of(tmp_path / "pictures.zip", {"a.png": saved(Image.new(mode, (6, 4)))}))
    assert archive.mode(0) == mode
    assert archive.read(0).mode == mode


def test_pictures_are_turned_as_their_camera_said(tmp_path: Path) -> None:
    """Orientation 6: the first row of what is stored is the right edge of what was seen."""
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = saved(Image.fromarray(np.array([[255, 255, 255], [0, 0, 0]], np.uint8)), exif=exif)
    turned = opened(zip_of(tmp_path / "pictures.zip", {"a.png": stored})).read(0)
    assert np.asarray(turned).tolist() == [[0, 255]] * 3


JPEG = saved(Image.new("RGB", (178, 218)), "JPEG")
SIZE = b"\x00\xda\x00\xb2"  # 218, 178


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"no image", "not a PNG or JPEG"),
        (picture(kind="BMP"), "not a PNG or JPEG"),
        (picture()[:45], "(truncated|broken)"),
        (JPEG[:-200], "truncated"),
        (b"", "not a PNG or JPEG"),
        (JPEG.replace(SIZE, b"\x23\x28\x23\x28"), r"Image size \(81000000 pixels\) exceeds limit of 67108864"),
        (JPEG.replace(SIZE, b"\x4e\x20\x4e\x20"), r"Image size \(400000000 pixels\) exceeds"),
    ],
    ids=["text", "another-format", "cut-short", "cut-jpeg", "empty", "large", "larger"],
)
def test_a_damaged_picture_is_named(tmp_path: Path, data: bytes, found: str) -> None:
    archive = opened(zip_of(tmp_path / "pictures.zip", {"x/a.png": data, "b.png": picture()}))
    with pytest.raises(
        InputError, match=rf"^a\.png: .*{found}.*; expected a whole PNG or JPEG of at most 67108864 pixels"
    ):
        archive.read(0)
    assert archive.read(1).mode == "RGB"


def test_what_cannot_be_read_has_no_mode(tmp_path: Path) -> None:
    assert opened(zip_of(tmp_path / "pictures.zip", {"a.png": b"no image"})).mode(0) is None
