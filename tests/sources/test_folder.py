"""Folders and zips of pictures: labels by sub-folder, and what is passed over, converted or refused."""

import os
from pathlib import Path

import numpy as np
import pytest
from picture_files import saved, zip_of
from PIL import Image

from gans import preprocess
from gans.base.errors import InputError
from gans.data import arrays
from gans.sources import folder
from gans.sources.labelled import LabelledImages

PNG = saved(Image.new("RGB", (8, 6)))


def write(root: Path, names: list[str], content: bytes = PNG) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


def zipped(path: Path, names: list[str]) -> Path:
    return zip_of(path, dict.fromkeys(names, PNG))


def gathered(root: Path, destination: Path) -> LabelledImages:
    folder.gather(root, destination)
    return folder.open_images(destination)


CATS = [f"cat/{number}.png" for number in range(10)]
DOGS = [f"dog/{number}.png" for number in range(20, 30)]


def test_of_ten_images_of_a_class_the_ninth_validates_and_the_tenth_tests(tmp_path: Path) -> None:
    images = gathered(write(tmp_path / "root", CATS + DOGS + ["owl/a.png"]), tmp_path / "raw")
    assert images.splits == {"train": [*range(8), *range(10, 18), 20], "validation": [8, 18], "test": [9, 19]}


@pytest.mark.parametrize(
    ("names", "class_names", "labels"),
    [
        (DOGS + CATS, ["cat", "dog"], [0] * 10 + [1] * 10),
        (["b.png", "a.JPG", "c.tiff"], [], None),
        (["cat/indoors/1.png", "cat/2.png", "dog/a/b/3.png"], ["cat", "dog"], [0, 0, 1]),
        (["a/b/cat/1.png", "a/b/dog/2.png"], ["cat", "dog"], [0, 1]),
    ],
    ids=["classes", "one-place", "deeper-folders", "folders-around"],
)
@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
def test_sub_folders_are_the_labels(
    tmp_path: Path, packed: bool, names: list[str], class_names: list[str], labels: list[int] | None
) -> None:
    root = zipped(tmp_path / "root.zip", names) if packed else write(tmp_path / "root", names)
    images = gathered(root, tmp_path / "raw")
    assert images.names == sorted(names)
    assert images.class_names == class_names
    assert (images.labels.tolist() if images.labels is not None else None) == labels
    assert images.attributes == ()
    assert not images.aligned
    if packed:
        assert (tmp_path / "raw" / folder.ARCHIVE).read_bytes() == root.read_bytes()


def test_backslashes_part_folders_in_a_zip(tmp_path: Path) -> None:
    images = gathered(zipped(tmp_path / "pets.zip", ["cat\\1.png", "dog\\2.png"]), tmp_path / "raw")
    assert images.class_names == ["cat", "dog"]


def test_the_same_folder_gives_the_same_bytes_whatever_its_dates(tmp_path: Path) -> None:
    root = write(tmp_path / "root", CATS + DOGS)
    folder.gather(root, tmp_path / "one")
    for name in CATS:
        os.utime(root / name, (1e9, 1e9))
    folder.gather(root, tmp_path / "two")
    assert (tmp_path / "one" / folder.ARCHIVE).read_bytes() == (tmp_path / "two" / folder.ARCHIVE).read_bytes()


@pytest.mark.parametrize("packed", [False, True])
def test_what_is_no_picture_of_the_users_is_passed_over(tmp_path: Path, packed: bool) -> None:
    others = [".DS_Store", "Thumbs.db", "notes.txt", "__MACOSX/cat/._1.png", "cat/.hidden.png", ".cache/3.png"]
    names = [*others, "cat/1.png", "dog/2.png"]
    root = zipped(tmp_path / "root.zip", names) if packed else write(tmp_path / "root", names)
    assert gathered(root, tmp_path / "raw").names == ["cat/1.png", "dog/2.png"]


PLAIN = "expected UTF-8 without control characters: rename it"


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["1.png", *CATS], r"has 1\.png beside cat/0\.png; expected all images in one folder, or each in"),
        ([*CATS, "dog/1.heic"], "dog holds no image, as a class should; expected pictures whose names end in"),
        (["notes.txt"], r"root, which holds no image; expected pictures whose names end in \.jpg, "),
        ([*CATS, "a\nb.png"], rf"holds 'a\\nb\.png'; {PLAIN}"),
        ([*CATS, os.fsdecode(b"caf\xe9.png")], rf"holds 'caf\\udce9\.png'; {PLAIN}"),
    ],
    ids=["beside", "empty-class", "nothing", "line-end", "not-utf8"],
)
def test_a_folder_of_no_use_is_refused_before_anything_is_written(tmp_path: Path, names: list[str], found: str) -> None:
    with pytest.raises(InputError, match=found) as caught:
        folder.gather(write(tmp_path / "root", names), tmp_path / "raw")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "raw").exists()


def test_a_root_that_is_no_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere, which does not exist; expected a folder or a zip of pictures"):
        folder.gather(tmp_path / "nowhere", tmp_path / "raw")
    (tmp_path / "text").write_text("no zip")
    with pytest.raises(InputError, match="text, which is no zip; expected a folder or a zip of pictures"):
        folder.gather(tmp_path / "text", tmp_path / "raw")


def test_only_grey_pictures_make_one_channel(tmp_path: Path) -> None:
    root = tmp_path / "root"
    for number, mode in enumerate(["1", "L", "LA", "I;16"]):
        write(root, [f"{number}.png"], saved(Image.new(mode, (8, 6))))
    assert gathered(root, tmp_path / "raw").channels == 1
    write(root, ["9.png"])
    assert gathered(root, tmp_path / "raw").channels == 3


def pack(images: LabelledImages, destination: Path) -> arrays.Packed:
    destination.mkdir()
    preprocess.pack(images, destination, size=16, crop_px=178, max_images=None)
    return arrays.load(destination)


def test_mixed_sizes_modes_and_formats_are_converted(tmp_path: Path) -> None:
    """Pictures of one grey, 51: whatever they are saved as, they come out alike."""
    root = tmp_path / "root"
    saved = [
        ("a.png", "RGB", (51, 51, 51)),
        ("b.png", "RGBA", (51, 51, 51, 255)),
        ("c.png", "L", 51),
        ("d.png", "LA", (51, 255)),
        ("e.png", "I;16", 51 * 257),
        ("f.bmp", "RGB", (51, 51, 51)),
        ("g.gif", "L", 51),
        ("h.tif", "I;16", 51 * 257),
        ("i.webp", "RGB", (51, 51, 51)),
        ("j.pgm", "L", 51),
        ("k.ppm", "RGB", (51, 51, 51)),
        ("l.jpeg", "L", 51),
        ("m.jpg", "CMYK", (0, 0, 0, 204)),
    ]
    root.mkdir()
    for number, (name, mode, colour) in enumerate(saved):
        Image.new(mode, (5 + 7 * number, 40 - number), colour).save(root / name)  # type: ignore[arg-type]
    for number in range(20 - len(saved)):
        Image.new("RGB", (9, 9), (51, 51, 51)).save(root / f"z{number}.png")
    packed = pack(gathered(root, tmp_path / "raw"), tmp_path / "out")
    assert packed.images.shape == (20, 16, 16, 3)
    assert np.abs(packed.images.astype(int) - 51).max() <= 2
    assert packed.meta["splits"] == {"train": [0, 16], "validation": [16, 18], "test": [18, 20]}
    assert packed.meta["crop_px"] is None


def test_a_class_of_one_image_trains(tmp_path: Path) -> None:
    root = write(tmp_path / "root", [*CATS, *DOGS, "owl/1.png"])
    packed = pack(gathered(root, tmp_path / "raw"), tmp_path / "out")
    assert packed.meta["class_names"] == ["cat", "dog", "owl"]
    assert packed.meta["class_counts"] == [8, 8, 1]
