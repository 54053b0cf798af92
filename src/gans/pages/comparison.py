"""A Git revision and the workspace, compared on one page."""

import csv
import io
import json
import sys
import textwrap
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
from gans.pages import leaderboard, machines, revision, templates, terminal
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
    kinds: str = ""  # which processors or GPUs they ran on, where these are of two kinds


def shown(value: object, form: str = ",.6g") -> str:
    """Return a value as text: a number with six significant digits or in another form, "-" for None."""
    if isinstance(value, float):
        return format(value, ",.0f" if 1e6 <= abs(value) < 1e15 else form)
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return "-" if value is None else str(value)


def difference(pair: Mapping[str, Any], form: str = ",.6g") -> str:
    """Return the new value less the old one with its sign; "-" where one is no number."""
    change = _gain(pair)
    return "-" if change is None else ("+" if change > 0 else "") + shown(change, form)


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
    judged_alike = comparable(metrics) and not (key in OF_JUDGES and judges_differ)
    return "" if not judged_alike or file not in metrics or file == str(paths.FLOOR) else verdict(metrics[file], key)


def comparable(metrics: Diff) -> bool:
    """Return whether both sides' scores come from the same data and protocol, as far as both say."""
    pairs = [keys[key] for keys in metrics.values() for key in PROTOCOL if key in keys]
    return all(pair["old"] == pair["new"] or None in (pair["old"], pair["new"]) for pair in pairs)


def unfair(metrics: Diff) -> str:
    """Return a line where no score can be called better or worse."""
    return (
        ""
        if comparable(metrics)
        else "Scored on different data or by another protocol: no score is called better or worse."
    )


def changed(diff: Diff) -> dict[str, dict[str, Mapping[str, Any]]]:
    """Return the files and keys whose values differ, scores first.

    Of the summary, which repeats them, the data set is left; of the processor nothing, as a line tells of it.
    """
    found = {}
    for file in sorted(diff, key=lambda file: (not file.startswith(QUALITY), file)):
        keys = [key for key in sorted(diff[file]) if not key.startswith("processor.")]
        keys = [key for key in keys if file != str(paths.SUMMARY) or key in PROTOCOL]
        found[file] = {key: diff[file][key] for key in keys if diff[file][key]["old"] != diff[file][key]["new"]}
    return {file: changes for file, changes in found.items() if changes}


def told_by_both(diff: Diff, both: bool) -> Diff:
    """Return the keys that both sides have a value of, or those of one side alone."""
    found = {
        file: {key: pair for key, pair in keys.items() if (None not in (pair["old"], pair["new"])) == both}
        for file, keys in diff.items()
    }
    return {file: keys for file, keys in found.items() if keys}


def html(comparison: Comparison) -> str:
    """Return the comparison as one page that opens without a network: pictures lie inside it."""
    label, metrics = comparison.label, changed(comparison.metrics)
    timings = {file: metrics.pop(file) for file in list(metrics) if file.startswith(SPEED)}
    same = [name for name, (old, new) in comparison.variants.items() if old == new and None not in new]
    differing = {name: pair for name, pair in comparison.variants.items() if name not in same}
    in_both = {name: pair for name, pair in differing.items() if all(side.active for side in pair)}
    return templates.written(
        "comparison.html",
        title=f"{label} and the workspace",
        comparison=comparison,
        unfair=unfair(comparison.metrics),
        tiles=list(tiles(comparison)),
        leading=plots.TITLES[LEADING],
        parameters=_tables(comparison, parameters := changed(comparison.params)),
        settings=[key for keys in parameters.values() for key in keys],
        metrics=_tables(comparison, told_by_both(metrics, True)),
        timings=_tables(comparison, timings),
        alone=_tables(comparison, told_by_both(metrics, False)),
        same=same,
        in_both=in_both,
        in_one={name: pair for name, pair in differing.items() if name not in in_both},
        overlay=_overlay,
        paths=paths,
    )


def tiles(comparison: Comparison) -> Iterator[dict[str, str]]:
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
        verdict = fair_verdict(comparison.metrics, file, LEADING)
        change = ", ".join(filter(None, [difference(both, ",.4g"), verdict]))
        if both["old"] == both["new"]:
            change = "the same"
        yield {"name": name, "value": now, "before": before, "change": change}


def text(comparison: Comparison) -> str:
    """Return what a terminal shows: what was changed, each variant's leading score, and what one has to know."""
    pairs = ((key, pair) for keys in changed(comparison.params).values() for key, pair in keys.items())
    lines = [f"{key}: {shown(pair['old'])} -> {shown(pair['new'])}" for key, pair in pairs]
    settings = "\n".join(textwrap.fill(line, terminal.WIDTH, subsequent_indent="  ") for line in lines)
    rows = [[plots.TITLES[LEADING], comparison.label, "workspace", "difference"]]
    rows += [[tile["name"], tile["before"], tile["value"], tile["change"]] for tile in tiles(comparison)]
    found = [settings, terminal.table(rows) if len(rows) > 1 else "", comparison.kinds, unfair(comparison.metrics)]
    return "\n\n".join(filter(None, found))


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
    params, warnings = revision.dvc("params", "diff", "--json", commit)
    metrics, more = revision.dvc("metrics", "diff", "--json", "--all", commit)
    in_commit = partial(revision.content, commit)
    old, new = active(in_commit(PARAMS), f"{rev}:{PARAMS}"), active(on_disk(PARAMS), str(PARAMS))
    label = revision.label_of(rev, commit[:7])
    return Comparison(
        label=label,
        revision=revision.described(commit),
        workspace=revision.checked_out(),
        params=params,
        metrics=metrics,
        variants={name: (side(name, old, in_commit), side(name, new, on_disk)) for name in dict.fromkeys([*new, *old])},
        warnings=list(dict.fromkeys([*warnings, *more])),
        kinds=kinds_of(label, new, in_commit),
    )


def kinds_of(rev: str, names: Sequence[str], content: Callable[[Path], bytes | None]) -> str:
    """Return a line where a variant was trained on another kind of processor or GPU than in the workspace."""
    for path in map(paths.train_metrics, names):
        sides = {rev: content(path), "workspace": on_disk(path)}
        if line := machines.difference({place: json.loads(text or b"{}") for place, text in sides.items()}):
            return line
    return ""


def main() -> None:
    """Write the page and print its essence; end with one line when the input is wrong."""
    if len(sys.argv) != 2 or not sys.argv[1].strip():
        sys.exit("usage: make compare REV=main; REV is a branch, tag, commit or experiment")
    try:
        comparison = read(sys.argv[1].strip())
        with publishing.published(OUTPUT) as draft:
            draft.write_text(html(comparison), encoding="utf-8")
    except (InputError, OSError) as error:
        sys.exit(" ".join(str(error).split()))
    print(*filter(None, [text(comparison), f"Written: {OUTPUT}"]), sep="\n\n")


if __name__ == "__main__":
    main()
