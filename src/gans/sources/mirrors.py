"""Published files, fetched and verified by torchvision's own data sets."""

import io
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

from gans.base import publishing
from gans.base.errors import InputError, in_one_line

TIMEOUT_S = 60.0  # for each answer of a server; torchvision itself would wait for ever
STEMS = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
FOUR_FILES = tuple(f"{stem}-ubyte.gz" for stem in STEMS)


class Mirrored(NamedTuple):
    """A data set's class in torchvision, the files that it fetches, and where below its root it puts them."""

    class_name: str
    place: str
    files: tuple[str, ...]
    arguments: dict[str, str]


MIRRORED = {
    "mnist": Mirrored("MNIST", "MNIST/raw", FOUR_FILES, {}),
    "fashion_mnist": Mirrored("FashionMNIST", "FashionMNIST/raw", FOUR_FILES, {}),
    # One zip holds all splits of EMNIST; torchvision wants to know which to open, and this one is small.
    "emnist": Mirrored("EMNIST", "EMNIST/raw", ("gzip.zip",), {"split": "mnist"}),
    "cifar10": Mirrored("CIFAR10", ".", ("cifar-10-python.tar.gz",), {}),
}


def fetch(dataset: str, folder: Path, kept: Path) -> None:
    """Make `folder` hold the published files of `dataset`, from `kept` where they are right; raise InputError when not.

    torchvision fetches no file that lies in its place with the right MD5 already.
    """
    source = MIRRORED[dataset]
    publishing.make_anew(folder)
    with tempfile.TemporaryDirectory(dir=folder) as root:
        place = Path(root, source.place)
        place.mkdir(parents=True, exist_ok=True)
        for name in source.files:
            if (kept / name).is_file():
                shutil.copyfile(kept / name, place / name)
        try:
            with _quiet():
                from torchvision import datasets  # seconds that no other data set needs

                getattr(datasets, source.class_name)(root, download=True, **source.arguments)
        except Exception as error:  # RuntimeError, and what urllib, ssl and the unpacking may raise
            raise InputError(
                f"{dataset} could not be fetched ({in_one_line(error)}); try again later, or put "
                f"{', '.join(source.files)} into a folder and set data.root"
            ) from None
        for name in source.files:
            shutil.move(place / name, folder / name)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep torchvision's bars from logs, and its requests from waiting for ever."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(TIMEOUT_S)
    try:
        with redirect_stdout(io.StringIO()), redirect_stderr(sys.stderr if sys.stderr.isatty() else io.StringIO()):
            yield
    finally:
        socket.setdefaulttimeout(before)
