"""From pictures to one array."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gans import preprocess
from gans.base.errors import InputError
from gans.data import arrays
from gans.sources import celeba, toyfaces
from gans.sources.labelled import LabelledImages


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
    images = celeba.open_images(source, condition_on)
    preprocess.pack(images, folder, size=32, crop_px=178, max_images=max_images)
    return arrays.load(folder)


def test_the_array_holds_each_picture_in_the_order_of_its_split(toyfaces_folder: Path, tmp_path: Path) -> None:
    packed = pack(toyfaces_folder, tmp_path / "out")
    assert packed.images.shape == (48, 32, 32, 3)
    assert packed.images.dtype == np.uint8
    assert packed.meta["splits"] == {"train": [0, 36], "validation": [36, 42], "test": [42, 48]}
    archive = celeba.open_archive(toyfaces_folder / celeba.ARCHIVE)
    for index in (0, 36, 47):
        expected = archive.read(index).resize((32, 32), Image.Resampling.LANCZOS, box=(0, 20, 178, 198))
        assert (packed.images[index] == np.asarray(expected)).all()


def test_shards_hold_what_one_array_would(toyfaces_folder: Path, tmp_path: Path) -> None:
    """Whatever their size; 20 is no multiple of what a thread decodes at a time."""
    whole = pack(toyfaces_folder, tmp_path / "whole")
    (tmp_path / "shards").mkdir()
    source = celeba.open_images(toyfaces_folder, ())
    preprocess.pack(source, tmp_path / "shards", size=32, crop_px=178, max_images=None, shard_images=20)
    names = [f"images_0000{number}.npy" for number in range(3)]
    assert sorted(path.name for path in (tmp_path / "shards").glob("*.npy")) == ["attributes.npy", *names]
    assert [len(np.load(tmp_path / "shards" / name)) for name in names] == [20, 20, 8]
    sharded = arrays.load(tmp_path / "shards")
    assert (np.array(sharded.images) == whole.images).all()
    assert sharded.meta == whole.meta


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
    drawn = np.array([toyfaces.draw(index).attributes for index in range(1, 49)])
    has = drawn[:, [toyfaces.ATTRIBUTES.index(name) for name in ("Smiling", "Eyeglasses")]]
    having = packed.having(["Smiling", "Eyeglasses"])
    assert having is not None
    assert (having == has).all()
    assert packed.labels is not None
    assert (packed.labels == has[:, 0] + 2 * has[:, 1]).all()
    assert packed.meta["class_names"][1] == "Smiling, not Eyeglasses"
    with pytest.raises(InputError, match=r"classifier\.factors names 'Hat'; expected attributes among Bald, "):
        packed.having(["Hat"])
    assert packed.having([]) is None


def test_every_second_image_of_each_split_is_left_of_half(toyfaces_folder: Path, tmp_path: Path) -> None:
    whole = pack(toyfaces_folder, tmp_path / "whole")
    packed = pack(toyfaces_folder, tmp_path / "out", max_images=24)
    assert packed.meta["splits"] == {"train": [0, 18], "validation": [18, 21], "test": [21, 24]}
    assert len(packed.images[packed.held_out]) == 6
    assert (packed.images == whole.images[::2]).all()


def test_the_same_archive_gives_the_same_bytes(toyfaces_folder: Path, tmp_path: Path) -> None:
    pack(toyfaces_folder, tmp_path / "one")
    pack(toyfaces_folder, tmp_path / "two")
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_an_empty_split_is_refused(toyfaces_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"the validation split has 1 of 48 images; expected at least 2 .* raise data\.max"
    ):
        pack(toyfaces_folder, tmp_path / "out", max_images=8)


def drawn(pictures: list[Image.Image], **changes: object) -> LabelledImages:
    """Return pictures as a data set: all but the last two, which are for testing, are for training."""
    values: dict[str, object] = {
        "names": [f"picture {number}" for number in range(len(pictures))],
        "splits": {"train": range(len(pictures) - 2), "test": range(len(pictures) - 2, len(pictures))},
        "labels": None,
        "class_names": [],
        "read": lambda position: pictures[position],
        "channels": 3,
        "symmetric": True,
    }
    return LabelledImages(**(values | changes))  # type: ignore[arg-type]


def pack_drawn(data: LabelledImages, folder: Path, **changes: object) -> arrays.Packed:
    folder.mkdir()
    preprocess.pack(data, folder, **({"size": 16, "crop_px": 178, "max_images": None} | changes))  # type: ignore[arg-type]
    return arrays.load(folder)


def test_grey_pictures_stay_one_channel(tmp_path: Path) -> None:
    ramp = np.arange(28, dtype=np.uint8).repeat(28).reshape(28, 28) * 8
    packed = pack_drawn(drawn([Image.fromarray(ramp)] * 4, channels=1, symmetric=False), tmp_path / "out", size=32)
    assert packed.images.shape == (4, 32, 32, 1)
    assert packed.meta["channels"] == 1
    assert packed.meta["symmetric"] is False
    rows = packed.images[0, :, 5, 0].astype(int)
    assert (np.diff(rows[2:-2]) > 0).all()  # the ramp is still one: brighter from row to row


def test_only_aligned_pictures_are_cropped(tmp_path: Path) -> None:
    """A picture smaller than data.crop_px is no fault where the crop means nothing: its largest square is kept."""
    picture = Image.new("RGB", (60, 40), (0, 0, 255))
    picture.paste((255, 0, 0), (0, 0, 10, 40))  # beside the central 40 x 40
    packed = pack_drawn(drawn([picture] * 4), tmp_path / "out")
    assert packed.meta["crop_px"] is None
    assert (packed.images[:, :, 4:] == [0, 0, 255]).all()
    with pytest.raises(InputError, match=r"picture 0: 60x40 pixels; expected at least data\.crop_px = 178"):
        pack_drawn(drawn([picture] * 4, aligned=True), tmp_path / "aligned")


@pytest.mark.parametrize("dtype", ["<u2", ">u2", "int32"])
def test_sixteen_bits_of_grey_are_scaled_not_cut_off(dtype: str) -> None:
    picture = Image.fromarray(np.array([[0, 257 * 100, 65535]]).astype(dtype))
    assert np.asarray(preprocess.in_channels(picture, 1)).tolist() == [[0, 100, 255]]
    assert np.asarray(preprocess.in_channels(picture, 3)).tolist() == [[[0] * 3, [100] * 3, [255] * 3]]


@pytest.mark.parametrize(
    "picture", [Image.new("F", (2, 2)), Image.new("I", (2, 2), 70_000), Image.new("I", (2, 2), -1)]
)
def test_deeper_pixels_are_refused(picture: Image.Image) -> None:
    with pytest.raises(ValueError, match="expected 8 or 16 bits a channel"):
        preprocess.in_channels(picture, 1)


def palette(transparent: bool) -> Image.Image:
    picture = Image.new("P", (2, 2), 1)
    picture.putpalette([0, 0, 0, 10, 20, 30])
    if transparent:
        picture.info["transparency"] = 1
    return picture


@pytest.mark.parametrize(
    ("picture", "colour"),
    [
        (Image.new("RGB", (2, 2), (10, 20, 30)), (10, 20, 30)),
        (Image.new("RGBA", (2, 2), (10, 20, 30, 255)), (10, 20, 30)),
        (Image.new("RGBA", (2, 2), (10, 20, 30, 0)), (255, 255, 255)),
        (Image.new("LA", (2, 2), (10, 0)), (255, 255, 255)),
        (palette(transparent=False), (10, 20, 30)),
        (palette(transparent=True), (255, 255, 255)),
        (Image.new("CMYK", (2, 2), (0, 0, 0, 0)), (255, 255, 255)),
        (Image.new("L", (2, 2), 7), (7, 7, 7)),
        (Image.new("1", (2, 2), 1), (255, 255, 255)),
    ],
    ids=["RGB", "opaque", "transparent", "grey", "palette", "transparent-palette", "CMYK", "L", "bits"],
)
def test_any_mode_becomes_three_channels_over_white(picture: Image.Image, colour: tuple[int, ...]) -> None:
    converted = preprocess.in_channels(picture, 3)
    assert converted.mode == "RGB"
    assert converted.getpixel((1, 1)) == colour


def test_the_training_images_of_each_class_are_counted(tmp_path: Path) -> None:
    labels = np.array([0, 0, 0, 2, 1, 1, 2], np.int64)
    data = drawn([Image.new("RGB", (8, 8))] * 7, labels=labels, class_names=["cat", "dog", "owl"])
    packed = pack_drawn(data, tmp_path / "out")
    assert packed.meta["class_counts"] == [3, 1, 1]
    assert packed.labels is not None
    assert packed.labels.tolist() == labels.tolist()
    assert pack_drawn(drawn([Image.new("RGB", (8, 8))] * 7), tmp_path / "without").meta["class_counts"] == []


@pytest.mark.parametrize(
    ("attributes", "remedy"), [((), "leave the class out"), (("Bald",), r"name fewer attributes in data\.condition_on")]
)
def test_a_class_without_training_images_is_refused(tmp_path: Path, attributes: tuple[str, ...], remedy: str) -> None:
    """Those of class dog are all for testing."""
    labels = np.array([0, 0, 0, 2, 2, 1, 1], np.int64)
    data = drawn(
        [Image.new("RGB", (8, 8))] * 7, labels=labels, class_names=["cat", "dog", "owl"], attributes=attributes
    )
    with pytest.raises(InputError, match=rf"none of the 5 training images is of the class 'dog'; .*{remedy}"):
        pack_drawn(data, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_real_photographs_are_packed(real_faces: Path, tmp_path: Path) -> None:
    packed = pack(real_faces, tmp_path / "out", max_images=300, condition_on=("Smiling",))
    assert packed.meta["splits"] == {"train": [0, 240], "validation": [240, 270], "test": [270, 299]}
    assert 90 < packed.images.mean() < 160
    assert packed.labels is not None
    assert 0.2 < packed.labels.mean() < 0.7
