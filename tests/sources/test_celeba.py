"""CelebA's archive and lists: the published quirks, and the faults of real copies."""

import hashlib
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from picture_files import picture, zip_of
from server import Server
from server import server as server  # a fixture

from gans.base.errors import InputError
from gans.sources import celeba, toyfaces

JPEG = picture(kind="JPEG")


def archive_of(folder: Path, *members: str) -> Path:
    """Write a zip of JPEG files with these names."""
    return zip_of(folder / celeba.ARCHIVE, dict.fromkeys(members, JPEG), zipfile.ZIP_STORED)


@pytest.mark.parametrize("parent", ["img_align_celeba/", "img_align_celeba/img_align_celeba/"])
def test_pictures_are_read_in_the_order_of_their_numbers(tmp_path: Path, parent: str) -> None:
    """Also of Kaggle's copy, which is doubly nested."""
    names = [f"{parent}000002.jpg", f"{parent}000001.jpg", parent, "__MACOSX/x"]
    archive = celeba.open_archive(archive_of(tmp_path, *names))
    assert archive.names == ["000001.jpg", "000002.jpg"]
    assert archive.read(0).size == (6, 4)


@pytest.mark.parametrize("content", [b"", b"<html>quota exceeded</html>", b"PK\x03\x04 and nothing more"])
def test_what_is_no_zip_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / celeba.ARCHIVE
    path.write_bytes(content)
    with pytest.raises(InputError, match=rf"{path} is not a readable zip .*expected CelebA's {celeba.ARCHIVE}"):
        celeba.open_archive(path)


def test_an_archive_without_images_is_named(tmp_path: Path) -> None:
    path = archive_of(tmp_path, "readme.txt", "../000001.jpg", "/000002.jpg")
    with pytest.raises(InputError, match=r"holds no image; expected .* members such as img_align_celeba/000001\.jpg"):
        celeba.open_archive(path)


def test_a_flipped_bit_in_the_archive_is_noticed(tmp_path: Path) -> None:
    path = archive_of(tmp_path, "img_align_celeba/000007.jpg")
    data = bytearray(path.read_bytes())
    data[400] ^= 1
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"000007\.jpg: Bad CRC-32"):
        celeba.open_archive(path).read(0)


def test_only_jpeg_files_are_pictures(tmp_path: Path) -> None:
    path = zip_of(tmp_path / celeba.ARCHIVE, {"img_align_celeba/000007.jpg": picture(kind="PNG")})
    with pytest.raises(InputError, match=r"000007\.jpg: not a JPEG; expected a whole JPEG"):
        celeba.open_archive(path).read(0)


NAMES = ["000001.jpg", "000002.jpg", "000003.jpg"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("000001.jpg 0\n000002.jpg 3\n000003.jpg 0\n", r"line 2: '000002\.jpg 3'; expected a file name and 0, 1 or 2"),
        ("000001.jpg 0\n000002.jpg 1\n", r"has no row for 000003\.jpg; expected one row for each of 3 images"),
        ("000001.jpg 0\n", r"has no row for 000002\.jpg and 1 more"),
        ("000001.jpg 0\n000001.jpg 2\n", r"line 2: 000001\.jpg stands there a second time"),
        ("".join(f"00000{i}.jpg 0\n" for i in range(1, 5)), r"lists what the archive lacks: 000004\.jpg"),
    ],
)
def test_a_partition_that_disagrees_with_the_archive_is_refused(tmp_path: Path, text: str, line: str) -> None:
    path = tmp_path / celeba.PARTITION
    path.write_text(text)
    with pytest.raises(InputError, match=line):
        celeba.read_partition(path, NAMES)


def test_without_a_list_the_official_size_has_the_official_split() -> None:
    split = celeba.default_partition(202_599)
    assert {name: len(indices) for name, indices in split.items()} == celeba.OFFICIAL_SPLIT
    assert (split["train"][0], split["validation"][0], split["test"][-1]) == (0, 162_770, 202_598)


def test_without_a_list_other_sizes_are_split_80_10_10() -> None:
    assert [len(indices) for indices in celeba.default_partition(105).values()] == [85, 10, 10]


ATTRIBUTES = "3\nBald Smiling \n000001.jpg -1  1\n000002.jpg  1 -1 \r\n000003.jpg  1  1\n"
EXPECTED = "expected a file name and 2 values, each -1 or 1"


def test_all_attributes_are_read(tmp_path: Path) -> None:
    path = tmp_path / celeba.ATTRIBUTES
    path.write_bytes(ATTRIBUTES.encode())
    known, values = celeba.read_attributes(path, NAMES)
    assert known == ["Bald", "Smiling"]
    assert values.tolist() == [[False, True], [True, False], [True, True]]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (ATTRIBUTES.replace("3\n", "4\n", 1), "its first line says '4', but it has 3 rows"),
        (ATTRIBUTES.replace("-1  1\n", "-1  0\n"), f"line 3: '000001.jpg -1 0'; {EXPECTED}"),
        (ATTRIBUTES.replace("000003.jpg  1  1", "000003.jpg  1"), f"line 5: '000003.jpg 1'; {EXPECTED}"),
        (ATTRIBUTES.replace("Bald", "Smiling"), "names the attribute 'Smiling' twice; expected each once"),
        (ATTRIBUTES.replace("000003", "000004"), r"has no row for 000003\.jpg"),
        ("3\n", "has 1 lines; expected a count"),
        ("\xff", "is not a text file"),
    ],
)
def test_broken_attribute_lists_are_refused(tmp_path: Path, text: str, line: str) -> None:
    path = tmp_path / celeba.ATTRIBUTES
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match=line):
        celeba.read_attributes(path, NAMES)


def test_local_files_are_copied_with_the_lists_that_are_there(toyfaces_folder: Path, tmp_path: Path) -> None:
    celeba.gather(toyfaces_folder, tmp_path, None)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(path.name for path in toyfaces_folder.iterdir())


def test_a_local_archive_with_another_hash_is_refused_before_it_is_copied(
    toyfaces_folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=rf"has SHA-256 [0-9a-f]{{64}}; expected {'0' * 64}, as data.sha256 says"):
        celeba.gather(toyfaces_folder, tmp_path, "0" * 64)
    assert not list(tmp_path.iterdir())


def test_a_root_without_the_archive_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"which is no folder; expected one that holds img_align_celeba\.zip"):
        celeba.gather(tmp_path / "nowhere", tmp_path, None)
    with pytest.raises(InputError, match=r"which holds no img_align_celeba\.zip"):
        celeba.gather(tmp_path, tmp_path, None)


@pytest.fixture
def sha256(server: Server, toyfaces_folder: Path) -> str:
    """The hash of the toyfaces' archive, which the server has."""
    server.content = (toyfaces_folder / celeba.ARCHIVE).read_bytes()
    return hashlib.sha256(server.content).hexdigest()


def test_the_archive_is_fetched_alone_and_leftovers_of_other_tries_go(
    server: Server, sha256: str, tmp_path: Path
) -> None:
    folder = tmp_path / "incoming"
    folder.mkdir()
    (folder / celeba.PARTITION).write_text("000001.jpg 0\n")
    celeba.fetch(folder, tmp_path / "kept", server.url, sha256.upper(), with_attributes=False)
    assert [path.name for path in folder.iterdir()] == [celeba.ARCHIVE]


def test_what_is_there_already_is_not_fetched(
    server: Server, sha256: str, toyfaces_folder: Path, tmp_path: Path
) -> None:
    celeba.fetch(tmp_path / "incoming", toyfaces_folder, server.url, sha256, with_attributes=False)
    assert server.requests == []
    assert [path.name for path in (tmp_path / "incoming").iterdir()] == [celeba.ARCHIVE]


def test_an_archive_that_is_not_celebas_is_refused_without_a_hash_of_its_own(server: Server, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=celeba.ARCHIVE_SHA256):
        celeba.fetch(tmp_path / "incoming", tmp_path / "kept", server.url, None, with_attributes=False)
    assert list((tmp_path / "incoming").iterdir()) == []


def test_what_is_written_has_celebas_quirks(toyfaces_folder: Path) -> None:
    assert {len(line) for line in (toyfaces_folder / celeba.PARTITION).read_bytes().splitlines(keepends=True)} == {14}
    count, header, first, *_ = (toyfaces_folder / celeba.ATTRIBUTES).read_text().split("\n")
    assert count == "48"
    assert header.endswith(" ")
    assert header.split() == list(toyfaces.ATTRIBUTES)
    assert first.startswith("000001.jpg ")
    assert len(first) == len("000001.jpg") + 3 * len(toyfaces.ATTRIBUTES)


def test_what_is_written_is_read_back(toyfaces_folder: Path) -> None:
    archive = celeba.open_archive(toyfaces_folder / celeba.ARCHIVE)
    splits = celeba.read_partition(toyfaces_folder / celeba.PARTITION, archive.names)
    assert [len(split) for split in splits.values()] == [36, 6, 6]
    known, read = celeba.read_attributes(toyfaces_folder / celeba.ATTRIBUTES, archive.names)
    assert known == list(toyfaces.ATTRIBUTES)
    assert (read[6] == np.array(toyfaces.draw(7).attributes)).all()


def test_labels_are_the_joint_values_of_the_attributes(toyfaces_folder: Path) -> None:
    images = celeba.open_images(toyfaces_folder, ["Smiling", "Wearing_Hat"])
    assert images.class_names == [
        "not Smiling, not Wearing_Hat",
        "Smiling, not Wearing_Hat",
        "not Smiling, Wearing_Hat",
        "Smiling, Wearing_Hat",
    ]
    assert images.attributes == ["Smiling", "Wearing_Hat"]
    drawn = [toyfaces.draw(index).attributes for index in range(1, 49)]
    smiling, hat = (toyfaces.ATTRIBUTES.index(name) for name in ("Smiling", "Wearing_Hat"))
    assert images.labels is not None
    assert images.labels.tolist() == [has[smiling] + 2 * has[hat] for has in drawn]


def test_labels_without_the_list_are_refused(toyfaces_folder: Path, tmp_path: Path) -> None:
    shutil.copyfile(toyfaces_folder / celeba.ARCHIVE, tmp_path / celeba.ARCHIVE)
    with pytest.raises(InputError, match=r"data\.condition_on is \['Smiling'\], but there is no list_attr_celeba\.txt"):
        celeba.open_images(tmp_path, ["Smiling"])


def test_of_two_attributes_the_unknown_one_is_named(toyfaces_folder: Path) -> None:
    with pytest.raises(
        InputError, match=r"has no attribute 'Smilling'; expected one of .*Eyeglasses, .*Smiling"
    ) as caught:
        celeba.open_images(toyfaces_folder, ["Eyeglasses", "Smilling"])
    assert "\n" not in str(caught.value)


def test_the_same_faces_give_the_same_archive(toyfaces_folder: Path, tmp_path: Path) -> None:
    celeba.write(tmp_path, toyfaces.ATTRIBUTES, toyfaces.jpegs(48), 48)
    for path in toyfaces_folder.iterdir():
        assert path.read_bytes() == (tmp_path / path.name).read_bytes()
