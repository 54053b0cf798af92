"""Archives, lists and batches that are broken or meant to do harm: what is wrong is named, in one line, and no more."""

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
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import idx_files
import numpy as np
import pytest
from cifar_files import BATCHES, PIXELS, batch, files, packed, published, tar
from hypothesis import example, given, settings
from hypothesis import strategies as st
from picture_files import picture, saved, zip_of
from PIL import Image

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


PLACES = st.integers(0, 150) | st.integers(-150, -1) | st.integers(0, 10**6)
BYTES = st.binary(max_size=8) | st.sampled_from(
    [b"\xff", b"\n", b"\0\0\0\0", b"\xff\xff\xff\xff", b"\0\x40", b"R", b"r"]
)


def edited(draw: st.DrawFn, data: bytes) -> bytes:
    """Return `data` with up to three edits, as often at its ends, where the heads are, as elsewhere."""
    for _ in range(draw(st.integers(1, 3))):
        at, new = draw(PLACES) % (len(data) + 1), draw(BYTES)
        replaced = draw(st.sampled_from([0, len(new), len(new), draw(st.integers(1, 8)), len(data)]))
        data = data[:at] + new + data[at + replaced :]
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


ANYTHING = st.one_of(st.binary(max_size=200), st.text(max_size=100).map(str.encode))


@steady
@given(partition=ANYTHING | edits(PARTITION), attributes=ANYTHING | edits(ATTRIBUTES))
@example(partition=b"\xef\xbb\xbf" + PARTITION, attributes=b"\xef\xbb\xbf" + ATTRIBUTES)
@example(partition=PARTITION.replace(b"\r\n", b" ") * 10_000, attributes=ATTRIBUTES.replace(b"\n", b" ") * 10_000)
def test_any_bytes_for_a_list_are_read_or_refused_in_one_line(place: Path, partition: bytes, attributes: bytes) -> None:
    path = place / celeba.PARTITION
    path.write_bytes(partition)
    if splits := outcome(lambda: celeba.read_partition(path, NAMES), path):
        assert sorted(i for split in splits.values() for i in split) == [0, 1, 2, 3, 4]
    path.write_bytes(attributes)
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
        if read := outcome(partial(images.read, position), name):
            found, expected = np.asarray(read).tolist(), originals.get(name.rpartition("/")[2])
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


def test_a_name_of_kilobytes_of_garbage_is_not_told(tmp_path: Path) -> None:
    path = zip_of(tmp_path / folder.ARCHIVE, {"1.png": RANDOM.bytes(10_000)}, zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    data[26:28] = struct.pack("<H", 9000)  # the length of the name in the local head
    path.write_bytes(data)
    with refused("1.png: File name in directory"):
        folder.open_images(tmp_path).read(0)


@pytest.mark.parametrize(
    ("content", "compression", "claimed", "found"),
    [
        (BOMB, zipfile.ZIP_DEFLATED, 100, ""),
        (BOMB, zipfile.ZIP_BZIP2, 100, ""),
        (picture(), zipfile.ZIP_DEFLATED, 64 * MEBIBYTE + 1, "67108865 bytes; expected a picture of at most 67108864"),
        (picture(), zipfile.ZIP_DEFLATED, 2**32 - 16, "4294967280 bytes; expected a picture of at most 67108864"),
    ],
    ids=["bomb", "unbounded-bomb", "too-much", "gigabytes"],
)
def test_a_member_that_claims_another_size_takes_no_memory(
    tmp_path: Path, content: bytes, compression: int, claimed: int, found: str
) -> None:
    path = zip_of(tmp_path / folder.ARCHIVE, {"1.png": content}, compression)
    assert path.stat().st_size < MEBIBYTE
    patched(path, 22, 24, claimed, width=4)
    with within(8 * MEBIBYTE), refused(f"1.png: {found}"):
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
        lambda data: saved(Image.new("RGB", (60, 60)), "JPEG"),
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
    assert "; 000004.jpg: not a JPEG; expected a whole JPEG of at most 67108864 pixels; " in str(caught.value)
    assert "; 000010.jpg: 60x60 pixels; expected at least data.crop_px = 178 each way; " in str(caught.value)
    assert list(paths.processed("celeba").parent.iterdir()) == []


# IDX files

DIGITS = np.concatenate([idx_files.IMAGES["train"], idx_files.IMAGES["t10k"]])
IDX_FILES = st.sampled_from([name for pair in idx.file_names("mnist", "").values() for name in pair])


def all_pixels(images: LabelledImages) -> np.ndarray:
    return np.stack([np.asarray(images.read(position)) for position in range(len(images.names))])


@steady
@given(name=IDX_FILES, data=st.data())
def test_an_edited_gzip_gives_its_own_digits_or_a_line(place: Path, name: str, data: st.DataObject) -> None:
    path = idx_files.published(place / "gzipped", gzipped=True) / f"{name}.gz"
    path.write_bytes(data.draw(edits(path.read_bytes())))
    if images := outcome(lambda: idx.open_images("mnist", path.parent, "balanced"), name):
        assert (all_pixels(images) == DIGITS).all()
        assert images.labels is not None
        assert images.labels.tolist() == [*range(10)] * 3


@steady
@given(name=IDX_FILES, data=st.data())
def test_an_edited_plain_file_gives_what_lies_there_or_a_line(place: Path, name: str, data: st.DataObject) -> None:
    """It has no checksum: another pixel is nobody's to notice, but every pixel is where it was."""
    path = idx_files.published(place / "plain") / name
    content = data.draw(edits(path.read_bytes()))
    path.write_bytes(content)
    if images := outcome(lambda: idx.open_images("mnist", path.parent, "balanced"), name):
        assert images.labels is not None
        if "labels" in name:
            assert content[8:] in (bytes(images.labels[:20].tolist()), bytes(images.labels[20:].tolist()))
        else:
            assert content[16:] in (all_pixels(images)[:20].tobytes(), all_pixels(images)[20:].tobytes())


@pytest.mark.parametrize("shape", [(20, 14, 56), (20 * 784, 1, 1), (10, 56, 28)])
def test_pictures_of_another_size_are_refused(tmp_path: Path, shape: tuple[int, int, int]) -> None:
    """A head of as many pixels in another shape, which would give as many other pictures."""
    name = "train-images-idx3-ubyte"
    content = idx_files.idx_bytes(idx_files.IMAGES["train"].reshape(shape))
    (idx_files.published(tmp_path / "raw") / name).write_bytes(content)
    with refused(f"{name} has pictures of {shape[2]} x {shape[1]} pixels; expected 28 x 28"):
        idx.open_images("mnist", tmp_path / "raw", "balanced")


def emnist_zip(where: Path, compression: int = zipfile.ZIP_DEFLATED) -> Path:
    files = idx_files.published(where / "files", gzipped=True, prefix="emnist-digits-", test="test")
    return idx_files.nists_zip(where / idx.EMNIST_ZIP, files, compression)


@steady
@given(data=st.data())
def test_an_edited_emnist_gives_its_own_digits_or_a_line(place: Path, data: st.DataObject) -> None:
    path = emnist_zip(place / "emnist")
    path.write_bytes(data.draw(edits(path.read_bytes())))
    if images := outcome(lambda: idx.open_images("emnist", path.parent, "digits"), path, "emnist-digits-"):
        assert (all_pixels(images) == DIGITS.transpose(0, 2, 1)).all()


FIRST = "gzip/emnist-digits-test-images-idx3-ubyte.gz"  # in the zip


@pytest.mark.parametrize(
    ("fault", "compression", "found"),
    [
        (encrypted, zipfile.ZIP_DEFLATED, f"File <ZipInfo filename='{FIRST}' "),
        (compressed_by_nothing_known, zipfile.ZIP_DEFLATED, f"'{FIRST}' is compressed, but not deflated"),
        (bool, zipfile.ZIP_BZIP2, f"'{FIRST.replace('test', 'train')}' is compressed, but not deflated"),
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

TAR = tar(files().items())


@steady
@given(data=st.data())
def test_an_edited_cifar_gives_its_own_pictures_or_a_line(place: Path, data: st.DataObject) -> None:
    path = packed(place / "cifar", TAR)
    path.write_bytes(data.draw(edits(path.read_bytes())))
    if images := outcome(lambda: cifar.open_images(path.parent), path, path.parent, *BATCHES):
        assert (all_pixels(images) == PIXELS).all()


@steady
@given(data=st.data())
def test_an_edited_tar_is_read_or_refused_in_one_line(place: Path, data: st.DataObject) -> None:
    """Edited before it is packed, so that no checksum but the tar's own is wrong."""
    head = bytearray(data.draw(edits(TAR[:512])).ljust(512, b"\0")[:512])
    if data.draw(st.booleans()):  # with the sum of its bytes mended
        head[148:156] = b" " * 8
        head[148:156] = b"%06o\0 " % sum(head)
    path = packed(place / "tar", bytes(head) + TAR[512:])
    outcome(lambda: cifar.open_images(path.parent), path, path.parent, *BATCHES)


@settings(steady, max_examples=250)
@given(protocol=st.integers(0, pickle.HIGHEST_PROTOCOL), data=st.data())
def test_an_edited_batch_is_read_or_refused_in_one_line(place: Path, protocol: int, data: st.DataObject) -> None:
    """A pickle has no checksum: another pixel is nobody's to notice, but only pictures and labels come out."""
    first = data.draw(edits(pickle.dumps(batch(0), protocol)))
    where = published(place / "batches", protocol, data_batch_1=first)
    if images := outcome(lambda: cifar.open_images(where), "data_batch_1"):
        assert images.labels is not None
        assert set(images.labels.tolist()) <= set(range(10))
        assert len(images.labels) == len(images.names) == len(all_pixels(images))


def text(word: str) -> bytes:
    """Return the opcode of a text."""
    return b"X" + struct.pack("<I", len(word.encode())) + word.encode()


BOMBS = {
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


@pytest.mark.parametrize(
    ("content", "found"),
    [
        *((bomb, "") for bomb in BOMBS.values()),
        (
            b"\x80\x04" + text("os\nall is well") + text("system\n") + b"\x93.",
            "asks for os\\nall is well.system\\n, and could run anything",
        ),
        (b"Pid\n.", "cannot be read (UnpicklingError: A load persistent id instruction"),  # pickle says it in two lines
    ],
    ids=[*BOMBS, "names", "persistent-id"],
)
def test_a_pickle_of_a_few_bytes_takes_no_memory_and_breaks_no_line(tmp_path: Path, content: bytes, found: str) -> None:
    published(tmp_path, data_batch_1=content)
    with within(4 * MEBIBYTE), refused(f"data_batch_1 {found}"):
        cifar.open_images(tmp_path)


def test_a_batch_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    packed(tmp_path, tar([*files().items()][:1] * 2))
    with refused(f"{cifar.ARCHIVE} holds data_batch_1 twice; expected each once"):
        cifar.open_images(tmp_path)


@pytest.mark.parametrize(
    ("kind", "size"),
    [
        (tarfile.GNUTYPE_LONGNAME, len(BOMB)),  # a name of any length
        (tarfile.XHDTYPE, len(BOMB)),
        (tarfile.REGTYPE, -1024),  # which leads back to its own beginning
        (tarfile.GNUTYPE_LONGNAME, -1024),
    ],
)
def test_a_tar_of_strange_sizes_takes_no_memory_and_comes_to_an_end(tmp_path: Path, kind: bytes, size: int) -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = kind, size
    head = info.tobuf(tarfile.GNU_FORMAT)
    packed(tmp_path, head + BOMB if size > 0 else head * 4)
    with within(16 * MEBIBYTE), refused(tmp_path / cifar.ARCHIVE):
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
    path = packed(tmp_path, TAR)
    data = bytearray(path.read_bytes())
    data[len(data) // 4] ^= 1
    path.write_bytes(data)
    with refused(f"{path}: "):
        cifar.open_images(tmp_path)


def test_limits_are_what_the_pages_say() -> None:
    assert archives.MAX_BYTES == 64 * MEBIBYTE
    assert archives.MAX_PIXELS // 10**6 == 67
