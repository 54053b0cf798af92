"""Pictures that leave the project, and those that come from elsewhere: a folder, a .zip or an .npz of them."""

import math
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Never

import numpy as np
from PIL import Image, UnidentifiedImageError
from tqdm import tqdm

from gans.base import publishing
from gans.base.errors import InputError, in_one_line
from gans.base.progress import progress_bar
from gans.figures import grids
from gans.preprocess import crop_and_shrink, in_channels

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".gif", ".tif", ".tiff", ".ppm", ".pgm")
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
    with _new(out) as draft, progress_bar(count, "generate", "img") as bar:
        if out.suffix == ".npz":
            with draft.open("wb") as file:  # to a path NumPy would add its own ending
                np.savez(file, np.concatenate(list(_told(blocks, bar))))  # as arr_0
        elif out.suffix == ".zip":
            with zipfile.ZipFile(draft, "w", zipfile.ZIP_STORED) as archive:
                for name, content in _files(_told(blocks, bar)):
                    archive.writestr(zipfile.ZipInfo(name), content)
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
    """Yield a path to write at, which becomes `out` when all went well; raise InputError where something is there."""
    refuse_existing(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    with publishing.published(out) as draft:
        yield draft


def _told(blocks: Iterable[np.ndarray], bar: "tqdm[Never]") -> Iterator[np.ndarray]:
    """Yield the blocks, and tell the progress bar of each."""
    for block in blocks:
        yield block
        bar.update(len(block))


def _files(blocks: Iterable[np.ndarray]) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the PNG of each picture."""
    for number, image in enumerate(image for block in blocks for image in block):
        file = BytesIO()
        Image.fromarray(image.squeeze(2) if image.shape[2] == 1 else image).save(file, "PNG", compress_level=1)
        yield f"{number:06d}.png", file.getvalue()


def read(source: Path, size: int, channels: int) -> np.ndarray:
    """Return the pictures of a folder and all below it, a .zip or an .npz, as uint8 (N, size, size, channels).

    Of those of another size the largest central square is kept and resized as this project's own data are.
    Raises InputError where there is none, or one is damaged.
    """
    pictures: Sequence[tuple[str, bytes | np.ndarray]]
    if source.suffix == ".npz" and source.is_file():
        pictures = _of_array(source)
    elif source.is_dir():
        files = sorted(path for path in source.rglob("*") if path.suffix.lower() in SUFFIXES)
        pictures = [(str(path), path.read_bytes()) for path in files]
    elif zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as archive:
            names = sorted(name for name in archive.namelist() if Path(name).suffix.lower() in SUFFIXES)
            pictures = [(f"{source}/{name}", archive.read(name)) for name in names]
    else:
        raise InputError(f"{source} {'is none of them' if source.exists() else 'does not exist'}; {EXPECTED}")
    if not len(pictures):
        raise InputError(f"{source} holds no picture; {EXPECTED}")
    images = np.empty((len(pictures), size, size, channels), np.uint8)
    with progress_bar(len(pictures), "read", "img") as bar:
        for place, (name, content) in enumerate(pictures):
            try:
                opened = Image.fromarray(content) if isinstance(content, np.ndarray) else Image.open(BytesIO(content))
                images[place] = crop_and_shrink(in_channels(opened, channels), size, None)
            except (UnidentifiedImageError, OSError, ValueError) as error:
                raise InputError(f"{name} is damaged or no picture ({in_one_line(error)}); remove or mend it") from None
            bar.update()
    return images


def _of_array(source: Path) -> list[tuple[str, np.ndarray]]:
    """Return the pictures of an .npz by name: of its arr_0, or of its only array."""
    try:
        with np.load(source, allow_pickle=False) as arrays:
            name = ARRAY if ARRAY in arrays else arrays.files[0]
            images = arrays[name]
    except (OSError, ValueError, IndexError, zipfile.BadZipFile) as error:
        raise InputError(f"{source} is damaged ({in_one_line(error)}); {EXPECTED}") from None
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] not in (1, 3):
        raise InputError(f"{source} holds {images.dtype} {images.shape} as {name}; {EXPECTED}, C 1 or 3")
    return [
        (f"{source}[{place}]", image.squeeze(2) if image.shape[2] == 1 else image) for place, image in enumerate(images)
    ]
