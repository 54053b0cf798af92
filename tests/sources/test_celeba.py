"""CelebA's archive and lists: the published quirks, and the faults of real copies."""

import io
import shutil
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gans.base import artefacts
from gans.base.errors import InputError
from gans.sources import celeba, toyfaces


def jpeg(width: int = 178, height: int = 218) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), (200, 100, 50)).save(file, "JPEG")
    return file.getvalue()


def archive_of(folder: Path, members: dict[str, bytes]) -> Path:
    path = folder / celeba.ARCHIVE
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def test_pictures_are_read_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    names = ["img_align_celeba/000002.jpg", "img_align_celeba/000001.jpg", "img_align_celeba/", "__MACOSX/x"]
    archive = celeba.Archive(archive_of(tmp_path, dict.fromkeys(names, jpeg())))
    assert archive.names == ["000001.jpg", "000002.jpg"]
    assert archive.read("000001.jpg").size == (178, 218)


def test_the_doubly_nested_copy_is_accepted(tmp_path: Path) -> None:
    archive = celeba.Archive(archive_of(tmp_path, {"img_align_celeba/img_align_celeba/000001.jpg": jpeg()}))
    assert archive.names == ["000001.jpg"]


@pytest.mark.parametrize("content", [b"", b"<html>quota exceeded</html>", b"PK\x03\x04 and nothing more"])
def test_what_is_no_zip_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / celeba.ARCHIVE
    path.write_bytes(content)
    with pytest.raises(InputError, match=rf"{path} is not a readable zip .*expected CelebA's {celeba.ARCHIVE}"):
        celeba.Archive(path)


def test_an_archive_without_images_is_named(tmp_path: Path) -> None:
    path = archive_of(tmp_path, {"readme.txt": b"hello", "../000001.jpg": jpeg(), "/000002.jpg": jpeg()})
    with pytest.raises(InputError, match=r"holds no image; expected .* members such as img_align_celeba/000001\.jpg"):
        celeba.Archive(path)


def test_an_image_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    members = {"img_align_celeba/000001.jpg": jpeg(), "img_align_celeba/img_align_celeba/000001.jpg": jpeg()}
    with pytest.raises(InputError, match="holds an image twice"):
        celeba.Archive(archive_of(tmp_path, members))


def png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (178, 218)).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (jpeg()[:-200], "truncated"),
        (png(), "not a JPEG"),
        (b"no image", "not a JPEG"),
        (
            jpeg().replace(b"\x00\xda\x00\xb2", b"\x23\x28\x23\x28"),
            r"Image size \(81000000 pixels\) exceeds limit of 67108864",
        ),
        (jpeg().replace(b"\x00\xda\x00\xb2", b"\x4e\x20\x4e\x20"), r"Image size \(400000000 pixels\) exceeds"),
    ],
)
def test_a_damaged_image_is_named(tmp_path: Path, data: bytes, found: str) -> None:
    archive = celeba.Archive(archive_of(tmp_path, {"img_align_celeba/000007.jpg": data}))
    with pytest.raises(InputError, match=rf"000007\.jpg: .*{found}"):
        archive.read("000007.jpg")


def test_a_flipped_bit_in_the_archive_is_noticed(tmp_path: Path) -> None:
    path = archive_of(tmp_path, {"img_align_celeba/000007.jpg": jpeg()})
    data = bytearray(path.read_bytes())
    data[400] ^= 1
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"000007\.jpg: Bad CRC-32"):
        celeba.Archive(path).read("000007.jpg")


def test_a_damaged_compressed_member_is_named(tmp_path: Path) -> None:
    path = tmp_path / celeba.ARCHIVE
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("img_align_celeba/000007.jpg", jpeg())
    whole = path.read_bytes()
    for place in range(60, 120):
        path.write_bytes(whole[:place] + b"\xff\xff" + whole[place + 2 :])
        with pytest.raises(InputError, match=r"000007\.jpg: "):
            celeba.Archive(path).read("000007.jpg")


NAMES = ["000001.jpg", "000002.jpg", "000003.jpg"]


@pytest.mark.parametrize("ending", ["\n", "\r\n", " \n"])
def test_the_partition_list_is_read_with_any_line_ending(tmp_path: Path, ending: str) -> None:
    path = tmp_path / celeba.PARTITION
    path.write_bytes(f"000001.jpg 0{ending}000002.jpg 2{ending}000003.jpg 0{ending}".encode())
    assert celeba.read_partition(path, NAMES) == {"train": [0, 2], "validation": [], "test": [1]}


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
        (ATTRIBUTES.replace("-1  1\n", "-1  0\n"), "line 3: expected a file name and 2 values, each -1 or 1"),
        (ATTRIBUTES.replace("000003.jpg  1  1", "000003.jpg  1"), "line 5: expected a file name and 2 values"),
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
    celeba.copy_local(toyfaces_folder, tmp_path, None)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(path.name for path in toyfaces_folder.iterdir())


def test_a_local_archive_with_another_hash_is_refused_before_it_is_copied(
    toyfaces_folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=rf"has SHA-256 [0-9a-f]{{64}}; expected {'0' * 64}, as data.sha256 says"):
        celeba.copy_local(toyfaces_folder, tmp_path, "0" * 64)
    assert not list(tmp_path.iterdir())


def test_a_root_without_the_archive_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"which is no folder; expected one that holds img_align_celeba\.zip"):
        celeba.copy_local(tmp_path / "nowhere", tmp_path, None)
    with pytest.raises(InputError, match=r"which holds no img_align_celeba\.zip"):
        celeba.copy_local(tmp_path, tmp_path, None)


@pytest.fixture
def served(toyfaces_folder: Path) -> Iterator[tuple[str, list[str]]]:
    """The address of the toyfaces' archive on a loopback server, and the requests that it has answered."""
    requests: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *words: object) -> None:
            requests.append(self.path)

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(toyfaces_folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/{celeba.ARCHIVE}", requests
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_archive_is_fetched_alone_and_leftovers_of_other_tries_go(
    served: tuple[str, list[str]], toyfaces_folder: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "incoming"
    folder.mkdir()
    (folder / celeba.PARTITION).write_text("000001.jpg 0\n")
    sha256 = artefacts.sha256_of(toyfaces_folder / celeba.ARCHIVE)
    celeba.fetch(folder, tmp_path / "kept", served[0], sha256.upper(), with_attributes=False)
    assert [path.name for path in folder.iterdir()] == [celeba.ARCHIVE]


def test_what_is_there_already_is_not_fetched(
    served: tuple[str, list[str]], toyfaces_folder: Path, tmp_path: Path
) -> None:
    sha256 = artefacts.sha256_of(toyfaces_folder / celeba.ARCHIVE)
    celeba.fetch(tmp_path / "incoming", toyfaces_folder, served[0], sha256, with_attributes=False)
    assert served[1] == []
    assert sorted(path.name for path in (tmp_path / "incoming").iterdir()) == [celeba.ARCHIVE]


def test_an_archive_that_is_not_celebas_is_refused_without_a_hash_of_its_own(
    served: tuple[str, list[str]], tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=celeba.ARCHIVE_SHA256):
        celeba.fetch(tmp_path / "incoming", tmp_path / "kept", served[0], None, with_attributes=False)
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
    archive = celeba.Archive(toyfaces_folder / celeba.ARCHIVE)
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
