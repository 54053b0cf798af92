"""Named settings of experiments, in YAML files: what `make zoo`, `make protocol` and their like carry out."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from gans.base.errors import InputError, in_one_line
from gans.base.settings import nearest


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


def run(words: Sequence[str]) -> None:
    """Carry out a command of DVC with this interpreter's; raise CalledProcessError where it fails."""
    subprocess.run([sys.executable, "-m", *words], check=True)


def ended(program: str, main: Callable[[], None]) -> None:
    """Call `main`; end with one line that begins with the program's name, or DVC's status, where that fails."""
    try:
        main()
    except (InputError, OSError) as problem:
        sys.exit(f"{program}: {in_one_line(problem, at_most=None)}")
    except subprocess.CalledProcessError as failure:
        sys.exit(failure.returncode)
