"""Crop, shrink and pack: labelled pictures to uint8 arrays."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from gans.base import artefacts
from gans.base.errors import InputError
from gans.base.processors import num_cores
from gans.base.progress import progress_bar
from gans.data import arrays
from gans.sources.labelled import LabelledImages

PART = 32  # pictures that a thread decodes at a time
NO_SHARDS = 2**63  # more images than there will be


def crop_and_shrink(picture: Image.Image, size: int, crop_px: int | None) -> np.ndarray:
    """Return the central square of `picture`, `crop_px` wide, resized with antialiasing to uint8 (size, size, C).

    C is 1 for a picture of mode L and 3 for one of mode RGB. Without `crop_px` the largest square is kept. Raises
    ValueError when the crop does not fit.
    """
    width, height = picture.size
    side = crop_px or min(width, height)
    if side > min(width, height):
        raise ValueError(f"{width}x{height} pixels; expected at least data.crop_px = {side} each way")
    left, top = (width - side) // 2, (height - side) // 2
    box = (left, top, left + side, top + side)
    return np.asarray(picture.resize((size, size), Image.Resampling.LANCZOS, box=box)).reshape(size, size, -1)


def in_channels(picture: Image.Image, channels: int) -> Image.Image:
    """Return `picture` in mode L for 1 channel or RGB for 3, what is transparent over white.

    16 bits of grey are scaled to 8, where Pillow's own conversion cuts them off at 255. Raises ValueError for deeper
    ones, whose range is anyone's guess.
    """
    if picture.mode.startswith("I"):  # I;16 and its byte orders; I is what Pillow makes of a 16-bit PGM
        picture = Image.fromarray(_eight_bits(np.asarray(picture)))
    elif picture.mode == "F":
        raise ValueError("floating-point pixels; expected 8 or 16 bits a channel")
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    mode = "L" if channels == 1 else "RGB"
    return picture if picture.mode == mode else picture.convert(mode)


def _eight_bits(grey: np.ndarray) -> np.ndarray:
    """Return grey values 0..65535 as uint8: 65535 = 257 * 255."""
    if grey.min() < 0 or grey.max() > 65535:
        raise ValueError(f"grey values from {grey.min()} to {grey.max()}; expected 8 or 16 bits a channel")
    return ((grey.astype(np.uint32) + 128) // 257).astype(np.uint8)


def pack(
    data: LabelledImages,
    folder: Path,
    *,
    size: int,
    crop_px: int | None,
    max_images: int | None,
    shard_images: int = NO_SHARDS,
) -> None:
    """Write images.npy (N, size, size, C), meta.json, and what is known: labels.npy, attributes.npy, into `folder`.

    More images than `shard_images` go into images_00000.npy and so on, so many each but for the last. Raises InputError
    with the names of the damaged pictures, having tried all, and for a split or a class without pictures to train on.
    """
    kept = _spread_over_each_split(data.splits, max_images)
    class_counts = _count_classes(data, kept["train"])
    order = [index for indices in kept.values() for index in indices]
    crop_px = crop_px if data.aligned else None
    files = arrays.image_files(folder, len(order), shard_images)
    shards = [_new_array(path, (count, size, size, data.channels)) for path, count in files.items()]
    _decode(data, order, shards, size, crop_px)
    content = hashlib.sha256()
    for shard in shards:
        shard.flush()
        content.update(shard.data)
    for name, values in (("labels.npy", data.labels), ("attributes.npy", data.attribute_values)):
        if values is not None:
            artefacts.write_array(folder / name, values[order])
    stops = np.cumsum([len(indices) for indices in kept.values()]).tolist()
    meta = {
        "num_images": len(order),
        "image_size": size,
        "channels": data.channels,
        "splits": {name: [stop - len(kept[name]), stop] for name, stop in zip(kept, stops, strict=True)},
        "crop_px": crop_px,
        "filter": "lanczos",
        "class_names": list(data.class_names),
        "class_counts": class_counts,
        "attributes": list(data.attributes),
        "known_attributes": list(data.known_attributes),
        "symmetric": data.symmetric,
        "sha256": content.hexdigest(),
    }
    artefacts.write_json(folder / "meta.json", meta)


def _new_array(path: Path, shape: tuple[int, ...]) -> np.memmap:
    """Return a new array in a file whose room is set aside: without it, a full disk would kill the process."""
    array = np.lib.format.open_memmap(path, "w+", np.uint8, shape)
    if hasattr(os, "posix_fallocate"):  # not on macOS
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return array


def _decode(
    data: LabelledImages, order: Sequence[int], shards: Sequence[np.ndarray], size: int, crop_px: int | None
) -> None:
    """Write the pictures at the positions in `order` into the shards, all but the last of one length.

    A thread for each core decodes straight into an array: Pillow lets go of Python's lock, and memory holds a picture
    a thread besides.
    """
    damaged: dict[int, str] = {}

    def decode(part: Sequence[int]) -> int:
        """Fill some places of the arrays; return how many."""
        for place in part:
            shard, row = divmod(place, len(shards[0]))
            try:
                picture = in_channels(data.read(order[place]), data.channels)
                shards[shard][row] = crop_and_shrink(picture, size, crop_px)
            except InputError as error:
                damaged[place] = str(error)
            except ValueError as error:
                damaged[place] = f"{data.names[order[place]]}: {error}"
        return len(part)

    places = range(len(order))
    parts = [places[start : start + PART] for start in places[::PART]]
    with ThreadPoolExecutor(num_cores()) as threads, progress_bar(len(order), "preprocess", "img") as bar:
        for done in threads.map(decode, parts):
            bar.update(done)
    if damaged:
        listed = "; ".join(damaged[place] for place in sorted(damaged)[:20]) + ("; ..." if len(damaged) > 20 else "")
        raise InputError(f"{len(damaged)} of {len(order)} images cannot be used: {listed}")


def _spread_over_each_split(splits: Mapping[str, Sequence[int]], max_images: int | None) -> dict[str, list[int]]:
    """Return the splits, thinned out evenly so that at most `max_images` are left in all; each keeps two or more.

    What is sorted by class keeps all its classes, which the first images of each split would not.
    """
    total = sum(len(indices) for indices in splits.values())
    share = min(1.0, max_images / total) if max_images else 1.0
    kept = {}
    for name, indices in splits.items():
        count = int(len(indices) * share)
        if count < 2:
            raise InputError(
                f"the {name} split has {count} of {total} images; expected at least 2 in each split: add images, or "
                "raise data.max_images"
            )
        kept[name] = [indices[place * len(indices) // count] for place in range(count)]
    return kept


def _count_classes(data: LabelledImages, train: Sequence[int]) -> list[int]:
    """Return how many training images each class has ([] without labels); raise InputError when one has none."""
    if data.labels is None:
        return []
    counts = np.bincount(data.labels[train], minlength=len(data.class_names))
    empty = [name for name, count in zip(data.class_names, counts, strict=True) if count == 0]
    if empty:
        others = f" (nor of {len(empty) - 1} more)" if len(empty) > 1 else ""
        fewer = "name fewer attributes in data.condition_on" if data.attributes else "leave the class out"
        raise InputError(
            f"none of the {len(train)} training images is of the class {empty[0]!r}{others}; expected some of each of "
            f"{len(counts)} classes: add images, raise data.max_images, or {fewer}"
        )
    return [int(count) for count in counts]
