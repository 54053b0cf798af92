"""The experiments that DVC knows: what each changed, and what FID each variant has, in the width of a terminal."""

import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from gans.base import paths
from gans.base.errors import InputError
from gans.base.paths import PARAMS
from gans.pages import revision, terminal

QUALITY = f"{paths.quality_metrics('').parent.as_posix()}/"
LINES = 4  # the most that tell what one experiment changed


class Run(NamedTuple):
    """The workspace, the commit or an experiment."""

    name: str
    settings: Mapping[str, Any]  # by their dotted keys
    fids: Mapping[str, float]  # by variant


def read(shown: Sequence[Mapping[str, Any]]) -> list[Run]:
    """Return what `dvc exp show --json` tells: of the workspace, of the commit, and of the experiments made from it."""
    found = [_run(place) for place in shown]
    for place in shown:
        for group in place["experiments"] or ():
            state = (group["executor"] or {}).get("state", "success")
            found += [_run(experiment, "" if state == "success" else f" ({state})") for experiment in group["revs"]]
    return found


def _run(place: Mapping[str, Any], state: str = "") -> Run:
    data = place["data"] or {}
    settings = data.get("params", {}).get(str(PARAMS), {}).get("data") or {}
    files = {
        PurePosixPath(file).stem: found.get("data")
        for file, found in data.get("metrics", {}).items()
        if file.startswith(QUALITY)
    }
    fids = {variant: scores["fid_lite0"] for variant, scores in files.items() if scores}
    return Run((place["name"] or place["rev"][:9]) + state, dict(_flat(settings)), fids)


def _flat(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        yield from _flat(value, f"{above}{key}.") if isinstance(value, dict) and value else [(above + key, value)]


def text(runs: Sequence[Run]) -> str:
    """Return a table with a run a row, and under it what each changed of the commit, which is the second."""
    variants = [*dict.fromkeys(variant for run in runs for variant in run.fids)]
    rows, changes = [["FID (lite0)", *variants]], []
    for run in runs:
        rows.append([run.name, *(format(run.fids[name], ".0f") if name in run.fids else "-" for name in variants)])
        changed = [f"{key}={value}" for key, value in run.settings.items() if runs[1].settings.get(key, ...) != value]
        if changed:
            line = f"{run.name}: {' '.join(changed)}"
            changes += textwrap.wrap(line, terminal.WIDTH, subsequent_indent="  ", max_lines=LINES, placeholder=" ...")
    return "\n".join([terminal.table(rows), *(["\nWhat was changed:", *changes] if changes else [])])


def main() -> None:
    """Print the table; end with one line where DVC cannot tell."""
    try:
        print(text(read(revision.dvc("exp", "show", "--json")[0])))
    except InputError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
