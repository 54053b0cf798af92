"""CIFAR-10's python batches.

The reader is the project's own: users' files come in here, torchvision's verifies only what it has fetched itself, and
pickles could run code.

Krizhevsky 2009, "Learning Multiple Layers of Features from Tiny Images".
"""

import gzip
import io
import pickle
import pickletools
import tarfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from gans.base.errors import InputError, in_one_line
from gans.sources import labelled, local
from gans.sources.labelled import LabelledImages

ARCHIVE = "cifar-10-python.tar.gz"
FOLDER = "cifar-10-batches-py"
BATCHES = {"train": [f"data_batch_{number}" for number in range(1, 6)], "test": ["test_batch"]}
META = "batches.meta"
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
MAX_BYTES = 64 * 2**20  # of one batch; the published ones have 31 million
CHUNK = 2**20  # bytes that are read at a time


def gather(root: Path, folder: Path) -> None:
    """Put the batches that lie in `root` or in its cifar-10-batches-py, or the archive with them, into `folder`."""
    places = [".", FOLDER]
    batches = [local.find(root, places, [name, ARCHIVE]) for names in BATCHES.values() for name in names]
    local.copy([*batches, batches[0].with_name(META)], folder)  # META may be missing: the classes are known


def open_images(folder: Path) -> LabelledImages:
    """Return the pictures of the batches in `folder`, or in the archive there, which is not unpacked."""
    contents = _contents(folder)
    parts = []
    for split, batches in BATCHES.items():
        for batch in batches:
            if batch not in contents:
                raise InputError(f"{folder} holds no {batch}; expected CIFAR-10's six batches: fetch it anew")
            parts.append(labelled.Part(batch, split, *_unpacked(batch, contents.pop(batch))))
    names = _mapping(META, contents[META]).get("label_names") if META in contents else list(CLASSES)
    if not isinstance(names, list) or len(names) != 10 or not all(isinstance(name, str | bytes) for name in names):
        raise InputError(f"{META} has no list of ten label_names; expected CIFAR-10's")
    return labelled.in_memory(parts, [_text(name) for name in names], symmetric=True)


def _contents(folder: Path) -> dict[str, bytes]:
    """Return the bytes of the batches, and of the file with the classes' names, by their names."""
    wanted = {META, *(name for names in BATCHES.values() for name in names)}
    if not (folder / ARCHIVE).exists():
        return {name: _limited(folder / name) for name in wanted if (folder / name).exists()}
    contents: dict[str, bytes] = {}
    try:
        with _Gzip(folder / ARCHIVE) as unpacked, tarfile.open(fileobj=unpacked, mode="r:") as archive:
            for member in archive:
                if member.size < 0:
                    raise tarfile.ReadError("a member of less than no bytes")  # tarfile would go back to it for ever
                name = member.name.removeprefix(f"{FOLDER}/")
                file = archive.extractfile(member) if name in wanted and member.isfile() else None
                if not file:
                    continue
                if member.size > MAX_BYTES:
                    raise InputError(f"{ARCHIVE}: {member.name} has {member.size} bytes; expected at most {MAX_BYTES}")
                if name in contents:
                    raise InputError(f"{folder / ARCHIVE} holds {name} twice; expected each once: fetch it anew")
                contents[name] = b"".join(iter(partial(file.read, CHUNK), b""))
            while unpacked.read(CHUNK):  # to gzip's checksum, which comes last
                pass
    except InputError:
        raise
    except Exception as error:  # tarfile, gzip and zlib raise a dozen kinds for as many sorts of damage
        found = in_one_line(error)
        raise InputError(f"{folder / ARCHIVE}: {found}; expected the whole published archive: fetch it anew") from None
    return contents


class _Gzip(gzip.GzipFile):
    """A gzip that is read a chunk at a time: a tar can ask for a name of any length."""

    def read(self, size: int | None = -1) -> bytes:
        """Return up to `size` bytes; raise tarfile's ReadError where that is no number up to CHUNK."""
        if size is None or not 0 <= size <= CHUNK:
            raise tarfile.ReadError(f"a head of {size} bytes")
        return super().read(size)


def _limited(path: Path) -> bytes:
    if path.stat().st_size > MAX_BYTES:
        raise InputError(f"{path} has {path.stat().st_size} bytes; expected at most {MAX_BYTES}")
    return path.read_bytes()


def _unpacked(name: str, content: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Return the images (n, 32, 32, 3) uint8 and the labels (n,) int64 of a batch."""
    batch = _mapping(name, content)
    images, labels = _bytes_of(batch.get("data")), batch.get("labels")
    if images is None:
        raise InputError(f"{name} has no data of n x 3,072 unsigned bytes; expected one of CIFAR-10's batches")
    if not isinstance(labels, list) or not all(type(label) is int and 0 <= label < 10 for label in labels):
        raise InputError(f"{name} has no list of labels from 0 to 9; expected one of CIFAR-10's batches")
    if len(labels) != len(images):
        raise InputError(f"{name} has {len(labels)} labels for {len(images)} images; expected one for each")
    return images.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1), np.array(labels, np.int64)


def _mapping(name: str, content: bytes) -> Mapping[str, Any]:
    """Return the dictionary in a pickle, its keys as text: Python 2 wrote the published ones, as bytes."""
    try:
        for opcode, argument, _ in pickletools.genops(content):
            if opcode.name in ("PUT", "BINPUT", "LONG_BINPUT") and int(argument or 0) > len(content):
                raise ValueError(f"place {argument} of the memo")  # pickle would make room for all places before it
        values = _Unpickler(io.BytesIO(content), encoding="bytes").load()
    except InputError as error:
        raise InputError(f"{name} {error}") from None
    except Exception as error:  # a damaged pickle can raise anything
        raise InputError(
            f"{name} cannot be read ({type(error).__name__}: {in_one_line(error)}); expected one of "
            "CIFAR-10's python batches: fetch it anew"
        ) from None
    if not isinstance(values, dict):
        raise InputError(f"{name} holds a {type(values).__name__}; expected the dictionary of a CIFAR-10 batch")
    return {_text(key): value for key, value in values.items()}


def _text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


class _StandIn:
    """Stands for NumPy's arrays and kinds of numbers, which would take the memory that a pickle names."""

    def __init__(self, *arguments: Any) -> None:
        self.arguments = arguments
        self.state: tuple[Any, ...] = ()

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        """Keep what an array or a kind has pickled."""
        self.state = state


def _bytes_of(found: object) -> np.ndarray | None:
    """Return the array of n x 3,072 bytes that a stand-in stands for; None for anything else."""
    match found:
        case _StandIn(state=(_, shape, _StandIn(arguments=(code, *_)), order, content)):
            pass
        case _StandIn(arguments=(content, _StandIn(arguments=(code, *_)), shape, order)):  # since protocol 5
            pass
        case _:
            return None
    if _text(code) != "u1" or not isinstance(content, bytes | bytearray) or shape != (len(content) / 3072, 3072):
        return None
    return np.frombuffer(content, np.uint8).reshape(shape, order="F" if order in ("F", True) else "C")


def _latin_1(text: str, encoding: str) -> bytes:
    """Return what Python 3 pickled as text of the same numbers."""
    if encoding != "latin1":
        raise ValueError(f"bytes as {encoding!r}")
    return text.encode(encoding)


NAMED_BY_ARRAYS: Mapping[tuple[str, str], Any] = {  # what pickles of arrays name, and Python 3 in an old kind of bytes
    ("numpy", "ndarray"): _StandIn,
    ("numpy", "dtype"): _StandIn,
    ("numpy.core.multiarray", "_reconstruct"): _StandIn,  # NumPy 1; then NumPy 2
    ("numpy._core.multiarray", "_reconstruct"): _StandIn,
    ("numpy.core.numeric", "_frombuffer"): _StandIn,
    ("numpy._core.numeric", "_frombuffer"): _StandIn,
    ("_codecs", "encode"): _latin_1,
}


class _Unpickler(pickle.Unpickler):
    """Reads numbers, texts, lists, dictionaries and NumPy's arrays; a pickle that names anything else is refused."""

    def find_class(self, module: str, name: str) -> Any:
        """Return what stands for a thing that a pickle may name; raise InputError for others, which could run code."""
        if (module, name) not in NAMED_BY_ARRAYS:
            named = f"{module}.{name}"[:80].encode("unicode_escape").decode()
            raise InputError(f"asks for {named}, and could run anything; expected numbers alone: do not use it")
        return NAMED_BY_ARRAYS[module, name]
