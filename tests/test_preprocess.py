"""From pictures to one array."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gans import arrays, celeba, datasets, preprocess
from gans.errors import InputError


def test_the_crop_is_central() -> None:
    picture = Image.new("RGB", (178, 218), (255, 0, 0))
    picture.paste((0, 0, 255), (0, 20, 178, 198))  # the central 178 x 178
    cropped = preprocess.crop_and_shrink(picture, 64, 178)
    assert cropped.shape == (64, 64, 3)
    assert (cropped[4:-4] == [0, 0, 255]).all()  # the filter of the outermost rows reaches over the edge


def test_shrinking_is_antialiased() -> None:
    stripes = np.zeros((128, 128, 3), np.uint8)
    stripes[:, ::2] = 255  # far finer than the small picture can show: only their mean is left
    shrunk = preprocess.crop_and_shrink(Image.fromarray(stripes), 16, None)
    assert np.abs(shrunk[:, 1:-1].astype(int) - 127).max() <= 3


def test_a_crop_larger_than_the_picture_is_refused() -> None:
    with pytest.raises(ValueError, match=r"100x90 pixels; expected at least data\.crop_px = 178 each way"):
        preprocess.crop_and_shrink(Image.new("RGB", (100, 90)), 64, 178)


def pack(
    source: Path, folder: Path, max_images: int | None = None, condition_on: tuple[str, ...] = ()
) -> arrays.Packed:
    folder.mkdir()
    images = datasets.open_images(source, condition_on)
    preprocess.pack(images, folder, size=32, crop_px=178, max_images=max_images)
    return arrays.load(folder)


def test_the_array_holds_each_picture_in_the_order_of_its_split(toyfaces_folder: Path, tmp_path: Path) -> None:
    packed = pack(toyfaces_folder, tmp_path / "out")
    assert packed.images.shape == (48, 32, 32, 3)
    assert packed.images.dtype == np.uint8
    assert packed.meta["splits"] == {"train": [0, 36], "validation": [36, 42], "test": [42, 48]}
    archive = celeba.Archive(toyfaces_folder / celeba.ARCHIVE)
    for index in (0, 36, 47):
        expected = archive.read(f"{index + 1:06d}.jpg").resize(
            (32, 32), Image.Resampling.LANCZOS, box=(0, 20, 178, 198)
        )
        assert (packed.images[index] == np.asarray(expected)).all()


def test_splits_that_are_mixed_in_the_archive_are_apart_in_the_array(toyfaces_folder: Path, tmp_path: Path) -> None:
    whole = pack(toyfaces_folder, tmp_path / "whole").images
    mixed = tmp_path / "mixed"
    mixed.mkdir()
    (mixed / celeba.ARCHIVE).write_bytes((toyfaces_folder / celeba.ARCHIVE).read_bytes())
    (mixed / celeba.PARTITION).write_text("".join(f"{i + 1:06d}.jpg {i % 3}\n" for i in range(48)))
    packed = pack(mixed, tmp_path / "out")
    assert packed.meta["splits"] == {"train": [0, 16], "validation": [16, 32], "test": [32, 48]}
    assert (packed.images == np.concatenate([whole[0::3], whole[1::3], whole[2::3]])).all()


def test_labels_follow_their_images(toyfaces_folder: Path, tmp_path: Path) -> None:
    packed = pack(toyfaces_folder, tmp_path / "out", condition_on=("Smiling", "Eyeglasses"))
    archive = celeba.Archive(toyfaces_folder / celeba.ARCHIVE)
    has = celeba.read_attributes(toyfaces_folder / celeba.ATTRIBUTES, archive.names, ["Smiling", "Eyeglasses"])
    assert packed.labels is not None
    assert (packed.labels == has[:, 0] + 2 * has[:, 1]).all()
    assert packed.meta["class_names"][1] == "Smiling, not Eyeglasses"


def test_fewer_images_are_taken_from_each_split(toyfaces_folder: Path, tmp_path: Path) -> None:
    packed = pack(toyfaces_folder, tmp_path / "out", max_images=24)
    assert packed.meta["splits"] == {"train": [0, 18], "validation": [18, 21], "test": [21, 24]}
    assert len(packed.images[packed.held_out]) == 6


def test_the_same_archive_gives_the_same_bytes(toyfaces_folder: Path, tmp_path: Path) -> None:
    pack(toyfaces_folder, tmp_path / "one")
    pack(toyfaces_folder, tmp_path / "two")
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_all_damaged_images_are_named_at_once(toyfaces_folder: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    small = io.BytesIO()
    Image.new("RGB", (60, 60)).save(small, "JPEG")
    replaced = {"000003.jpg": b"nothing", "000030.jpg": small.getvalue()}
    with (
        zipfile.ZipFile(toyfaces_folder / celeba.ARCHIVE) as whole,
        zipfile.ZipFile(broken / celeba.ARCHIVE, "w") as archive,
    ):
        for info in whole.infolist():
            archive.writestr(info.filename, replaced.get(Path(info.filename).name, whole.read(info)))
    with pytest.raises(InputError) as caught:
        pack(broken, tmp_path / "out")
    assert str(caught.value).startswith("2 of 48 images cannot be used: 000003.jpg: not a JPEG")
    assert "000030.jpg: 60x60 pixels" in str(caught.value)


def test_an_empty_split_is_refused(toyfaces_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the validation split has 1 of 48 images; expected at least 2"):
        pack(toyfaces_folder, tmp_path / "out", max_images=8)


def test_real_photographs_are_packed(real_faces: Path, tmp_path: Path) -> None:
    packed = pack(real_faces, tmp_path / "out", max_images=300, condition_on=("Smiling",))
    assert packed.meta["splits"] == {"train": [0, 240], "validation": [240, 270], "test": [270, 299]}
    assert 90 < packed.images.mean() < 160
    assert packed.labels is not None
    assert 0.2 < packed.labels.mean() < 0.7
