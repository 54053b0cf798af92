"""Crop, shrink and pack: labelled pictures to one uint8 array."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from gans.datasets import LabelledImages
from gans.errors import InputError
from gans.processors import num_cores
from gans.progress import progress_bar

CHUNK = 512  # pictures decoded between two writes: what bounds the memory beside the array


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

    Pictures are decoded by a thread for each processor (Pillow lets go of Python's lock); what is in memory at once is
    one chunk of them. Raises InputError with the names of all damaged pictures, after having looked at each.
    """
    kept = _first_of_each_split(data.splits, max_images)
    order = [index for indices in kept.values() for index in indices]
    images = np.lib.format.open_memmap(folder / "images.npy", "w+", np.uint8, (len(order), size, size, 3))
    digest = hashlib.sha256()
    damaged: list[str] = []
    with progress_bar(len(order), "preprocess", "img") as bar:
        for start, batch in _decoded(data, order, size, crop_px, damaged):
            images[start : start + len(batch)] = batch
            digest.update(batch.data)
            bar.update(len(batch))
    if damaged:
        listed = "; ".join(damaged[:20]) + ("; ..." if len(damaged) > 20 else "")
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
        "sha256": digest.hexdigest(),
    }
    (folder / "meta.json").write_text(json.dumps(meta, indent=2) + "\n", encoding="utf-8")


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


def _decoded(
    data: LabelledImages, order: Sequence[int], size: int, crop_px: int | None, damaged: list[str]
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield chunks of shrunk pictures with the position of their first, and note the damaged ones."""

    def decode(index: int) -> np.ndarray:
        name = data.names[index]
        try:
            return crop_and_shrink(data.read(name), size, crop_px)
        except InputError as error:
            damaged.append(str(error))
        except ValueError as error:
            damaged.append(f"{name}: {error}")
        return np.zeros((size, size, 3), np.uint8)

    with ThreadPoolExecutor(num_cores()) as threads:
        for start in range(0, len(order), CHUNK):
            yield start, np.stack(list(threads.map(decode, order[start : start + CHUNK])))
