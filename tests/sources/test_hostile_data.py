"""Archives, lists and batches that are broken or meant to do harm: what is wrong is named, in one line, and no more."""

import gzip
import io
import pickle
import shutil
import struct
import tarfile
import tracemalloc
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
from cifar_files import BATCHES
from hypothesis import example, given, settings
from hypothesis import strategies as st
from idx_files import idx_bytes
from PIL import Image
from samples import picture, zip_of

from gans.base import paths
from gans.base.errors import InputError
from gans.sources import archives, celeba, cifar, folder, idx
from gans.sources.labelled import LabelledImages
from stages import preprocess

steady = settings(max_examples=150, derandomize=True, deadline=None, database=None)
RANDOM = np.random.default_rng(0)
MEBIBYTE = 2**20
Result = TypeVar("Result")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the examples of a property share: each writes its files anew."""
    return tmp_path_factory.mktemp("hostile")


@contextmanager
def refused(*names: object) -> Iterator[None]:
    """Expect an InputError of one line that has one of `names`."""
    with pytest.raises(InputError) as caught:
        yield
    check_line(caught.value, *names)


def check_line(error: InputError, *names: object) -> None:
    assert len(str(error).splitlines()) == 1
    assert any(str(name) in str(error) for name in names), error
    assert len(str(error)) < 500
    assert ": ;" not in str(error)


def outcome(get: Callable[[], Result], *names: object) -> Result | None:
    """Return what is got; None when it is refused in one line that has one of `names`."""
    try:
        return get()
    except InputError as error:
        check_line(error, *names)
        return None


@contextmanager
def within(limit: int) -> Iterator[None]:
    """Expect what is done to take less memory than `limit` bytes."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < limit
    finally:
        tracemalloc.stop()


def edited(draw: st.DrawFn, data: bytes) -> bytes:
    """Return `data` with up to three edits, as often at its ends, where the heads are, as elsewhere."""
    places = st.one_of(st.integers(0, 150), st.integers(-150, -1), st.integers(0, 10**6))
    for kind in draw(st.lists(st.sampled_from(["flip", "set", "insert", "delete", "cut"]), min_size=1, max_size=3)):
        if not data:
            break
        at = draw(places) % len(data)
        if kind == "flip":
            data = data[:at] + bytes([data[at] ^ 1 << draw(st.integers(0, 7))]) + data[at + 1 :]
        elif kind == "set":
            new = draw(
                st.sampled_from([b"\0", b"\xff", b"\n", b"\0\0\0\0", b"\xff\xff\xff\xff", b"\0\x40", b"R", b"r"])
            )
            data = data[:at] + new + data[at + len(new) :]
        elif kind == "insert":
            data = data[:at] + draw(st.binary(min_size=1, max_size=8)) + data[at:]
        elif kind == "delete":
            data = data[:at] + data[at + draw(st.integers(1, 8)) :]
        else:
            data = data[:at]
    return data


def edits(data: bytes) -> st.SearchStrategy[bytes]:
    return st.composite(edited)(data)


# Lists

NAMES = [f"{number:06d}.jpg" for number in range(1, 6)]
ENDINGS = st.sampled_from(["\n", "\r\n", " \n", "  \r\n", "\r", "\n\n", "\t\n \n"])


@st.composite
def changed_rows(draw: st.DrawFn, values: st.SearchStrategy[Any]) -> list[tuple[str, Any]]:
    """Draw a right list's rows in any order, of which some may be dropped, doubled, renamed or added."""
    rows = [(name, draw(values)) for name in draw(st.permutations(NAMES))]
    for kind in draw(st.lists(st.sampled_from(["drop", "double", "rename", "add"]), max_size=2)):
        at = draw(st.integers(0, len(rows) - 1))
        other = draw(st.sampled_from([*NAMES, "000009.jpg", "../000001.jpg", "000001.JPG", "\x00", "-1"]))
        if kind == "drop" and len(rows) > 1:
            del rows[at]
        elif kind == "rename":
            rows[at] = (other, rows[at][1])
        elif kind != "drop":
            rows.insert(at, (rows[at][0] if kind == "double" else other, rows[at][1]))
    return rows


@steady
@given(rows=changed_rows(st.sampled_from(["0", "1", "2", "0", "1", "2", "3", "-1", "x", "0 1"])), ending=ENDINGS)
def test_a_partition_is_what_it_says_or_refused(place: Path, rows: list[tuple[str, str]], ending: str) -> None:
    path = place / celeba.PARTITION
    path.write_text("".join(f"{name} {value}{ending}" for name, value in rows), newline="")
    if sorted(name for name, _ in rows) == NAMES and all(value in ("0", "1", "2") for _, value in rows):
        split_of = {name: celeba.SPLITS[int(value)] for name, value in rows}
        expected = {split: [i for i, name in enumerate(NAMES) if split_of[name] == split] for split in celeba.SPLITS}
        assert celeba.read_partition(path, NAMES) == expected
    else:
        with refused(path):
            celeba.read_partition(path, NAMES)


@steady
@given(
    rows=changed_rows(st.lists(st.sampled_from(["1", "-1"] * 6 + ["0", "+1"]), min_size=2, max_size=2)),
    known=st.sampled_from([["Bald", "Smiling"]] * 6 + [["Bald"], ["Bald", "Bald"], ["Bald", "Smiling", "Young"]]),
    off=st.sampled_from([0] * 6 + [-1, 1]),
    ending=ENDINGS,
)
def test_attributes_are_what_they_say_or_refused(
    place: Path, rows: list[tuple[str, list[str]]], known: list[str], off: int, ending: str
) -> None:
    path = place / celeba.ATTRIBUTES
    lines = [str(len(rows) + off), " ".join(known), *(f"{name}  {' '.join(values)}" for name, values in rows)]
    path.write_text("".join(line + ending for line in lines), newline="")
    whole = sorted(name for name, _ in rows) == NAMES and off == 0 and known == ["Bald", "Smiling"]
    if whole and all({"1", "-1"}.issuperset(values) for _, values in rows):
        found, values = celeba.read_attributes(path, NAMES)
        assert found == known
        assert values.tolist() == [[value == "1" for value in dict(rows)[name]] for name in NAMES]
    else:
        with refused(path):
            celeba.read_attributes(path, NAMES)


PARTITION = "".join(f"{name} {number % 3}\r\n" for number, name in enumerate(NAMES)).encode()
ATTRIBUTES = ("5\nBald Smiling \n" + "".join(f"{name} -1  1\n" for name in NAMES)).encode()


@steady
@given(content=st.one_of(st.binary(max_size=200), st.text(max_size=100).map(str.encode), edits(PARTITION)))
@example(content=b"\xef\xbb\xbf" + PARTITION)
@example(content=PARTITION.replace(b"\r\n", b" ") * 10_000)
def test_any_bytes_for_a_partition_are_read_or_refused_in_one_line(place: Path, content: bytes) -> None:
    path = place / celeba.PARTITION
    path.write_bytes(content)
    if splits := outcome(lambda: celeba.read_partition(path, NAMES), path):
        assert sorted(i for split in splits.values() for i in split) == [0, 1, 2, 3, 4]


@steady
@given(content=st.one_of(st.binary(max_size=200), st.text(max_size=100).map(str.encode), edits(ATTRIBUTES)))
def test_any_bytes_for_attributes_are_read_or_refused_in_one_line(place: Path, content: bytes) -> None:
    path = place / celeba.ATTRIBUTES
    path.write_bytes(content)
    if found := outcome(lambda: celeba.read_attributes(path, NAMES), path):
        assert len(set(found[0])) == len(found[0]) == 2
        assert found[1].shape == (5, 2)


# Zips


def decoded(data: bytes) -> list[Any]:
    return list(np.asarray(Image.open(io.BytesIO(data))).tolist())


PICTURES = {f"cat/{number}.png": picture(number) for number in range(3)}
JPEGS = {f"img_align_celeba/{name}": picture(number, "JPEG") for number, name in enumerate(NAMES[:3])}


@pytest.mark.parametrize(
    ("name", "open_images", "members", "compression"),
    [
        (folder.ARCHIVE, folder.open_images, PICTURES, zipfile.ZIP_STORED),
        (folder.ARCHIVE, folder.open_images, PICTURES, zipfile.ZIP_DEFLATED),
        (celeba.ARCHIVE, partial(celeba.open_images, condition_on=[]), JPEGS, zipfile.ZIP_STORED),
        (celeba.ARCHIVE, partial(celeba.open_images, condition_on=[]), JPEGS, zipfile.ZIP_DEFLATED),
    ],
    ids=["stored", "deflated", "faces", "deflated-faces"],
)
@steady
@given(data=st.data())
def test_an_edited_zip_gives_its_own_pictures_or_a_line(
    place: Path,
    name: str,
    open_images: Callable[[Path], LabelledImages],
    members: dict[str, bytes],
    compression: int,
    data: st.DataObject,
) -> None:
    """Each picture is one of the members', and is that of its name if there is one."""
    path = zip_of(place / "zips" / name, members, compression)
    path.write_bytes(data.draw(edits(path.read_bytes())))
    originals = {name.rpartition("/")[2]: decoded(data) for name, data in members.items()}
    images = outcome(lambda: open_images(path.parent), path, "data.root ")
    for position, name in enumerate(images.names if images else ()):
        picture = outcome(partial(images.read, position), name)
        if picture:
            found, expected = np.asarray(picture).tolist(), originals.get(name.rpartition("/")[2])
            assert found == expected if expected else found in originals.values()


@steady
@given(
    content=st.one_of(
        st.binary(max_size=300), edits(picture()), edits(picture(kind="JPEG")), edits(picture(kind="GIF"))
    )
)
def test_any_bytes_for_a_picture_are_one_or_refused_in_one_line(place: Path, content: bytes) -> None:
    images = folder.open_images(zip_of(place / folder.ARCHIVE, {"a.png": content}).parent)
    if found := outcome(lambda: images.read(0), "a.png: "):
        assert min(found.size) > 0


STRANGE = st.text(st.sampled_from(list("ab./\\:\0\n\r\x1b\x85\u2028 é~C")), max_size=12)


@steady
@given(
    names=st.sets(st.builds(lambda stem, end: stem + end, STRANGE, st.sampled_from([".png", ".PNG", ""])), max_size=4)
)
def test_a_members_name_never_leads_out_nor_breaks_a_line(place: Path, names: set[str]) -> None:
    with warnings.catch_warnings():  # zipfile's word for two that are the same up to a NUL
        warnings.simplefilter("ignore", UserWarning)
        path = zip_of(place / folder.ARCHIVE, dict.fromkeys(sorted(names), picture()))
    images = outcome(lambda: folder.open_images(place), path, "data.root ")
    for position, name in enumerate(images.names if images else ()):
        assert not name.startswith("/")
        assert not name.lower().startswith("c:/")
        assert ".." not in name.split("/")
        assert len(name.splitlines()) == 1
        assert "\0" not in name
        assert images.read(position).size == (6, 4)


OUTSIDE = ["/1.png", "../1.png", "cat/../../1.png", "..\\..\\1.png"]
OUTSIDE += ["C:\\pictures\\1.png", "c:/1.png", "\\\\server\\share\\1.png"]


@pytest.mark.parametrize("name", [*OUTSIDE, "a\n1.png", "\x1b[2J.png"])
def test_names_of_places_outside_and_control_characters_are_refused(tmp_path: Path, name: str) -> None:
    zip_of(tmp_path / folder.ARCHIVE, {name: picture(), "cat/2.png": picture()})
    expected = "names below its own top: pack it anew" if name in OUTSIDE else "UTF-8 without control characters"
    with refused(f"data.root holds {name!r}; expected {expected}"):
        folder.open_images(tmp_path)


def test_a_file_whose_name_breaks_a_line_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "a\nb.png").write_bytes(picture())
    with refused("'a\\nb.png'; expected UTF-8 without control characters: rename it"):
        folder.gather(root, tmp_path / "raw")
    assert not (tmp_path / "raw").exists()


def test_a_name_ends_at_its_nul(tmp_path: Path) -> None:
    path = zip_of(tmp_path / folder.ARCHIVE, {"1.png0.txt": picture()})
    path.write_bytes(path.read_bytes().replace(b"1.png0.txt", b"1.png\0.txt"))
    images = folder.open_images(tmp_path)
    assert images.names == ["1.png"]
    assert np.asarray(images.read(0)).tolist() == decoded(picture())


def test_hostile_members_beside_the_faces_are_passed_over(tmp_path: Path) -> None:
    """Nothing is unpacked: names that lead elsewhere lead nowhere."""
    hostile = ["/000004.jpg", "../000005.jpg", "C:\\000006.jpg", "img_align_celeba/../../000007.jpg", "read.me"]
    zip_of(tmp_path / celeba.ARCHIVE, JPEGS | dict.fromkeys(hostile, picture(kind="JPEG")))
    images = celeba.open_images(tmp_path, [])
    assert images.names == NAMES[:3]
    assert [path.name for path in tmp_path.iterdir()] == [celeba.ARCHIVE]


def test_a_member_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / folder.ARCHIVE
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("cat/1.png", picture(1))
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("cat/1.png", picture(2))
    with refused(f"{path} holds an image twice"):
        folder.open_images(tmp_path)


def test_a_link_is_no_picture(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("cat/1.png")
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / folder.ARCHIVE, "w") as archive:
        archive.writestr(info, "/etc/passwd")
    with refused("cat/1.png: not a JPEG or PNG"):
        folder.open_images(tmp_path).read(0)


def patched(path: Path, local: int, central: int, value: int, width: int = 2) -> None:
    """Set a field of the first member, at its places in the local head and in the central directory's record."""
    data = bytearray(path.read_bytes())
    record = data.index(b"PK\1\2")
    for at in (data.index(b"PK\3\4") + local, record + central):
        data[at : at + width] = value.to_bytes(width, "little")
    path.write_bytes(data)


def encrypted(path: Path) -> None:
    patched(path, 6, 8, 1)


def compressed_by_nothing_known(path: Path) -> None:
    patched(path, 8, 10, 99)


@pytest.mark.parametrize(
    ("fault", "found"), [(encrypted, "is encrypted"), (compressed_by_nothing_known, "is compressed, but not deflated")]
)
def test_members_that_cannot_be_unpacked_are_named(tmp_path: Path, fault: Callable[[Path], None], found: str) -> None:
    fault(zip_of(tmp_path / folder.ARCHIVE, {"cat/1.png": picture()}))
    images = folder.open_images(tmp_path)
    with pytest.raises(InputError, match=rf"^cat/1\.png: .*{found}.*; expected a whole JPEG"):
        images.read(0)


BOMB = bytes(150 * MEBIBYTE)


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_a_member_that_claims_little_and_unpacks_to_much_takes_no_memory(tmp_path: Path, compression: int) -> None:
    path = zip_of(tmp_path / folder.ARCHIVE, {"1.png": BOMB}, compression)
    assert path.stat().st_size < MEBIBYTE
    patched(path, 22, 24, 100, width=4)
    with within(8 * MEBIBYTE), refused("1.png: "):
        folder.open_images(tmp_path).read(0)


def test_a_name_of_kilobytes_of_garbage_is_not_told(tmp_path: Path) -> None:
    path = zip_of(tmp_path / folder.ARCHIVE, {"1.png": RANDOM.bytes(10_000)}, zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    data[26:28] = struct.pack("<H", 9000)  # the length of the name in the local head
    path.write_bytes(data)
    with refused("1.png: File name in directory"):
        folder.open_images(tmp_path).read(0)


@pytest.mark.parametrize("claimed", [64 * MEBIBYTE + 1, 2**32 - 16])
def test_a_member_that_claims_too_much_is_refused_unread(tmp_path: Path, claimed: int) -> None:
    patched(zip_of(tmp_path / folder.ARCHIVE, {"1.png": picture()}), 22, 24, claimed, width=4)
    with within(8 * MEBIBYTE), refused(f"1.png: {claimed} bytes; expected a picture of at most 67108864"):
        folder.open_images(tmp_path).read(0)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


HUGE = {
    "png": b"\x89PNG\r\n\x1a\n"
    + chunk(b"IHDR", struct.pack(">2I5B", 2**31 - 1, 2**31 - 1, 8, 2, 0, 0, 0))
    + picture()[33:],
    "gif": b"GIF89a" + b"\xff" * 4 + picture(kind="GIF")[10:],
    "bmp": (bmp := picture(kind="BMP"))[:18] + struct.pack("<2i", 10**6, 10**6) + bmp[26:],
    "ppm": b"P6 100000 100000 255\n" + bytes(100),
}


@pytest.mark.parametrize("kind", HUGE)
def test_a_head_of_gigantic_dimensions_takes_no_memory(tmp_path: Path, kind: str) -> None:
    zip_of(tmp_path / folder.ARCHIVE, {f"1.{kind}": HUGE[kind]})
    with within(8 * MEBIBYTE), refused(f"1.{kind}: Image size ("):
        folder.open_images(tmp_path).read(0)


def test_twenty_of_25_damaged_pictures_are_named_and_no_array_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_params: Callable[..., Path], toyfaces_folder: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(toyfaces_folder, paths.raw("celeba"))
    with zipfile.ZipFile(toyfaces_folder / celeba.ARCHIVE) as whole:
        members = {name: whole.read(name) for name in whole.namelist()}
    faults: list[Callable[[bytes], bytes]] = [
        lambda data: data[:-300],
        lambda data: b"",
        lambda data: b"<html>",
        lambda data: picture(),
        lambda data: data[:20],
    ]
    broken = [f"{number:06d}.jpg" for number in (*range(2, 49, 2), 47)]
    for number, name in enumerate(broken):
        member = f"img_align_celeba/{name}"
        members[member] = faults[number % len(faults)](members[member])
    zip_of(paths.raw("celeba") / celeba.ARCHIVE, members, zipfile.ZIP_STORED)
    write_params({"dataset": "celeba", "image_size": 16})
    with pytest.raises(InputError) as caught:
        preprocess.main()
    listed = [
        problem.split(":")[0] for problem in str(caught.value).split("used: ")[1].split("; ") if ".jpg: " in problem
    ]
    assert str(caught.value).startswith("25 of 48 images cannot be used: 000002.jpg: ")
    assert len(str(caught.value).splitlines()) == 1
    assert listed == sorted(broken)[:20]
    assert str(caught.value).endswith("; ...")
    assert list(paths.processed("celeba").parent.iterdir()) == []


# IDX files

DIGITS = RANDOM.integers(0, 256, (3, 28, 28), np.uint8)
LABELS = np.array([3, 1, 4], np.uint8)


IDX_FILES = {
    f"{stem}-{kind}-ubyte": idx_bytes(values)
    for stem in ("train", "t10k")
    for kind, values in (("images-idx3", DIGITS), ("labels-idx1", LABELS))
}


def idx_folder(where: Path, gzipped: bool) -> Path:
    where.mkdir(exist_ok=True)
    for name, data in IDX_FILES.items():
        (where / (f"{name}.gz" if gzipped else name)).write_bytes(gzip.compress(data, mtime=0) if gzipped else data)
    return where


def all_pixels(images: LabelledImages) -> np.ndarray:
    return np.stack([np.asarray(images.read(position)) for position in range(len(images.names))])


@steady
@given(name=st.sampled_from(list(IDX_FILES)), data=st.data())
def test_an_edited_gzip_gives_its_own_digits_or_a_line(place: Path, name: str, data: st.DataObject) -> None:
    path = idx_folder(place / "gzipped", gzipped=True) / f"{name}.gz"
    path.write_bytes(data.draw(edits(path.read_bytes())))
    if images := outcome(lambda: idx.open_images("mnist", path.parent, "balanced"), name):
        assert all_pixels(images).tolist() == np.concatenate([DIGITS, DIGITS]).tolist()
        assert images.labels is not None
        assert images.labels.tolist() == [3, 1, 4, 3, 1, 4]


@steady
@given(name=st.sampled_from(list(IDX_FILES)), data=st.data())
def test_an_edited_plain_file_gives_what_lies_there_or_a_line(place: Path, name: str, data: st.DataObject) -> None:
    """It has no checksum: another pixel is nobody's to notice, but every pixel is where it was."""
    path = idx_folder(place / "plain", gzipped=False) / name
    content = data.draw(edits(path.read_bytes()))
    path.write_bytes(content)
    if images := outcome(lambda: idx.open_images("mnist", path.parent, "balanced"), name):
        assert images.labels is not None
        if "labels" in name:
            assert content[8:] in (bytes(images.labels[:3].tolist()), bytes(images.labels[3:].tolist()))
        else:
            assert content[16:] in (all_pixels(images)[:3].tobytes(), all_pixels(images)[3:].tobytes())


@pytest.mark.parametrize("shape", [(3, 14, 56), (3 * 784, 1, 1), (1, 84, 28)])
def test_pictures_of_another_size_are_refused(tmp_path: Path, shape: tuple[int, int, int]) -> None:
    """A head of as many pixels in another shape, which would give as many other pictures."""
    name = "train-images-idx3-ubyte"
    (idx_folder(tmp_path / "raw", gzipped=False) / name).write_bytes(idx_bytes(DIGITS.reshape(shape)))
    with refused(f"{name} has pictures of {shape[2]} x {shape[1]} pixels; expected 28 x 28"):
        idx.open_images("mnist", tmp_path / "raw", "balanced")


def emnist_zip(where: Path, compression: int = zipfile.ZIP_DEFLATED) -> Path:
    members = {
        f"gzip/emnist-digits-{name.replace('t10k', 'test')}.gz": gzip.compress(data, mtime=0)
        for name, data in IDX_FILES.items()
    }
    return zip_of(where / idx.EMNIST_ZIP, members, compression)


@steady
@given(data=st.data())
def test_an_edited_emnist_gives_its_own_digits_or_a_line(place: Path, data: st.DataObject) -> None:
    path = emnist_zip(place / "emnist")
    path.write_bytes(data.draw(edits(path.read_bytes())))
    if images := outcome(lambda: idx.open_images("emnist", path.parent, "digits"), path, "emnist-digits-"):
        assert all_pixels(images).tolist() == np.concatenate([DIGITS, DIGITS]).transpose(0, 2, 1).tolist()


UNBOUNDED = "'gzip/emnist-digits-train-images-idx3-ubyte.gz' is compressed, but not deflated"


@pytest.mark.parametrize(
    ("fault", "compression", "found"),
    [
        (encrypted, zipfile.ZIP_DEFLATED, "File <ZipInfo filename='gzip/emnist-digits-train-images-idx3-ubyte.gz' "),
        (compressed_by_nothing_known, zipfile.ZIP_DEFLATED, UNBOUNDED),
        (bool, zipfile.ZIP_BZIP2, UNBOUNDED),
    ],
    ids=["encrypted", "unknown", "unbounded"],
)
def test_an_emnist_that_cannot_be_unpacked_is_named(
    tmp_path: Path, fault: Callable[[Path], object], compression: int, found: str
) -> None:
    path = emnist_zip(tmp_path, compression)
    fault(path)
    with refused(f"{path}: {found}"):
        idx.open_images("emnist", tmp_path, "digits")


# CIFAR-10

EACH = 2
ROWS = RANDOM.integers(0, 256, (len(BATCHES), EACH, 3072), np.uint8)


def batch(number: int, protocol: int = 2) -> bytes:
    return pickle.dumps({b"labels": [number, 9], b"data": ROWS[number]}, protocol)


@cache
def tar() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for number, name in enumerate(BATCHES):
            add(archive, f"{cifar.FOLDER}/{name}", batch(number))
    return file.getvalue()


def cifar_archive(where: Path, content: bytes) -> Path:
    where.mkdir(exist_ok=True)
    (where / cifar.ARCHIVE).write_bytes(gzip.compress(content, 1, mtime=0))
    return where / cifar.ARCHIVE


def cifar_folder(where: Path, first: bytes, protocol: int = 2) -> Path:
    """Write right batches but for `first`, the first one."""
    where.mkdir(exist_ok=True)
    for number, name in enumerate(BATCHES):
        (where / name).write_bytes(batch(number, protocol) if number else first)
    return where


def add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    archive.addfile(info, io.BytesIO(content))


@steady
@given(data=st.data())
def test_an_edited_cifar_gives_its_own_pictures_or_a_line(place: Path, data: st.DataObject) -> None:
    path = cifar_archive(place / "cifar", tar())
    path.write_bytes(data.draw(edits(path.read_bytes())))
    if images := outcome(lambda: cifar.open_images(path.parent), path, path.parent, *BATCHES):
        assert all_pixels(images).transpose(0, 3, 1, 2).tobytes() == ROWS.tobytes()


@steady
@given(data=st.data())
def test_an_edited_tar_is_read_or_refused_in_one_line(place: Path, data: st.DataObject) -> None:
    """Edited before it is packed, so that no checksum but the tar's own is wrong."""
    head = bytearray(data.draw(edits(tar()[:512])).ljust(512, b"\0")[:512])
    if data.draw(st.booleans()):  # with the sum of its bytes mended
        head[148:156] = b" " * 8
        head[148:156] = b"%06o\0 " % sum(head)
    path = cifar_archive(place / "tar", bytes(head) + tar()[512:])
    outcome(lambda: cifar.open_images(path.parent), path, path.parent, *BATCHES)


@settings(steady, max_examples=250)
@given(protocol=st.integers(0, pickle.HIGHEST_PROTOCOL), data=st.data())
def test_an_edited_batch_is_read_or_refused_in_one_line(place: Path, protocol: int, data: st.DataObject) -> None:
    """A pickle has no checksum: another pixel is nobody's to notice, but only pictures and labels come out."""
    where = cifar_folder(place / "batches", data.draw(edits(batch(0, protocol))), protocol)
    if images := outcome(lambda: cifar.open_images(where), "data_batch_1"):
        assert images.labels is not None
        assert set(images.labels.tolist()) <= set(range(10))
        assert len(images.labels) == len(images.names) == len(all_pixels(images))


def text(word: str) -> bytes:
    """Return the opcode of a text."""
    return b"X" + struct.pack("<I", len(word.encode())) + word.encode()


PICKLE_BOMBS = {
    "memo": b"\x80\x02}r\x00\x00\x40\x00.",
    "array": b"\x80\x02cnumpy\nndarray\nJ\x00\x00\x40\x00\x85" + text("O") + b"\x86R.",
    "codec": b"\x80\x02"
    + b"c_codecs\nencode\n" * 22
    + text("a" * 8)
    + text("utf-8")
    + b"\x86R"
    + 21 * (text("hex") + b"\x86R")
    + b".",
    "dtype": b"\x80\x02cnumpy\ndtype\n" + text("V2147483647") + b"\x85R.",
}


@pytest.mark.parametrize("bomb", PICKLE_BOMBS)
def test_a_pickle_of_a_few_bytes_takes_no_memory(tmp_path: Path, bomb: str) -> None:
    cifar_folder(tmp_path, PICKLE_BOMBS[bomb])
    with within(4 * MEBIBYTE), refused("data_batch_1 "):
        cifar.open_images(tmp_path)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (
            b"\x80\x04" + text("os\nall is well") + text("system\n") + b"\x93.",
            "asks for os\\nall is well.system\\n, and could run anything",
        ),
        (b"Pid\n.", "cannot be read (UnpicklingError: A load persistent id instruction"),  # pickle says it in two lines
    ],
    ids=["names", "persistent-id"],
)
def test_a_pickle_cannot_break_the_line_that_refuses_it(tmp_path: Path, content: bytes, found: str) -> None:
    with refused(f"data_batch_1 {found}"):
        cifar.open_images(cifar_folder(tmp_path, content))


def test_a_batch_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / cifar.ARCHIVE, "w:gz") as archive:
        for number in (0, 1):
            add(archive, f"{cifar.FOLDER}/data_batch_1", batch(number))
    with refused(f"{cifar.ARCHIVE} holds data_batch_1 twice; expected each once"):
        cifar.open_images(tmp_path)


@pytest.mark.parametrize("kind", [tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE])
def test_a_tars_name_of_any_length_takes_no_memory(tmp_path: Path, kind: bytes) -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = kind, len(BOMB)
    (tmp_path / cifar.ARCHIVE).write_bytes(gzip.compress(info.tobuf(tarfile.GNU_FORMAT) + BOMB, 1))
    with within(16 * MEBIBYTE), refused(tmp_path / cifar.ARCHIVE):
        cifar.open_images(tmp_path)


@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_tar_that_leads_back_to_its_beginning_comes_to_an_end(tmp_path: Path, kind: bytes) -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = kind, -1024
    (tmp_path / cifar.ARCHIVE).write_bytes(gzip.compress(info.tobuf(tarfile.GNU_FORMAT) * 4))
    with refused(tmp_path / cifar.ARCHIVE):
        cifar.open_images(tmp_path)


def test_links_in_a_tar_are_passed_over(tmp_path: Path) -> None:
    info = tarfile.TarInfo(f"{cifar.FOLDER}/data_batch_1")
    info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
    with tarfile.open(tmp_path / cifar.ARCHIVE, "w:gz") as archive:
        archive.addfile(info)
    with refused("holds no data_batch_1"):
        cifar.open_images(tmp_path)


def test_a_flipped_pixel_of_a_packed_batch_is_noticed(tmp_path: Path) -> None:
    """Noise is stored as it is: without gzip's checksum, which a reader of the tar alone never comes to, it is read."""
    path = cifar_archive(tmp_path, tar())
    data = bytearray(path.read_bytes())
    data[len(data) // 4] ^= 1
    path.write_bytes(data)
    with refused(f"{path}: "):
        cifar.open_images(tmp_path)


def test_limits_are_what_the_pages_say() -> None:
    assert archives.MAX_BYTES == 64 * MEBIBYTE
    assert archives.MAX_PIXELS // 10**6 == 67
