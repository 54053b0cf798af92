"""Labelled pictures: what every data set looks like to preprocessing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

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
