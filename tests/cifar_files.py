"""Small batches of CIFAR-10, laid out as they are published."""

import gzip
import io
import pickle
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

ARCHIVE = "cifar-10-python.tar.gz"
BATCHES = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]
EACH = 4  # pictures in a batch of the tests
PIXELS = np.random.default_rng(0).integers(0, 256, (6 * EACH, 32, 32, 3), np.uint8)
CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


def batch(number: int, text: type = bytes) -> dict[Any, Any]:
    """Return a batch as its makers describe it: a row a picture, 1,024 red values, then green, then blue."""
    rows = PIXELS[number * EACH : (number + 1) * EACH].transpose(0, 3, 1, 2).reshape(EACH, 3072)
    values = {"data": np.ascontiguousarray(rows), "labels": [(number + i) % 10 for i in range(EACH)]}
    return {key.encode() if text is bytes else key: value for key, value in values.items()}


def files(protocol: int = 2, text: type = bytes) -> dict[str, bytes]:
    """Return the published files by their names."""
    names = {b"label_names": [name.encode() for name in CLASSES]} if text is bytes else {"label_names": CLASSES}
    values = {name: batch(number, text) for number, name in enumerate(BATCHES)} | {"batches.meta": names}
    return {name: pickle.dumps(value, protocol) for name, value in values.items()}


def published(folder: Path, protocol: int = 2, text: type = bytes, **others: bytes) -> Path:
    """Write the published files, `others` instead of those of their names."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in (files(protocol, text) | others).items():
        (folder / name).write_bytes(content)
    return folder


def tar(members: Iterable[tuple[str, bytes]]) -> bytes:
    """Return a tar of these members, in the published folder and without dates."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, content in members:
            info = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def packed(folder: Path, content: bytes) -> Path:
    """Write the published archive with this tar in it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ARCHIVE).write_bytes(gzip.compress(content, 1, mtime=0))
    return folder / ARCHIVE
