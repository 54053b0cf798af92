"""Files of the user's own, in the folder that data.root names."""

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from gans.base import publishing
from gans.base.errors import InputError


def find(root: Path, places: Sequence[str], names: Sequence[str]) -> Path:
    """Return the first of the files `names` in one of the `places` below `root`; raise InputError without one."""
    for name in names:
        for place in places:
            if (root / place / name).is_file():
                return root / place / name
    also = f" or in {', '.join(places[1:])}" if places[1:] else ""
    expected = f"expected the published files there{also}"
    raise InputError(f"data.root is {root}, which holds no {' or '.join(names)}; {expected}")


def copy(files: Iterable[Path], folder: Path) -> None:
    """Make `folder` hold copies of these files, each once, and nothing else; pass over those that do not exist."""
    publishing.make_anew(folder)
    for path in dict.fromkeys(files):
        if path.is_file():
            shutil.copyfile(path, folder / path.name)
