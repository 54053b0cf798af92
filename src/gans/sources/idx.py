"""MNIST, EMNIST and Fashion-MNIST: IDX files of grey pictures and their labels.

The reader is the project's own: users' files come in here, and torchvision's verifies only what it has fetched itself.

LeCun, Cortes and Burges 1998, "The MNIST database"; Cohen et al. 2017, "EMNIST", arXiv:1702.05373; Xiao, Rasul and
Vollgraf 2017, "Fashion-MNIST", arXiv:1708.07747.
"""

import gzip
import io
import math
import string
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np

from gans.base.errors import InputError, in_one_line
from gans.sources import archives, labelled, local
from gans.sources.labelled import LabelledImages

SIDE = 28  # pixels of each picture
MAX_BYTES = 2**30  # of one file, unpacked; EMNIST's largest has 547 million
PLACES = {  # below a folder of the user's: where it leads itself, and where torchvision leaves the files
    "mnist": (".", "MNIST/raw"),
    "emnist": (".", "gzip", "EMNIST/raw", "EMNIST/raw/gzip"),
    "fashion_mnist": (".", "FashionMNIST/raw"),
}
EMNIST_ZIP = "gzip.zip"  # all of EMNIST's splits, as NIST publishes them
FASHION = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
# Lower-case letters that look like their capitals, and share their class in EMNIST's bymerge and balanced.
MERGED = "cijklmopsuvwxyz"
MERGED_CLASSES = string.digits + string.ascii_uppercase + "".join(sorted(set(string.ascii_lowercase) - set(MERGED)))
EMNIST_CLASSES = {
    "byclass": string.digits + string.ascii_uppercase + string.ascii_lowercase,
    "bymerge": MERGED_CLASSES,
    "balanced": MERGED_CLASSES,
    "letters": string.ascii_lowercase,
    "digits": string.digits,
    "mnist": string.digits,
}


def file_names(dataset: str, emnist_split: str) -> dict[str, tuple[str, str]]:
    """Return the names of the images' and the labels' file of each split, without .gz."""
    if dataset == "emnist":
        stems = {part: f"emnist-{emnist_split}-{part}" for part in ("train", "test")}
    else:
        stems = {"train": "train", "test": "t10k"}
    return {part: (f"{stem}-images-idx3-ubyte", f"{stem}-labels-idx1-ubyte") for part, stem in stems.items()}


def class_names(dataset: str, emnist_split: str) -> tuple[str, ...]:
    """Return what the labels from 0 on mean."""
    if dataset == "fashion_mnist":
        return FASHION
    return tuple(EMNIST_CLASSES[emnist_split]) if dataset == "emnist" else tuple(string.digits)


def gather(dataset: str, root: Path, folder: Path, emnist_split: str) -> None:
    """Put the four files that lie in `root` or where torchvision leaves them below it, or EMNIST's zip, in `folder`."""
    packed = [EMNIST_ZIP] if dataset == "emnist" else []
    names = [name for pair in file_names(dataset, emnist_split).values() for name in pair]
    local.copy([local.find(root, PLACES[dataset], [name, f"{name}.gz", *packed]) for name in names], folder)


def open_images(dataset: str, folder: Path, emnist_split: str) -> LabelledImages:
    """Return the pictures of the IDX files in `folder`, upright, with labels from 0 on."""
    classes = class_names(dataset, emnist_split)
    first_label = 1 if (dataset, emnist_split) == ("emnist", "letters") else 0
    parts = []
    for split, (images_name, labels_name) in file_names(dataset, emnist_split).items():
        images = _read(folder, images_name, 3)
        num_images, height, width = images.shape
        if (width, height) != (SIDE, SIDE):
            found = f"{images_name} has pictures of {width} x {height} pixels"
            raise InputError(f"{found}; expected {SIDE} x {SIDE}: fetch it anew")
        upright = images.transpose(0, 2, 1) if dataset == "emnist" else images  # EMNIST's are stored column by column
        labels = _read_labels(folder, labels_name, num_images, first_label, len(classes))
        parts.append(labelled.Part(images_name, split, upright, labels))
    return labelled.in_memory(parts, classes, symmetric=False)


def _read_labels(folder: Path, name: str, count: int, first: int, num_classes: int) -> np.ndarray:
    """Return `count` labels as int64, counted from 0 instead of `first`."""
    labels = _read(folder, name, 1)
    if len(labels) != count:
        raise InputError(f"{name} has {len(labels)} labels for {count} images; expected one for each: fetch both anew")
    last = first + num_classes - 1
    wrong = labels[(labels < first) | (labels > last)]
    if len(wrong):
        raise InputError(f"{name} has the label {wrong[0]}; expected {first} to {last}: is it another data set's?")
    return labels.astype(np.int64) - first


def _read(folder: Path, name: str, num_dimensions: int) -> np.ndarray:
    """Return the unsigned bytes of an IDX file, gzipped or not.

    Its first four bytes are 0, 0, 8 for unsigned bytes and the number of dimensions; then comes each dimension's length
    in four bytes, the most significant first; then the values, the last dimension changing fastest.
    """
    head_bytes = 4 + 4 * num_dimensions
    with _opened(folder, name) as (path, file):
        head = _bytes_of(path, file, head_bytes)
        if head[:4] != bytes([0, 0, 8, num_dimensions]):
            raise InputError(
                f"{path} begins with {head[:4].hex(' ')}; expected 00 00 08 {num_dimensions:02x}, an IDX file of "
                f"unsigned bytes in {num_dimensions} dimension{'s' if num_dimensions > 1 else ''}: fetch it anew"
            )
        shape = np.frombuffer(head[4:], ">u4").tolist() if len(head) == head_bytes else []
        expected = math.prod(shape)
        if not 0 < expected <= MAX_BYTES or not shape:
            raise InputError(f"{path} has the lengths {shape}; expected {num_dimensions}, with 1 to {MAX_BYTES} values")
        values = _bytes_of(path, file, expected + 1)
    if len(values) != expected:
        found = f"{head_bytes + len(values):,}" if len(values) < expected else "more"
        line = f"{path} unpacks to {found} bytes; expected {head_bytes + expected:,}, as its head says: fetch it anew"
        raise InputError(line)
    return np.frombuffer(values, np.uint8).reshape(shape)


@contextmanager
def _opened(folder: Path, name: str) -> Iterator[tuple[Path, io.BufferedIOBase]]:
    """Yield where the file of this name is, and its unpacked bytes: plain, gzipped, or gzipped in EMNIST's zip."""
    plain, gzipped, published = folder / name, folder / f"{name}.gz", folder / EMNIST_ZIP
    with ExitStack() as stack:
        if plain.exists():
            yield plain, stack.enter_context(plain.open("rb"))
        elif gzipped.exists() or not published.exists():
            yield gzipped, stack.enter_context(gzip.open(gzipped))
        else:
            try:
                archive = stack.enter_context(zipfile.ZipFile(published))
                info = archive.getinfo(f"gzip/{name}.gz")
                if info.compress_type not in archives.BOUNDED:
                    raise zipfile.BadZipFile(f"{info.filename!r} is compressed, but not deflated: pack it anew")
                member = stack.enter_context(archive.open(info))
            except (zipfile.BadZipFile, KeyError, OSError, RuntimeError, ValueError) as error:
                expected = f"expected NIST's zip with gzip/{name}.gz"
                raise InputError(f"{published}: {in_one_line(error)}; {expected}") from None
            yield published / "gzip" / f"{name}.gz", stack.enter_context(gzip.open(member))


def _bytes_of(path: Path, file: io.BufferedIOBase, limit: int) -> bytearray:
    """Return up to `limit` bytes, fewer when the file ends before; raise InputError when its checksum is wrong."""
    received = bytearray()
    try:
        while chunk := file.read1(min(limit - len(received), 2**20)):  # read would lose what comes before the cut
            received += chunk
    except EOFError as error:  # gzip's word for a file cut short: what is missing is told by the count ...
        if len(received) == limit - 1:  # ... unless it is the checksum alone
            raise InputError(f"{path} is damaged ({error}); expected a whole gzip: fetch it anew") from None
    except (gzip.BadGzipFile, zlib.error, zipfile.BadZipFile) as error:
        raise InputError(f"{path} is damaged ({error}); expected a gzipped IDX file: fetch it anew") from None
    return received
