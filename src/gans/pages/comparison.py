"""A Git revision and the workspace, compared on one page."""

import csv
import io
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml

from gans.base import paths, publishing
from gans.base.errors import InputError
from gans.base.paths import PARAMS
from gans.figures import plots
from gans.pages import leaderboard, revision, templates
from gans.pages.leaderboard import OF_JUDGES, PROTOCOL
from gans.pages.revision import Diff

OUTPUT = paths.REPORT / "compare.html"
QUALITY, SPEED = (f"{place('').parent.as_posix()}/" for place in (paths.quality_metrics, paths.speed_metrics))
LEADING = "fid_lite0"  # the score of the first row
LOSSES = ("loss_d", "loss_g")


class Side(NamedTuple):
    """What the revision or the workspace has of one variant; None where it is lacking."""

    active: bool
    losses: bytes | None = None  # CSV
    grid: bytes | None = None  # PNG


class Comparison(NamedTuple):
    """All that the page says."""

    label: str  # the revision, in tables and legends
    revision: str  # which commit that is
    workspace: str  # where the workspace stands
    params: Diff
    metrics: Diff  # with those that did not change
    variants: Mapping[str, tuple[Side, Side]]  # of the revision, of the workspace
    warnings: Sequence[str]  # DVC's


def shown(value: object, form: str = ",.6g") -> str:
    """Return a value as text: a number with six significant digits or in another form, "-" for None."""
    if isinstance(value, float):
        return format(value, ",.0f" if 1e6 <= abs(value) < 1e15 else form)
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return "-" if value is None else str(value)


def difference(pair: Mapping[str, Any]) -> str:
    """Return the new value less the old one with its sign; "-" where one is no number."""
    change = _gain(pair)
    return "-" if change is None else ("+" if change > 0 else "") + shown(change)


def _gain(pair: Mapping[str, Any]) -> float | None:
    return pair["new"] - pair["old"] if {type(pair["old"]), type(pair["new"])} <= {int, float} else None


def verdict(scores: Mapping[str, Mapping[str, Any]], key: str) -> str:
    """Return whether the new value of a score is better or worse; nothing where its direction is unknown.

    A difference below the standard deviation of the difference over seeds is noise. Where a side has one seed, and the
    deviation is unknown, so is the verdict.
    """
    sign = {"lower": -1, "higher": 1, "": 0}[leaderboard.direction(key)]
    gain = sign * (_gain(scores[key]) or 0)
    spread = scores.get(f"sd.{key}", {})
    if not gain:
        return ""
    if None in (spread.get("old"), spread.get("new")):
        return "noise unknown"
    if not leaderboard.beyond_noise(gain, spread["old"], spread["new"]):
        return "within the noise"
    return "▲ better" if gain > 0 else "▼ worse"


def fair_verdict(metrics: Diff, file: str, key: str) -> str:
    """Return the verdict on a score of `file`; nothing where the two sides cannot be compared, nor on real images."""
    judges_differ = any(pair["old"] != pair["new"] for pair in metrics.get(str(paths.CLASSIFIER), {}).values())
    unfair = not comparable(metrics) or (key in OF_JUDGES and judges_differ)
    return "" if unfair or file not in metrics or file == str(paths.FLOOR) else verdict(metrics[file], key)


def comparable(metrics: Diff) -> bool:
    """Return whether both sides' scores come from the same data and protocol, as far as both say."""
    pairs = [keys[key] for keys in metrics.values() for key in PROTOCOL if key in keys]
    return all(pair["old"] == pair["new"] or None in (pair["old"], pair["new"]) for pair in pairs)


def changed(diff: Diff) -> dict[str, dict[str, Mapping[str, Any]]]:
    """Return the files and keys whose values differ, scores first; of the summary, which repeats them, the data set."""
    found = {}
    for file in sorted(diff, key=lambda file: (not file.startswith(QUALITY), file)):
        keys = [key for key in sorted(diff[file]) if file != str(paths.SUMMARY) or key in PROTOCOL]
        found[file] = {key: diff[file][key] for key in keys if diff[file][key]["old"] != diff[file][key]["new"]}
    return {file: changes for file, changes in found.items() if changes}


def html(comparison: Comparison) -> str:
    """Return the comparison as one page that opens without a network: pictures lie inside it."""
    label, metrics = comparison.label, changed(comparison.metrics)
    timings = {file: metrics.pop(file) for file in list(metrics) if file.startswith(SPEED)}
    same = [name for name, (old, new) in comparison.variants.items() if old == new and None not in new]
    differing = {name: pair for name, pair in comparison.variants.items() if name not in same}
    return templates.written(
        "comparison.html",
        title=f"{label} and the workspace",
        comparison=comparison,
        fair=comparable(comparison.metrics),
        tiles=list(_tiles(comparison)),
        leading=plots.TITLES[LEADING],
        parameters=_tables(comparison, changed(comparison.params)),
        metrics=_tables(comparison, metrics),
        timings=_tables(comparison, timings),
        same=same,
        differing=differing,
        overlay=_overlay,
        paths=paths,
    )


def _tiles(comparison: Comparison) -> Iterator[dict[str, str]]:
    """Yield the leading score of each variant, and its deviation where several seeds were trained."""
    for name in comparison.variants:
        scores = comparison.metrics.get(file := str(paths.quality_metrics(name)), {})
        if LEADING not in scores:
            continue
        both, deviations = scores[LEADING], scores.get(f"sd.{LEADING}", {})
        before, now = (
            " ± ".join(shown(found[side], ",.0f") for found in (both, deviations) if found.get(side) is not None) or "-"
            for side in ("old", "new")
        )
        change = f"{difference(both)} {fair_verdict(comparison.metrics, file, LEADING)}"
        if both["old"] == both["new"]:
            change = "the same"
        yield {"name": name, "value": now, "quiet": f"{comparison.label}: {before}", "change": change}


def _tables(comparison: Comparison, files: Diff) -> dict[str, list[list[str]]]:
    """Return the rows of a table for each file, the heads first; columns without a word are left out."""
    tables = {}
    for file, changes in files.items():
        rows = [["key", comparison.label, "workspace", "difference", "verdict"]]
        for key, pair in changes.items():
            judged = fair_verdict(comparison.metrics, file, key)
            rows.append([key, shown(pair["old"]), shown(pair["new"]), difference(pair), judged])
        width = max([3, *(n for row in rows[1:] for n, cell in enumerate(row, 1) if cell not in ("", "-"))])
        tables[file] = [row[:width] for row in rows]
    return tables


def _overlay(losses: Mapping[str, bytes | None]) -> bytes | None:
    """Return both sides' losses as a PNG, or None where one is missing or there is no number to draw."""
    curves = {place: columns(curve) for place, curve in losses.items() if curve is not None}
    numbers = [number for curve in curves.values() for name in LOSSES for number in curve.get(name, ())]
    if len(curves) < 2 or not np.isfinite(numbers).any() or not all("images" in curve for curve in curves.values()):
        return None
    plots.overlay_figure(curves, LOSSES).savefig(png := io.BytesIO(), format="png")
    return png.getvalue()


def columns(curve: bytes) -> dict[str, list[float]]:
    """Return the columns of a curve that may lie in Git alone."""
    reader = csv.DictReader(curve.decode().splitlines())
    rows = list(reader)
    return {name: [float(row[name] or "nan") for row in rows] for name in reader.fieldnames or ()}


def active(params: bytes | None, place: str) -> list[str]:
    """Return the variants that the text of a params.yaml lists as active; none where there is no text."""
    try:
        values = yaml.safe_load(params or b"")
    except yaml.YAMLError:
        raise InputError(f"{place} is not YAML") from None
    names = values.get("active") if isinstance(values, dict) else None
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


def side(name: str, names: Sequence[str], content: Callable[[Path], bytes | None]) -> Side:
    """Return what `content`, which returns that of files, finds of a variant; nothing of one that is not in `names`."""
    if name not in names:
        return Side(active=False)
    return Side(True, content(paths.losses(name)), content(paths.samples(name) / "grid.png"))


def on_disk(path: Path) -> bytes | None:
    """Return a file's content, None where there is none."""
    return path.read_bytes() if path.is_file() else None


def read(rev: str) -> Comparison:
    """Return how the workspace differs from a revision; raise InputError where that cannot be told."""
    commit = revision.commit_of(rev)
    params, warnings = revision.dvc_diff("params", "diff", "--json", commit)
    metrics, more = revision.dvc_diff("metrics", "diff", "--json", "--all", commit)
    in_commit = partial(revision.content, commit)
    old, new = active(in_commit(PARAMS), f"{rev}:{PARAMS}"), active(on_disk(PARAMS), str(PARAMS))
    return Comparison(
        label=revision.label_of(rev, commit[:7]),
        revision=revision.described(commit),
        workspace=revision.checked_out(),
        params=params,
        metrics=metrics,
        variants={name: (side(name, old, in_commit), side(name, new, on_disk)) for name in dict.fromkeys([*new, *old])},
        warnings=list(dict.fromkeys([*warnings, *more])),
    )


def main() -> None:
    """Write the page; end with one line when the input is wrong."""
    if len(sys.argv) != 2 or not sys.argv[1].strip():
        sys.exit("usage: make compare REV=main; REV is a branch, tag, commit or experiment")
    try:
        comparison = read(sys.argv[1].strip())
        with publishing.published(OUTPUT) as draft:
            draft.write_text(html(comparison), encoding="utf-8")
    except (InputError, OSError) as error:
        sys.exit(" ".join(str(error).split()))
    print(f"Written: {OUTPUT}")


if __name__ == "__main__":
    main()
