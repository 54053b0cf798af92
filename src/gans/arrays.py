"""A preprocessed data set as preprocess packed it: one uint8 array, its labels and its record."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from gans import artefacts


class DataShape(NamedTuple):
    """What networks have to know of the data."""

    channels: int
    size: int  # pixels
    class_counts: Sequence[int] = ()  # training images of each class; empty without labels

    @property
    def num_classes(self) -> int:
        """Return the number of classes, 0 without labels."""
        return len(self.class_counts)


@dataclass(frozen=True)
class Packed:
    """Images uint8 (N, S, S, C), mapped from the disk, and labels int64 (N,): split by split, training first."""

    images: np.ndarray
    labels: np.ndarray | None
    meta: dict[str, Any]

    @property
    def shape(self) -> DataShape:
        """Return what networks have to know."""
        return DataShape(self.meta["channels"], self.meta["image_size"], self.meta["class_counts"])

    @property
    def train(self) -> slice:
        """Return where the training images lie."""
        return slice(*self.meta["splits"]["train"])

    @property
    def train_labels(self) -> np.ndarray | None:
        """Return the labels of the training images."""
        return None if self.labels is None else self.labels[self.train]

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


def spread(images: np.ndarray, count: int) -> np.ndarray:
    """Return `count` images evenly spread over all: of sorted classes, some of each."""
    chosen: np.ndarray = images[np.linspace(0, len(images) - 1, count).round().astype(int)]
    return chosen
