"""Pictures in a zip: which members count, and what is wrong with the others."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gans.base.errors import InputError
from gans.sources import archives
from gans.sources.archives import Archive


def picture(kind: str = "PNG", mode: str = "RGB", **options: object) -> bytes:
    file = io.BytesIO()
    Image.new(mode, (6, 4)).save(file, kind, **options)  # type: ignore[arg-type]
    return file.getvalue()


def zip_of(folder: Path, members: dict[str, bytes]) -> Path:
    path = folder / "pictures.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def name_of(member: str) -> str | None:
    """Return the name of a member without its folder, None for a text."""
    return None if member.endswith(".txt") else Path(member).name


def opened(path: Path, formats: tuple[str, ...] = ("PNG", "JPEG")) -> Archive:
    return Archive(path, name_of, formats, "a zip of pictures")


def test_members_are_called_what_they_should_be_in_order(tmp_path: Path) -> None:
    archive = opened(zip_of(tmp_path, {"x/b.png": picture(), "x/": b"", "read.txt": b"me", "a.jpg": picture("JPEG")}))
    assert archive.names == ["a.jpg", "b.png"]
    assert archive.read("b.png").size == (6, 4)


def test_two_members_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds an image twice; expected each name once"):
        opened(zip_of(tmp_path, {"x/a.png": picture(), "y/a.png": picture()}))


def test_a_zip_without_pictures_says_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"pictures\.zip holds no image; expected a zip of pictures"):
        opened(zip_of(tmp_path, {"read.txt": b"me"}))


def test_what_is_no_zip_says_what_was_expected(tmp_path: Path) -> None:
    (tmp_path / "pictures.zip").write_bytes(b"no zip")
    with pytest.raises(InputError, match=r"pictures\.zip is not a readable zip .*; expected a zip of pictures"):
        opened(tmp_path / "pictures.zip")


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_a_mode_is_told_and_kept(tmp_path: Path, mode: str) -> None:
    archive = opened(zip_of(tmp_path, {"a.png": picture(mode=mode)}))
    assert archive.mode("a.png") == mode
    assert archive.read("a.png").mode == mode


def test_pictures_are_turned_as_their_camera_said(tmp_path: Path) -> None:
    """Orientation 6: the first row of what is stored is the right edge of what was seen."""
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = io.BytesIO()
    Image.fromarray(np.array([[255, 255, 255], [0, 0, 0]], np.uint8)).save(stored, "PNG", exif=exif)
    turned = opened(zip_of(tmp_path, {"a.png": stored.getvalue()})).read("a.png")
    assert np.asarray(turned).tolist() == [[0, 255]] * 3


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"no image", "not a PNG or JPEG"),
        (picture("BMP"), "not a PNG or JPEG"),
        (picture()[:45], "(truncated|broken)"),
        (b"", "not a PNG or JPEG"),
    ],
    ids=["text", "another-format", "cut-short", "empty"],
)
def test_a_damaged_picture_is_named(tmp_path: Path, data: bytes, found: str) -> None:
    archive = opened(zip_of(tmp_path, {"x/a.png": data, "b.png": picture()}))
    with pytest.raises(
        InputError, match=rf"a\.png: .*{found}.*; expected a whole PNG or JPEG of at most 67108864 pixels"
    ):
        archive.read("a.png")
    assert archive.read("b.png").mode == "RGB"


def test_what_cannot_be_read_has_no_mode(tmp_path: Path) -> None:
    assert opened(zip_of(tmp_path, {"a.png": b"no image"})).mode("a.png") is None


def test_a_member_that_unpacks_to_too_much_is_refused_unread(tmp_path: Path) -> None:
    archive = opened(zip_of(tmp_path, {"a.png": bytes(archives.MAX_BYTES + 1)}))
    with pytest.raises(InputError, match=r"a\.png: 67108865 bytes; expected a picture of at most 67108864"):
        archive.read("a.png")
    assert archive.mode("a.png") is None
