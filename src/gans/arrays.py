"""A preprocessed data set as preprocess packed it: one uint8 array, its labels and its record."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from gans import artefacts
from gans.errors import InputError


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
    """Images uint8 (N, S, S, C), mapped from the disk, and what is known of each: split by split, training first."""

    images: np.ndarray
    labels: np.ndarray | None  # (N,) int64
    attributes: np.ndarray | None  # (N, known attributes) bool
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

    def having(self, names: Sequence[str]) -> np.ndarray | None:
        """Return whether each image has each of these attributes, bool (N, names); None where none are known or asked.

        Raises InputError for a name that is not among those known.
        """
        if self.attributes is None or not names:
            return None
        known = self.meta["known_attributes"]
        for name in names:
            if name not in known:
                raise InputError(f"classifier.factors names {name!r}; expected attributes among {', '.join(known)}")
        return self.attributes[:, [known.index(name) for name in names]]

    @property
    def held_out(self) -> slice:
        """Return where the images lie that no variant is trained on: validation and test."""
        return slice(self.train.stop, None)


def load(folder: Path) -> Packed:
    """Return the data set in `folder`."""
    labels, attributes = folder / "labels.npy", folder / "attributes.npy"
    return Packed(
        images=np.load(folder / "images.npy", mmap_mode="r"),
        labels=np.load(labels) if labels.exists() else None,
        attributes=np.load(attributes) if attributes.exists() else None,
        meta=artefacts.read_json(folder / "meta.json"),
    )


def spread(images: np.ndarray, count: int) -> np.ndarray:
    """Return `count` images evenly spread over all: of sorted classes, some of each."""
    chosen: np.ndarray = images[np.linspace(0, len(images) - 1, count).round().astype(int)]
    return chosen
