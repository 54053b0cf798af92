"""A preprocessed data set as preprocess packed it: one uint8 array, its labels and its record."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gans import artefacts


@dataclass(frozen=True)
class Packed:
    """Images uint8 (N, S, S, C), mapped from the disk, and labels int64 (N,): split by split, training first."""

    images: np.ndarray
    labels: np.ndarray | None
    meta: dict[str, Any]

    @property
    def train(self) -> slice:
        """Return where the training images lie."""
        return slice(*self.meta["splits"]["train"])

    @property
    def held_out(self) -> slice:
        """Return where the images lie that no variant is trained on: validation and test."""
        return slice(self.train.stop, None)


def load(folder: Path) -> Packed:
    """Return the data set in `folder`."""
    labels = folder / "labels.npy"
    return Packed(
        images=np.load(folder / "images.npy", mmap_mode="r"),
        labels=np.load(labels) if labels.exists() else None,
        meta=artefacts.read_json(folder / "meta.json"),
    )
