"""CelebA's archive and its lists: official, local, or written by toyfaces in the same layout.

Liu et al. 2015, "Deep Learning Face Attributes in the Wild". Non-commercial research only, no redistribution.
"""

import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from gans.base import artefacts, publishing
from gans.base.errors import InputError, in_one_line
from gans.sources import archives, downloads, local
from gans.sources.labelled import LabelledImages

ARCHIVE = "img_align_celeba.zip"
PARTITION = "list_eval_partition.txt"
ATTRIBUTES = "list_attr_celeba.txt"
IDENTITIES = "identity_CelebA.txt"

# Hashes of the published files, and the address of the attribute list on Google Drive (as in torchvision).
ARCHIVE_SHA256 = "46fb89443c578308acf364d7d379fe1b9efb793042c0af734b6112e4fd3a8c74"
ATTRIBUTES_SHA256 = "f0e5da289d5ccf75ffe8811132694922b60f2af59256ed362afa03fefba324d0"
ATTRIBUTES_DRIVE_ID = "0B7EVK8r0v71pblRyaVFSWGxPY0U"
OFFICIAL_SPLIT = {"train": 162_770, "validation": 19_867, "test": 19_962}  # images, in the order of their numbers

MEMBER = re.compile(r"(?:img_align_celeba/){1,2}(\d{6}\.jpg)")  # twice in Kaggle's copy
SPLITS = ("train", "validation", "test")  # 0, 1 and 2 in the partition list
UNCONDITIONAL = "give -S 'data.condition_on=[]', which unconditional variants alone can do with"


def open_archive(path: Path) -> archives.Archive:
    """Return the pictures in a zip of CelebA's layout, called 000001.jpg and so on."""
    expected = f"CelebA's {ARCHIVE}, with members such as img_align_celeba/000001.jpg"
    return archives.Archive(path, lambda member: (match := MEMBER.fullmatch(member)) and match[1], ("JPEG",), expected)


def open_images(folder: Path, condition_on: Sequence[str]) -> LabelledImages:
    """Return the pictures of CelebA's layout in `folder`, labelled by the joint values of some attributes.

    With k attributes there are 2^k classes; bit j of a label says whether the image has attribute j.
    """
    pictures = open_archive(folder / ARCHIVE)
    names = pictures.names
    partition, attributes = folder / PARTITION, folder / ATTRIBUTES
    known, values = read_attributes(attributes, names) if attributes.exists() else ([], None)
    return LabelledImages(
        names=names,
        splits=read_partition(partition, names) if partition.exists() else default_partition(len(names)),
        labels=_labels(attributes, known, values, condition_on) if condition_on else None,
        class_names=[_class_name(code, condition_on) for code in range(1 << len(condition_on))] if condition_on else [],
        read=pictures.read,
        channels=3,
        symmetric=True,
        aligned=True,
        attributes=condition_on,
        known_attributes=known,
        attribute_values=values,
    )


def _labels(path: Path, known: Sequence[str], values: np.ndarray | None, condition_on: Sequence[str]) -> np.ndarray:
    if values is None:
        raise InputError(
            f"data.condition_on is {list(condition_on)}, but there is no {path.name} to read them from; add it to the "
            f"folder, or {UNCONDITIONAL}"
        )
    for attribute in condition_on:
        if attribute not in known:
            raise InputError(f"{path} has no attribute {attribute!r}; expected one of {', '.join(known)}")
    has = values[:, [known.index(attribute) for attribute in condition_on]]
    return np.asarray(has.astype(np.int64) @ (1 << np.arange(len(condition_on))))


def _class_name(code: int, attributes: Sequence[str]) -> str:
    return ", ".join(name if code >> bit & 1 else f"not {name}" for bit, name in enumerate(attributes))


def read_partition(path: Path, names: Sequence[str]) -> dict[str, list[int]]:
    """Return the positions in `names` that belong to each split, as the partition list says."""
    numbers = _values(path, _rows(path), names, 1, {"0", "1", "2"}, "0, 1 or 2")
    return {
        split: [position for position, (found,) in enumerate(numbers) if found == str(number)]
        for number, split in enumerate(SPLITS)
    }


def default_partition(num_images: int) -> dict[str, list[int]]:
    """Return the split of an archive without a list: CelebA's own at its size, else 80, 10 and 10 % in order."""
    counts = list(OFFICIAL_SPLIT.values())
    if num_images != sum(counts):
        counts = [num_images - 2 * (num_images // 10), num_images // 10, num_images // 10]
    starts = np.cumsum([0, *counts])
    return {split: list(range(starts[i], starts[i + 1])) for i, split in enumerate(SPLITS)}


def read_attributes(path: Path, names: Sequence[str]) -> tuple[list[str], np.ndarray]:
    """Return the attributes' names, and whether each image has each of them, as bool (len(names), attributes)."""
    lines = _rows(path)
    if len(lines) < 2:
        raise InputError(f"{path} has {len(lines)} lines; expected a count, the attributes' names and a row an image")
    (_, count), (_, known), *rows = lines
    if count != [str(len(rows))]:
        raise InputError(f"{path}: its first line says {' '.join(count)[:80]!r}, but it has {len(rows)} rows")
    for place, name in enumerate(known):
        if name in known[:place]:
            raise InputError(f"{path} names the attribute {name!r} twice; expected each once")
    values = _values(path, rows, names, len(known), {"-1", "1"}, f"{len(known)} values, each -1 or 1")
    return known, np.array([[value == "1" for value in has] for has in values])


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """Return line numbers and words: the published lists end their lines in blanks or CRLF, which `split` forgives."""
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except UnicodeDecodeError:
        raise InputError(f"{path} is not a text file; expected one of CelebA's lists") from None
    return [(number, line.split()) for number, line in enumerate(lines, 1) if line.strip()]


def _values(
    path: Path,
    rows: Iterable[tuple[int, list[str]]],
    names: Sequence[str],
    count: int,
    allowed: set[str],
    expected: str,
) -> list[list[str]]:
    """Return the `count` words beside each name, in the order of `names`: a list has exactly one row for each."""
    values: dict[str, list[str]] = {}
    for number, (name, *found) in rows:
        line = f"{path}, line {number}"
        if len(found) != count or not allowed.issuperset(found):
            raise InputError(f"{line}: {' '.join([name, *found])[:80]!r}; expected a file name and {expected}")
        if name in values:
            raise InputError(f"{line}: {name} stands there a second time; expected one row an image")
        values[name] = found
    listed, images = set(values), set(names)
    for wrong, problem in ((images - listed, "has no row for"), (listed - images, "lists what the archive lacks:")):
        if wrong:
            more = f" and {len(wrong) - 1} more" if len(wrong) > 1 else ""
            raise InputError(f"{path} {problem} {min(wrong)}{more}; expected one row for each of {len(images)} images")
    return [values[name] for name in names]


def fetch(folder: Path, kept: Path, url: str, sha256: str | None, with_attributes: bool) -> None:
    """Gather the published archive in `folder`, and the attribute list when needed, from `kept` where they are."""
    downloads.gather({ARCHIVE: downloads.Published(url, sha256 or ARCHIVE_SHA256)}, folder, kept)
    if with_attributes:
        fetch_attributes(folder / ATTRIBUTES, kept / ATTRIBUTES)


def fetch_attributes(destination: Path, kept: Path) -> None:
    """Take the attribute list from where it is kept, or fetch it, with gdown, from where alone it is published."""
    if kept.exists() and artefacts.sha256_of(kept) == ATTRIBUTES_SHA256:
        shutil.copyfile(kept, destination)
        return
    import gdown  # half a second that no other data set needs

    try:
        gdown.download(id=ATTRIBUTES_DRIVE_ID, output=str(destination), quiet=True)
        if artefacts.sha256_of(destination) != ATTRIBUTES_SHA256:
            raise ValueError("it sent another file")
    except Exception as error:  # gdown raises what requests and Drive's pages give it
        destination.unlink(missing_ok=True)
        raise InputError(
            f"{ATTRIBUTES} could not be fetched from Google Drive ({in_one_line(error)}); try again later, put "
            f"{ATTRIBUTES} and {ARCHIVE} into a folder and set data.root, or {UNCONDITIONAL}"
        ) from None


def gather(root: Path, folder: Path, sha256: str | None) -> None:
    """Put the archive and the lists that lie in `root` into `folder`."""
    if not root.is_dir():
        raise InputError(f"data.root is {root}, which is no folder; expected one that holds {ARCHIVE}")
    archive = local.find(root, ["."], [ARCHIVE])
    if sha256 and (found := artefacts.sha256_of(archive)) != sha256.lower():
        raise InputError(f"{archive} has SHA-256 {found}; expected {sha256.lower()}, as data.sha256 says")
    local.copy([root / name for name in (ARCHIVE, PARTITION, ATTRIBUTES, IDENTITIES)], folder)


def write(
    folder: Path, attributes: Sequence[str], faces: Iterable[tuple[bytes, Sequence[bool], int]], count: int
) -> None:
    """Write `count` faces (JPEG, attribute values, identity) as an archive with CelebA's lists and their quirks.

    Split 75 %, 12.5 % and 12.5 % in order. The same faces give the same bytes: the archive holds no dates.
    """
    publishing.make_anew(folder)
    lists = {ATTRIBUTES: [f"{count}\n", " ".join(attributes) + " \n"], PARTITION: [], IDENTITIES: []}

    def members() -> Iterator[tuple[str, bytes]]:
        for index, (jpeg, values, identity) in enumerate(faces):
            name = f"{index + 1:06d}.jpg"
            lists[ATTRIBUTES].append(name + "".join(f"{1 if value else -1:3d}" for value in values) + "\n")
            lists[PARTITION].append(f"{name} {(index * 8 >= count * 6) + (index * 8 >= count * 7)}\r\n")
            lists[IDENTITIES].append(f"{name} {identity}\n")
            yield f"img_align_celeba/{name}", jpeg

    archives.write(folder / ARCHIVE, members(), count, "faces")
    for name, lines in lists.items():
        (folder / name).write_text("".join(lines), encoding="ascii", newline="")
