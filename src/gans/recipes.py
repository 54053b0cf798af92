"""Named settings of experiments, in YAML files: what `make zoo`, `make protocol` and their like carry out."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from gans.base.errors import InputError, in_one_line
from gans.base.paths import PARAMS
from gans.base.settings import nearest
from gans.pages import revision


def named(path: Path, name: str, usage: str) -> Mapping[str, Any]:
    """Return the entry of a file; raise InputError where there is no name, or none of that name."""
    entries: Mapping[str, Mapping[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not name:
        raise InputError(f"no NAME; expected {usage}, one of {', '.join(entries)}")
    if name not in entries:
        found = f"NAME is {name!r}; expected one of {', '.join(entries)}, as in {path}"
        raise InputError(f"{found}{nearest(name, entries)}")
    return entries[name]


def command(experiment: str, settings: Mapping[str, Any]) -> list[str]:
    """Return the words that carry out an experiment in a folder of its own, with these settings."""
    changes = (word for change in overrides(settings) for word in ("-S", change))
    return ["dvc", "exp", "run", "--temp", "-n", experiment, *changes]


def overrides(settings: Mapping[str, Any]) -> list[str]:
    """Return what `-S` takes, such as `active=[sngan]`."""
    return [f"{key}={_written(value)}" for key, value in settings.items()]


def _written(value: object) -> str:
    if isinstance(value, list):
        return f"[{','.join(map(_written, value))}]"
    return value if isinstance(value, str) else json.dumps(value)


def write_params(commit: str, changes: Sequence[str], folder: Path, recipe: Path) -> Path:
    """Write the params.yaml that a commit has, changed as `-S` would, into a folder; return its path.

    Raises InputError, in words that name the recipe which the changes are from, on one that DVC does not take.
    """
    from dvc.exceptions import DvcException  # type: ignore[import-untyped]
    from dvc.utils.hydra import apply_overrides  # type: ignore[import-untyped]

    path = folder / PARAMS
    path.write_bytes(revision.git("show", f"{commit}:{PARAMS}") or b"")
    try:
        apply_overrides(str(path), list(changes))
    except DvcException as error:
        raise InputError(f"{recipe}: settings: {in_one_line(error.__cause__ or error)}") from None
    return path
