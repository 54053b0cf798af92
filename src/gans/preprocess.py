"""Crop, shrink and pack: labelled pictures to one uint8 array."""

import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from gans import artefacts
from gans.datasets import LabelledImages
from gans.errors import InputError
from gans.processors import num_cores
from gans.progress import progress_bar

PART = 32  # pictures that a thread decodes at a time


def crop_and_shrink(picture: Image.Image, size: int, crop_px: int | None) -> np.ndarray:
    """Return the central square of `picture`, `crop_px` wide, shrunk with antialiasing to uint8 (size, size, 3).

    Without `crop_px` the largest square is kept. Raises ValueError when the crop does not fit.
    """
    width, height = picture.size
    side = crop_px or min(width, height)
    if side > min(width, height):
        raise ValueError(f"{width}x{height} pixels; expected at least data.crop_px = {side} each way")
    left, top = (width - side) // 2, (height - side) // 2
    box = (left, top, left + side, top + side)
    return np.asarray(picture.resize((size, size), Image.Resampling.LANCZOS, box=box))


def pack(data: LabelledImages, folder: Path, *, size: int, crop_px: int | None, max_images: int | None) -> None:
    """Write images.npy, labels.npy when there are labels, and meta.json into `folder`.

    A thread for each core decodes straight into the array, which lies on the disk: Pillow lets go of Python's lock, and
    memory holds a picture a thread besides. Raises InputError with the names of the damaged pictures, having tried all.
    """
    kept = _first_of_each_split(data.splits, max_images)
    order = [index for indices in kept.values() for index in indices]
    images = np.lib.format.open_memmap(folder / "images.npy", "w+", np.uint8, (len(order), size, size, 3))
    damaged: dict[int, str] = {}

    def decode(start: int) -> int:
        """Fill the part of the array that begins at `start`; return its length."""
        part = range(start, min(start + PART, len(order)))
        for place in part:
            name = data.names[order[place]]
            try:
                images[place] = crop_and_shrink(data.read(name), size, crop_px)
            except InputError as error:
                damaged[place] = str(error)
            except ValueError as error:
                damaged[place] = f"{name}: {error}"
        return len(part)

    with ThreadPoolExecutor(num_cores()) as threads, progress_bar(len(order), "preprocess", "img") as bar:
        for done in threads.map(decode, range(0, len(order), PART)):
            bar.update(done)
    if damaged:
        listed = "; ".join(damaged[place] for place in sorted(damaged)[:20]) + ("; ..." if len(damaged) > 20 else "")
        raise InputError(f"{len(damaged)} of {len(order)} images cannot be used: {listed}")
    images.flush()
    if data.labels is not None:
        np.save(folder / "labels.npy", data.labels[order])
    stops = np.cumsum([len(indices) for indices in kept.values()])
    meta = {
        "num_images": len(order),
        "image_size": size,
        "channels": 3,
        "splits": {name: [int(stop) - len(kept[name]), int(stop)] for name, stop in zip(kept, stops, strict=True)},
        "crop_px": crop_px,
        "filter": "lanczos",
        "class_names": list(data.class_names),
        "sha256": hashlib.sha256(images.data).hexdigest(),
    }
    artefacts.write_json(folder / "meta.json", meta)


def _first_of_each_split(splits: Mapping[str, Sequence[int]], max_images: int | None) -> dict[str, Sequence[int]]:
    """Return the splits, each cut in proportion so that at most `max_images` are left in all; none may be empty."""
    total = sum(len(indices) for indices in splits.values())
    share = min(1.0, max_images / total) if max_images else 1.0
    kept = {name: indices[: int(len(indices) * share)] for name, indices in splits.items()}
    for name, indices in kept.items():
        if len(indices) < 2:
            raise InputError(
                f"the {name} split has {len(indices)} of {total} images; expected at least 2 in each split"
            )
    return kept
