"""Small IDX files: 20 pictures to train on and 10 held out, of ten classes, laid out as they are published."""

import gzip
import struct
import zipfile
from pathlib import Path

import numpy as np

RANDOM = np.random.default_rng(0)
IMAGES = {
    "train": RANDOM.integers(0, 256, (20, 28, 28), np.uint8),
    "t10k": RANDOM.integers(0, 256, (10, 28, 28), np.uint8),
}
LABELS = {"train": np.arange(20, dtype=np.uint8) % 10, "t10k": np.arange(10, dtype=np.uint8)}


def idx_bytes(values: np.ndarray) -> bytes:
    """Return an array of bytes as LeCun describes the format: 0, 0, 8, dimensions; lengths, big-endian; values."""
    return struct.pack(f">BBBB{values.ndim}I", 0, 0, 8, values.ndim, *values.shape) + values.tobytes()


def published(root: Path, gzipped: bool = False, prefix: str = "", test: str = "t10k", first_label: int = 0) -> Path:
    """Write the four files as they are published."""
    root.mkdir(parents=True, exist_ok=True)
    for part, name in (("train", "train"), ("t10k", test)):
        for kind, values in (("images-idx3", IMAGES[part]), ("labels-idx1", LABELS[part] + first_label)):
            data = idx_bytes(values)
            path = root / f"{prefix}{name}-{kind}-ubyte{'.gz' if gzipped else ''}"
            path.write_bytes(gzip.compress(data, mtime=0) if gzipped else data)
    return root


def nists_zip(path: Path, folder: Path, compression: int = zipfile.ZIP_DEFLATED) -> Path:
    """Write the files in a folder as NIST publishes EMNIST: in one zip, below gzip/."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.iterdir()):
            archive.writestr(zipfile.ZipInfo(f"gzip/{file.name}"), file.read_bytes(), compression)
    return path
