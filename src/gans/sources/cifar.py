"""CIFAR-10's python batches.

Krizhevsky 2009, "Learning Multiple Layers of Features from Tiny Images".
"""

import gzip
import io
import pickle
import pickletools
import shutil
import tarfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from gans.base import publishing
from gans.base.errors import InputError, in_one_line
from gans.sources.labelled import LabelledImages

ARCHIVE = "cifar-10-python.tar.gz"
FOLDER = "cifar-10-batches-py"
BATCHES = {"train": [f"data_batch_{number}" for number in range(1, 6)], "test": ["test_batch"]}
META = "batches.meta"
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
MAX_BYTES = 64 * 2**20  # of one batch; the published ones have 31 million
CHUNK = 2**20  # bytes that are read at a time
SHAPE = (3, 32, 32)


def gather(root: Path, folder: Path) -> None:
    """Put the batches that lie in `root` or in its cifar-10-batches-py, or the archive with them, into `folder`."""
    files = [name for names in BATCHES.values() for name in names]
    places = [place for place in (root / FOLDER, root) if (place / files[0]).is_file()]
    if not places and not (root / ARCHIVE).is_file():
        raise InputError(f"data.root is {root}, which holds neither {ARCHIVE} nor {files[0]}; expected one of them")
    missing = [name for name in files if places and not (places[0] / name).is_file()]
    if missing:
        raise InputError(f"{places[0]} holds no {missing[0]}; expected {', '.join(files)}")
    found = [places[0] / name for name in [*files, META]] if places else [root / ARCHIVE]
    publishing.make_anew(folder)
    for path in found:
        if path.is_file():  # the names of the classes may be missing: they are known
            shutil.copyfile(path, folder / path.name)


def open_images(folder: Path) -> LabelledImages:
    """Return the pictures of the batches in `folder`, or in the archive there, which is not unpacked."""
    contents = _contents(folder)
    images: list[np.ndarray] = []
    labels: list[np.ndarray] = []
    names: list[str] = []
    splits: dict[str, range] = {}
    for split, batches in BATCHES.items():
        start = len(names)
        for batch in batches:
            if batch not in contents:
                raise InputError(f"{folder} holds no {batch}; expected CIFAR-10's six batches: fetch it anew")
            batch_images, batch_labels = _unpacked(batch, contents.pop(batch))
            images.append(batch_images)
            labels.append(batch_labels)
            names += [f"image {number} of {batch}" for number in range(len(batch_images))]
        splits[split] = range(start, len(names))
    pixels = np.concatenate(images)
    return LabelledImages(
        names=names,
        splits=splits,
        labels=np.concatenate(labels),
        class_names=_class_names(contents[META]) if META in contents else CLASSES,
        read=lambda position: Image.fromarray(np.ascontiguousarray(pixels[position].transpose(1, 2, 0))),
        channels=3,
        symmetric=True,
    )


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
    """Return the images (n, 3, 32, 32) uint8 and the labels (n,) int64 of a batch."""
    batch = _mapping(name, content)
    data, labels = batch.get("data"), batch.get("labels")
    images = data.values if isinstance(data, _Array) else None
    if images is None or images.shape[1:] != (3072,):
        raise InputError(f"{name} has no data of n x 3,072 unsigned bytes; expected one of CIFAR-10's batches")
    if not isinstance(labels, list) or not all(type(label) is int and 0 <= label < 10 for label in labels):
        raise InputError(f"{name} has no list of labels from 0 to 9; expected one of CIFAR-10's batches")
    if len(labels) != len(images):
        raise InputError(f"{name} has {len(labels)} labels for {len(images)} images; expected one for each")
    return images.reshape(-1, *SHAPE), np.array(labels, np.int64)


def _class_names(content: bytes) -> list[str]:
    names = _mapping(META, content).get("label_names")
    if not isinstance(names, list) or len(names) != 10 or not all(isinstance(name, str | bytes) for name in names):
        raise InputError(f"{META} has no list of ten label_names; expected CIFAR-10's")
    return [_text(name) for name in names]


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


class _Kind:
    """Stands for NumPy's dtype: of it, its code alone is kept."""

    def __init__(self, code: object, *_: object) -> None:
        self.code = _text(code)

    def __setstate__(self, state: object) -> None:
        """Pass over the byte order and the like, which bytes have not."""


class _Array:
    """Stands for NumPy's array, which would take the memory that a pickle names; `values` is None but for bytes."""

    def __init__(self, *_: object) -> None:
        self.values: np.ndarray | None = None

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        """Take what arrays pickle: a version, the shape, the kind, whether columns come first, and the bytes."""
        _, shape, kind, fortran, content = state
        self.values = _array(content, kind, shape, "F" if fortran else "C").values


def _array(content: bytes, kind: _Kind, shape: tuple[int, ...], order: Any) -> _Array:
    """Return the array of these bytes, as NumPy's _frombuffer would."""
    array = _Array()
    if kind.code == "u1":
        array.values = np.frombuffer(content, np.uint8).reshape(shape, order=order)
    return array


def _latin_1(text: str, encoding: str) -> bytes:
    """Return what Python 3 pickled as text of the same numbers."""
    if encoding != "latin1":
        raise ValueError(f"bytes as {encoding!r}")
    return text.encode(encoding)


NAMED_BY_ARRAYS: Mapping[tuple[str, str], Any] = {  # what pickles of arrays name, and Python 3 in an old kind of bytes
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Kind,
    ("numpy.core.multiarray", "_reconstruct"): _Array,  # NumPy 1; then NumPy 2
    ("numpy._core.multiarray", "_reconstruct"): _Array,
    ("numpy.core.numeric", "_frombuffer"): _array,
    ("numpy._core.numeric", "_frombuffer"): _array,
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
