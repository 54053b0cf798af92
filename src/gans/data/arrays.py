"""A preprocessed data set as preprocess packed it: its images in one file or several, labels and a record."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, overload

import numpy as np

from gans.base import artefacts
from gans.base.errors import InputError


class DataShape(NamedTuple):
    """What networks, and who uses them, have to know of the data."""

    channels: int
    size: int  # pixels
    class_counts: Sequence[int] = ()  # training images of each class; empty without labels
    class_names: Sequence[str] = ()

    @property
    def num_classes(self) -> int:
        """Return the number of classes, 0 without labels."""
        return len(self.class_counts)


class Shards:
    """Arrays (n, S, S, C) one after another as if they were one: only what is asked for is read of them."""

    def __init__(self, parts: Sequence[np.ndarray]) -> None:
        self.parts = parts
        lengths = [len(part) for part in parts]
        self.starts = np.cumsum([0, *lengths[:-1]])
        self.shape: tuple[int, ...] = (sum(lengths), *parts[0].shape[1:])
        self.nbytes = sum(part.nbytes for part in parts)

    def __len__(self) -> int:
        return self.shape[0]

    @overload
    def __getitem__(self, places: slice) -> "Shards": ...
    @overload
    def __getitem__(self, places: np.ndarray) -> np.ndarray: ...
    def __getitem__(self, places: slice | np.ndarray) -> "Shards | np.ndarray":
        """Return the images from one place to another, still on the disk, or those at some places, in memory."""
        if isinstance(places, slice):
            start, stop, step = places.indices(len(self))
            assert step == 1, "images that lie together"
            bounds = zip(self.parts, self.starts, strict=True)
            return Shards([part[max(0, start - first) : max(0, stop - first)] for part, first in bounds])
        found = np.empty((len(places), *self.shape[1:]), self.parts[0].dtype)
        for number, rows, inside in self.holders(places):
            found[rows] = self.parts[number][inside]
        return found

    def __array__(self, dtype: object = None, copy: bool | None = None) -> np.ndarray:
        """Return all images, in memory."""
        return np.concatenate(self.parts)

    def holders(self, places: np.ndarray) -> list[tuple[int, np.ndarray, np.ndarray]]:
        """Return which parts hold some of `places` (B,): the part's number, which places, and where they are in it."""
        number_of = np.searchsorted(self.starts, places, side="right") - 1
        rows_of = {number: np.flatnonzero(number_of == number) for number in np.unique(number_of).tolist()}
        return [(number, rows, places[rows] - self.starts[number]) for number, rows in rows_of.items()]


Images = np.ndarray | Shards  # uint8 (N, S, S, C)


@dataclass(frozen=True)
class Packed:
    """Images uint8 (N, S, S, C), mapped from the disk, and what is known of each: split by split, training first."""

    images: Images
    labels: np.ndarray | None  # (N,) int64
    attributes: np.ndarray | None  # (N, known attributes) bool
    meta: dict[str, Any]

    @property
    def shape(self) -> DataShape:
        """Return what networks have to know."""
        meta = self.meta
        return DataShape(meta["channels"], meta["image_size"], meta["class_counts"], meta["class_names"])

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
        if unknown := [name for name in names if name not in known]:
            raise InputError(f"classifier.factors names {unknown[0]!r}; expected attributes among {', '.join(known)}")
        return self.attributes[:, [known.index(name) for name in names]]

    @property
    def held_out(self) -> slice:
        """Return where the images lie that no variant is trained on: validation and test."""
        return slice(self.train.stop, None)


def image_files(folder: Path, num_images: int, shard_images: int) -> dict[Path, int]:
    """Return the files for so many images, and how many each takes: images.npy, or images_00000.npy and so on."""
    if num_images <= shard_images:
        return {folder / "images.npy": num_images}
    counts = [min(shard_images, num_images - start) for start in range(0, num_images, shard_images)]
    return {folder / f"images_{number:05d}.npy": count for number, count in enumerate(counts)}


def load(folder: Path) -> Packed:
    """Return the data set in `folder`."""
    paths = sorted(folder.glob("images_*.npy"), key=lambda path: (len(path.name), path.name))  # by number
    shards = [np.load(path, mmap_mode="r") for path in paths]
    images = Shards(shards) if shards else np.load(folder / "images.npy", mmap_mode="r")
    known = (folder / "labels.npy", folder / "attributes.npy")
    labels, attributes = (np.load(path) if path.exists() else None for path in known)
    return Packed(images, labels, attributes, artefacts.read_json(folder / "meta.json"))


def spread(images: Images, count: int) -> np.ndarray:
    """Return `count` images evenly spread over all: of sorted classes, some of each."""
    return np.asarray(images[np.linspace(0, len(images) - 1, count).round().astype(int)])
