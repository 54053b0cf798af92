"""Labelled pictures: what every data set looks like to preprocessing."""

import bisect
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from PIL import Image


@dataclass(frozen=True)
class LabelledImages:
    """Pictures by position: which split each is in, its label, and how to read it."""

    names: Sequence[str]  # what messages call the pictures
    splits: Mapping[str, Sequence[int]]  # train first; validation and test where they are published
    labels: np.ndarray | None  # (N,) int64
    class_names: Sequence[str]
    read: Callable[[int], Image.Image]  # in any mode; raises InputError with the name of a damaged picture
    channels: int  # 1 when all pictures are grey, else 3
    symmetric: bool  # a picture's mirror image is as likely as the picture
    aligned: bool = False  # a face lies at the same place in each picture, so that data.crop_px means something
    attributes: Sequence[str] = ()  # whose joint values are the labels
    known_attributes: Sequence[str] = ()  # all that the data set tells of its pictures
    attribute_values: np.ndarray | None = None  # (N, known attributes) bool


class Part(NamedTuple):
    """Pictures that lie in memory, from a file of this name."""

    name: str
    split: str
    images: np.ndarray  # (n, height, width) or (n, height, width, 3) uint8
    labels: np.ndarray  # (n,) int64


def in_memory(parts: Sequence[Part], class_names: Sequence[str], symmetric: bool) -> LabelledImages:
    """Return the pictures of all parts in their order, in which those of a split stand together."""
    starts = [0, *itertools.accumulate(len(part.images) for part in parts)]
    splits: dict[str, range] = {}
    for part, start, stop in zip(parts, starts, starts[1:], strict=False):
        splits[part.split] = range(splits.get(part.split, range(start, stop)).start, stop)

    def read(position: int) -> Image.Image:
        number = bisect.bisect_right(starts, position) - 1
        return Image.fromarray(np.ascontiguousarray(parts[number].images[position - starts[number]]))

    return LabelledImages(
        names=[f"image {number} of {part.name}" for part in parts for number in range(len(part.images))],
        splits=splits,
        labels=np.concatenate([part.labels for part in parts]),
        class_names=class_names,
        read=read,
        channels=1 if parts[0].images.ndim == 3 else 3,
        symmetric=symmetric,
    )
