"""A data set's name to its labelled pictures."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from gans import celeba, toyfaces
from gans.errors import InputError


@dataclass(frozen=True)
class LabelledImages:
    """Pictures by position: their names, which split each is in, their labels, and how to read one."""

    names: Sequence[str]
    splits: Mapping[str, Sequence[int]]
    labels: np.ndarray | None  # (N,) int64
    class_names: Sequence[str]
    read: Callable[[str], Image.Image]


def download(
    dataset: str,
    folder: Path,
    *,
    kept: Path,
    num_toyfaces: int,
    root: Path | None,
    url: str,
    sha256: str | None,
    condition_on: Sequence[str],
) -> None:
    """Gather the files of `dataset` in `folder` and check that they can be opened; raise InputError when not.

    What lies in `kept` from an earlier time, and is still right, is not fetched again.
    """
    if dataset == "toyfaces" and root:
        raise InputError(
            f"data.root is {root}, but toyfaces are drawn, not read; set dataset: celeba, or empty data.root"
        )
    if dataset == "toyfaces":
        celeba.write(folder, toyfaces.ATTRIBUTES, toyfaces.jpegs(num_toyfaces), num_toyfaces)
    elif root:
        celeba.copy_local(root, folder, sha256)
    else:
        celeba.fetch(folder, kept, url, sha256, with_attributes=bool(condition_on))
    open_images(folder, condition_on)


def open_images(folder: Path, condition_on: Sequence[str]) -> LabelledImages:
    """Return the pictures of CelebA's layout in `folder`, labelled by the joint values of some attributes.

    With k attributes there are 2^k classes; bit j of a label says whether the image has attribute j.
    """
    archive = celeba.Archive(folder / celeba.ARCHIVE)
    if (folder / celeba.PARTITION).exists():
        splits = celeba.read_partition(folder / celeba.PARTITION, archive.names)
    else:
        splits = celeba.default_partition(len(archive.names))
    labels = None
    class_names: list[str] = []
    if condition_on:
        if not (folder / celeba.ATTRIBUTES).exists():
            raise InputError(
                f"data.condition_on is {condition_on}, but there is no {celeba.ATTRIBUTES} to read them from"
            )
        has = celeba.read_attributes(folder / celeba.ATTRIBUTES, archive.names, condition_on)
        labels = has.astype(np.int64) @ (1 << np.arange(len(condition_on)))
        class_names = [_class_name(code, condition_on) for code in range(1 << len(condition_on))]
    return LabelledImages(archive.names, splits, labels, class_names, archive.read)


def _class_name(code: int, attributes: Sequence[str]) -> str:
    return ", ".join(name if code >> bit & 1 else f"not {name}" for bit, name in enumerate(attributes))
