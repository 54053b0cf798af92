"""Records as JSON and CSV files, each written whole or not at all; arrays."""

import csv
import errno
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gans.base import publishing
from gans.base.errors import InputError


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Write `values` as indented JSON."""
    with publishing.published(path) as draft:
        draft.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")


def read_json(path: Path) -> dict[str, Any]:
    """Return what `write_json` wrote; raise InputError when it is missing."""
    values: dict[str, Any] = json.loads(_content(path))
    return values


def write_csv(path: Path, rows: Sequence[Mapping[str, float]], columns: Sequence[str]) -> None:
    """Write `rows` under `columns` and any others that they have, six significant digits; what is lacking is empty."""
    names = list(dict.fromkeys([*columns, *(name for row in rows for name in row)]))
    with publishing.published(path) as draft, draft.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        cells = ([row.get(name, "") for name in names] for row in rows)
        writer.writerows([f"{cell:.6g}" if isinstance(cell, float) else cell for cell in row] for row in cells)


def read_csv(path: Path) -> dict[str, list[float]]:
    """Return the columns of what `write_csv` wrote; an empty cell is NaN. Raises InputError when it is missing."""
    reader = csv.DictReader(_content(path).splitlines())
    rows = list(reader)
    return {name: [float(row[name] or "nan") for row in rows] for name in reader.fieldnames or ()}


def write_array(path: Path, array: np.ndarray) -> None:
    """Write an array, of numbers alone, as .npy."""
    try:
        np.save(path, array, allow_pickle=False)
    except OSError as error:
        if error.errno is None:  # NumPy tells a full disk by how many values it wrote
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path)) from None
        raise


def _content(path: Path) -> str:
    if not path.exists():
        raise InputError(f"{path} is missing; expected what an earlier stage writes there: run `dvc repro`")
    return path.read_text(encoding="utf-8")


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
