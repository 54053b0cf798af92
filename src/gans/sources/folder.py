"""A folder or a zip of pictures, whose sub-folders are the labels."""

import os
import shutil
import unicodedata
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath

import numpy as np

from gans.base import publishing
from gans.base.errors import InputError
from gans.sources import archives
from gans.sources.labelled import LabelledImages

ARCHIVE = "images.zip"
FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "GIF", "TIFF", "PPM")
SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".gif", ".tif", ".tiff", ".ppm", ".pgm")
GREY_MODES = ("1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "I;16N")
EXPECTED = f"pictures whose names end in {', '.join(SUFFIXES)}"


def gather(root: Path, folder: Path) -> None:
    """Put the pictures of `root`, a folder or a zip, into `folder` as images.zip.

    A zip is copied as it is. A folder is written in the order of its names and without dates, so that the same
    pictures give the same bytes.
    """
    if zipfile.is_zipfile(root):
        publishing.make_anew(folder)
        shutil.copyfile(root, folder / ARCHIVE)
        return
    if not root.is_dir():
        found = "which is no zip" if root.exists() else "which does not exist"
        raise InputError(f"data.root is {root}, {found}; expected a folder or a zip of pictures")
    files = [Path(parent, file) for parent, _, files in os.walk(root) for file in files]
    names = sorted(name for path in files if _name_of(name := path.relative_to(root).as_posix()))
    if not names:
        raise InputError(f"data.root is {root}, which holds no image; expected {EXPECTED}")
    _refuse_empty_class(root, names)
    _classes(names)  # refuses what cannot be labelled before anything is written
    publishing.make_anew(folder)
    archives.write(folder / ARCHIVE, ((name, (root / name).read_bytes()) for name in names), len(names), "gather")


def _refuse_empty_class(root: Path, names: Sequence[str]) -> None:
    """Raise InputError for a sub-folder that holds no picture: as a class it would vanish without a word."""
    holding = {name.split("/")[0] for name in names}
    for path in sorted(root.iterdir()):
        if path.is_dir() and not path.is_symlink() and not _is_hidden(path.name) and path.name not in holding:
            raise InputError(f"{path} holds no image, as a class should; expected {EXPECTED}: add some, or remove it")


def _is_hidden(part: str) -> bool:
    return part.startswith(".") or part == "__MACOSX"  # as macOS leaves it in a zip


def _name_of(member: str) -> str | None:
    """Return the name of a picture's file as messages and tables can show it; None for any other file.

    Raises InputError for a name that leads elsewhere, is not UTF-8, or would break a line.
    """
    path = PurePosixPath(member.replace("\\", "/"))  # as some programs for Windows write them
    if path.is_absolute() or PureWindowsPath(member).is_absolute() or ".." in path.parts:
        raise InputError(f"data.root holds {member!r}; expected names below its own top: pack it anew")
    if path.suffix.lower() not in SUFFIXES or any(map(_is_hidden, path.parts)):
        return None
    if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in member):
        raise InputError(f"data.root holds {member!r}; expected UTF-8 without control characters: rename it")
    return str(path)


def open_images(folder: Path) -> LabelledImages:
    """Return the pictures in the images.zip of `folder`, labelled by the sub-folder that each lies in.

    80 % of each class are for training, 10 % for validation and 10 % for testing: of any ten names in their order the
    ninth validates and the tenth tests.
    """
    archive = archives.Archive(folder / ARCHIVE, _name_of, FORMATS, EXPECTED)
    class_of = _classes(archive.names)
    class_names = sorted(set(class_of) - {""})
    splits: dict[str, list[int]] = {"train": [], "validation": [], "test": []}
    seen = dict.fromkeys(class_of, 0)
    for position, name in enumerate(class_of):
        splits[{8: "validation", 9: "test"}.get(seen[name] % 10, "train")].append(position)
        seen[name] += 1
    return LabelledImages(
        names=archive.names,
        splits=splits,
        labels=np.array([class_names.index(name) for name in class_of], np.int64) if class_names else None,
        class_names=class_names,
        read=archive.read,
        channels=1 if all(archive.mode(position) in GREY_MODES for position in range(len(class_of))) else 3,
        symmetric=True,
    )


def _classes(names: Sequence[str]) -> list[str]:
    """Return the class of each picture: the folder it is in, below the deepest one that holds them all; "" for none."""
    rooted = [PurePosixPath("/" + name) for name in names]
    top = os.path.commonpath([path.parent for path in rooted])
    inner = [path.relative_to(top) for path in rooted]
    class_of = [path.parts[0] if len(path.parts) > 1 else "" for path in inner]
    if "" in class_of and any(class_of):
        loose = names[class_of.index("")]
        in_class = next(name for name, label in zip(names, class_of, strict=True) if label)
        raise InputError(
            f"data.root has {loose} beside {in_class}; expected all images in one folder, or each in the sub-folder of "
            "its class"
        )
    return class_of
