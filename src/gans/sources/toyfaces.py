"""The embedded data set: human faces drawn by arithmetic, in CelebA's geometry.

Same index, same pixels, on any machine: the archive's hash is then the same everywhere. `portraits` says who is drawn,
`painting` draws with `brushes`.
"""

import multiprocessing
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from io import BytesIO
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from gans.base.processors import num_cores
from gans.sources.painting import render
from gans.sources.portraits import ATTRIBUTES, describe

__all__ = ["ATTRIBUTES", "Face", "draw", "jpegs"]


class Face(NamedTuple):
    """One example: image uint8 (218, 178, 3), attributes in the order of ATTRIBUTES, identity counted from 1."""

    image: npt.NDArray[np.uint8]
    attributes: tuple[bool, ...]
    identity: int


def draw(index: int) -> Face:
    """Return face `index`, counted from 1: a pure function. Raises ValueError for an index below 1."""
    who = describe(index)
    return Face(render(who), who.attributes, who.identity)


def encode(first: int, last: int) -> list[tuple[bytes, tuple[bool, ...], int]]:
    """Return faces first..last as JPEG files with attributes and identity."""
    encoded = []
    for index in range(first, last + 1):
        face, file = draw(index), BytesIO()
        Image.fromarray(face.image).save(file, "JPEG", quality=92)
        encoded.append((file.getvalue(), face.attributes, face.identity))
    return encoded


def jpegs(num_images: int) -> Iterator[tuple[bytes, tuple[bool, ...], int]]:
    """Yield faces 1..num_images in order as JPEG files with attributes and identity, drawn by all available CPUs.

    Workers are spawned: a script that calls this needs the usual `if __name__ == "__main__"`.
    """
    workers = num_cores()
    pending: deque[Future[list[tuple[bytes, tuple[bool, ...], int]]]] = deque()
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        for first in range(1, num_images + 1, 50):
            pending.append(pool.submit(encode, first, min(first + 49, num_images)))
            if len(pending) > 2 * workers:  # bounds what waits in memory
                yield from pending.popleft().result()
        while pending:
            yield from pending.popleft().result()
