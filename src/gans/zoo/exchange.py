"""Pictures that leave the project, and those that come from elsewhere: a folder, a .zip or an .npz of them."""

import math
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Never

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from tqdm import tqdm

from gans.base import publishing
from gans.base.errors import InputError, in_one_line
from gans.base.progress import progress_bar
from gans.figures import grids
from gans.preprocess import crop_and_shrink, in_channels
from gans.sources import archives
from gans.sources.folder import FORMATS, SUFFIXES

ARRAY = "arr_0"  # in an .npz, where NumPy and the usual scoring programs put and look for it
FRAME_MILLISECONDS = 60  # of a film
EXPECTED = "expected a folder or a .zip of pictures, or an .npz of uint8 (N, S, S, C)"


def refuse_existing(out: Path) -> None:
    """Raise InputError where something would be overwritten: a file, or a folder that is not empty."""
    if out.is_dir() and not any(out.iterdir()):
        return
    if out.exists():
        raise InputError(f"{out} is there already; expected a new name, or an empty folder: nothing was written")


def save(blocks: Iterable[np.ndarray], count: int, out: Path) -> None:
    """Write `count` pictures, which come as uint8 (N, S, S, C) block by block, whole or not at all.

    A name in .npz holds them as `arr_0`, uint8 (count, S, S, C); one in .zip as PNG files; any other is the folder of
    such files: 000000.png and so on.
    """
    if out.suffix.lower() == ".zip":
        with _new(out) as draft:
            archives.write(draft, _files(blocks), count, "generate")
        return
    with _new(out) as draft, progress_bar(count, "generate", "img") as bar:
        if out.suffix.lower() == ".npz":
            with draft.open("wb") as file:  # to a path NumPy would add its own ending
                np.savez(file, np.concatenate(list(_told(blocks, bar))))  # as arr_0
        else:
            draft.mkdir()
            for name, content in _files(_told(blocks, bar)):
                (draft / name).write_bytes(content)


def save_grid(blocks: Iterable[np.ndarray], count: int, out: Path) -> None:
    """Write all pictures as one PNG, about as wide as high."""
    with _new(out) as draft:
        grids.save_png(draft, grids.grid(np.concatenate(list(blocks)), math.ceil(math.sqrt(count))))


def save_film(blocks: Iterable[np.ndarray], count: int, out: Path) -> None:
    """Write all pictures as a film, a GIF."""
    with _new(out) as draft:
        grids.save_gif(draft, [grids.grid(image[None], 1) for block in blocks for image in block], FRAME_MILLISECONDS)


@contextmanager
def _new(out: Path) -> Iterator[Path]:
    """Yield a path to write at, which becomes `out` when all went well; raise InputError where something is there.

    What has appeared there meanwhile is kept, too.
    """
    out = out.resolve()
    refuse_existing(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    with publishing.published(out) as draft:
        yield draft
        refuse_existing(out)
        if out.is_dir():
            out.rmdir()  # only while it is empty


def _told(blocks: Iterable[np.ndarray], bar: "tqdm[Never]") -> Iterator[np.ndarray]:
    """Yield the blocks, and tell the progress bar of each."""
    for block in blocks:
        yield block
        bar.update(len(block))


def _files(blocks: Iterable[np.ndarray]) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the PNG of each picture."""
    for number, image in enumerate(image for block in blocks for image in block):
        file = BytesIO()
        _of_pixels(image).save(file, "PNG", compress_level=1)
        yield f"{number:06d}.png", file.getvalue()


def read(source: Path, size: int, channels: int) -> np.ndarray:
    """Return the pictures of a folder and all below it, a .zip or an .npz, as uint8 (N, size, size, channels).

    Of those of another size the largest central square is kept and resized, antialiased, with Lanczos' filter.
    Raises InputError where there is none, or one is damaged.
    """
    if not source.exists():
        raise InputError(f"{source} does not exist; {EXPECTED}")
    if source.is_dir():
        files = sorted(path for path in source.rglob("*") if _is_picture(path.name))
        names, opened = [str(path) for path in files], [partial(_opened, path) for path in files]
    elif zipfile.is_zipfile(source) and source.suffix.lower() != ".npz":
        archive = archives.Archive(source, lambda name: name if _is_picture(name) else None, FORMATS, EXPECTED)
        names, opened = archive.names, [partial(archive.read, place) for place in range(len(archive.names))]
    else:
        images = _of_array(source)
        names, opened = (
            [f"{source}[{place}]" for place in range(len(images))],
            [partial(_of_pixels, im) for im in images],
        )
    if not names:
        raise InputError(f"{source} holds no picture; {EXPECTED}")
    found = np.empty((len(names), size, size, channels), np.uint8)
    with progress_bar(len(names), "read", "img") as bar:
        for place, (name, picture) in enumerate(zip(names, opened, strict=True)):
            try:
                found[place] = crop_and_shrink(in_channels(picture(), channels), size, None)
            except InputError:
                raise
            except ValueError as error:  # such as floating-point pixels
                raise InputError(f"{name}: {error}") from None
            bar.update()
    return found


def _is_picture(name: str) -> bool:
    return Path(name).suffix.lower() in SUFFIXES


def _opened(path: Path) -> Image.Image:
    """Return the picture in a file, turned as its EXIF orientation says; raise InputError where it is damaged."""
    if path.stat().st_size > archives.MAX_BYTES:
        raise InputError(f"{path} has more than {archives.MAX_BYTES} bytes; expected a smaller picture")
    try:
        with Image.open(path, formats=FORMATS) as picture:
            picture.load()
            return ImageOps.exif_transpose(picture)
    except Exception as error:  # Pillow raises a dozen kinds for as many sorts of damage
        found = "no picture" if isinstance(error, UnidentifiedImageError) else in_one_line(error)
        raise InputError(f"{path}: {found}; expected a whole picture: remove it, or make it again") from None


def _of_pixels(image: np.ndarray) -> Image.Image:
    return Image.fromarray(image.squeeze(2) if image.shape[2] == 1 else image)


def _of_array(source: Path) -> np.ndarray:
    """Return the pictures of an .npz, uint8 (N, S, S, C): its arr_0, or its only array."""
    try:
        with source.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            name = ARRAY if ARRAY in arrays else arrays.files[0]
            images = np.asarray(arrays[name])
    except Exception as error:  # zipfile, zlib and NumPy raise a dozen kinds for as many sorts of damage
        raise InputError(f"{source} is damaged, or none of them ({in_one_line(error)}); {EXPECTED}") from None
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] not in (1, 3) or 0 in images.shape[1:]:
        raise InputError(f"{source} holds {images.dtype} {images.shape} as {name}; {EXPECTED}, C 1 or 3")
    return images
