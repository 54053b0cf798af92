"""Small batches of CIFAR-10, laid out as they are published."""

import pickle
import tarfile
from pathlib import Path
from typing import Any

import numpy as np

BATCHES = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]
EACH = 4  # pictures in a batch of the tests
PIXELS = np.random.default_rng(0).integers(0, 256, (6 * EACH, 32, 32, 3), np.uint8)
CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


def batch(number: int, text: type = bytes) -> dict[Any, Any]:
    """Return a batch as its makers describe it: a row a picture, 1,024 red values, then green, then blue."""
    rows = PIXELS[number * EACH : (number + 1) * EACH].transpose(0, 3, 1, 2).reshape(EACH, 3072)
    values = {"data": np.ascontiguousarray(rows), "labels": [(number + i) % 10 for i in range(EACH)]}
    return {key.encode() if text is bytes else key: value for key, value in values.items()}


def published(folder: Path, protocol: int = 2, text: type = bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(BATCHES):
        (folder / name).write_bytes(pickle.dumps(batch(number, text), protocol))
    names = [name.encode() for name in CLASSES] if text is bytes else CLASSES
    key = b"label_names" if text is bytes else "label_names"
    (folder / "batches.meta").write_bytes(pickle.dumps({key: names}, protocol))
    return folder


def archive_of(folder: Path, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as archive:
        archive.add(folder, "cifar-10-batches-py")
    return path
