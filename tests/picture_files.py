"""Small files that hold pictures: single ones, and zips of them."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image


def saved(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """Return the file of a picture."""
    file = io.BytesIO()
    picture.save(file, kind, **options)  # type: ignore[arg-type]
    return file.getvalue()


def picture(number: int = 0, kind: str = "PNG") -> bytes:
    """Return the file of a picture of 6 x 4 random pixels."""
    return saved(Image.fromarray(np.random.default_rng(number).integers(0, 256, (4, 6, 3), np.uint8)), kind)


def zip_of(path: Path, members: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    """Write a zip of these members; return where."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, compression)
    return path
