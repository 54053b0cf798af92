"""MNIST, EMNIST and Fashion-MNIST: IDX files of grey pictures and their labels.

LeCun, Cortes and Burges 1998, "The MNIST database"; Cohen et al. 2017, "EMNIST", arXiv:1702.05373; Xiao, Rasul and
Vollgraf 2017, "Fashion-MNIST", arXiv:1708.07747.
"""

import gzip
import io
import math
import shutil
import string
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

from gans.base import publishing
from gans.base.errors import InputError, in_one_line
from gans.sources import archives
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
    found = []
    for name in [name for pair in file_names(dataset, emnist_split).values() for name in pair]:
        wanted = (name, f"{name}.gz", EMNIST_ZIP) if dataset == "emnist" else (name, f"{name}.gz")
        places = [root / place / file for file in wanted for place in PLACES[dataset]]
        path = next((path for path in places if path.is_file()), None)
        if path is None:
            also = f" or in {', '.join(PLACES[dataset][1:])}"
            raise InputError(
                f"data.root is {root}, which holds no {' or '.join(wanted)}; expected the published files there{also}"
            )
        found.append(path)
    publishing.make_anew(folder)
    for path in dict.fromkeys(found):
        shutil.copyfile(path, folder / path.name)


def open_images(dataset: str, folder: Path, emnist_split: str) -> LabelledImages:
    """Return the pictures of the IDX files in `folder`, upright, with labels from 0 on."""
    classes = class_names(dataset, emnist_split)
    images: list[np.ndarray] = []
    labels: list[np.ndarray] = []
    names: list[str] = []
    splits: dict[str, range] = {}
    for split, (images_name, labels_name) in file_names(dataset, emnist_split).items():
        images.append(_read(folder, images_name, 3))
        _, height, width = images[-1].shape
        if (width, height) != (SIDE, SIDE):
            raise InputError(
                f"{images_name} has pictures of {width} x {height} pixels; expected {SIDE} x {SIDE}: fetch it anew"
            )
        first_label = 1 if (dataset, emnist_split) == ("emnist", "letters") else 0
        labels.append(_read_labels(folder, labels_name, len(images[-1]), first_label, len(classes)))
        splits[split] = range(len(names), len(names) + len(images[-1]))
        names += [f"image {number} of {images_name}" for number in range(len(images[-1]))]
    first_test = splits["test"].start

    def read(position: int) -> Image.Image:
        picture = images[0][position] if position < first_test else images[1][position - first_test]
        return Image.fromarray(picture.T if dataset == "emnist" else picture)  # EMNIST's are stored column by column

    return LabelledImages(
        names=names,
        splits=splits,
        labels=np.concatenate(labels),
        class_names=classes,
        read=read,
        channels=1,
        symmetric=False,
    )


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
    with _opened(folder, name) as (path, file):
        head = _bytes_of(path, file, 4 + 4 * num_dimensions)
        if head[:4] != bytes([0, 0, 8, num_dimensions]):
            raise InputError(
                f"{path} begins with {head[:4].hex(' ')}; expected 00 00 08 {num_dimensions:02x}, an IDX file of "
                f"unsigned bytes in {num_dimensions} dimension{'s' if num_dimensions > 1 else ''}: fetch it anew"
            )
        shape = np.frombuffer(head[4:], ">u4").tolist() if len(head) == 4 + 4 * num_dimensions else []
        expected = math.prod(shape)
        if not 0 < expected <= MAX_BYTES or not shape:
            raise InputError(f"{path} has the lengths {shape}; expected {num_dimensions}, with 1 to {MAX_BYTES} values")
        values = _bytes_of(path, file, expected + 1)
    if len(values) != expected:
        found = f"{len(head) + len(values):,}" if len(values) < expected else "more"
        raise InputError(
            f"{path} unpacks to {found} bytes; expected {len(head) + expected:,}, as its head says: fetch it anew"
        )
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
                member = stack.enter_context(archives.opened(archive, archive.getinfo(f"gzip/{name}.gz")))
            except (zipfile.BadZipFile, KeyError, OSError, RuntimeError, ValueError) as error:
                raise InputError(
                    f"{published}: {in_one_line(error)}; expected NIST's zip with gzip/{name}.gz"
                ) from None
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
