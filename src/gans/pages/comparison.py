"""A Git revision and the workspace, compared on one page."""

import io
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from gans.base import artefacts, paths, publishing
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
Pair = tuple[bytes | None, bytes | None]  # of the revision, of the workspace; None where it is lacking


@dataclass(frozen=True)
class Sides:
    """What the revision and the workspace have of one variant."""

    name: str
    active: tuple[bool, bool]
    losses: Pair  # CSV
    grids: Pair  # PNG

    @property
    def same(self) -> bool:
        """Whether both sides have both, and they are the same."""
        return all(old == new is not None for old, new in (self.losses, self.grids))


@dataclass(frozen=True)
class Comparison:
    """All that the page tells."""

    label: str  # the revision, in tables and legends
    revision: str  # which commit that is
    workspace: str  # where the workspace stands
    params: Diff
    metrics: Diff  # with those that did not change
    variants: Sequence[Sides]
    warnings: Sequence[str]  # DVC's


def shown(value: object) -> str:
    """Return a value as text: a number with six significant digits, "-" for None."""
    if isinstance(value, float):
        return f"{value:,.0f}" if 1e6 <= abs(value) < 1e15 else f"{value:,.6g}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return "-" if value is None else str(value)


def rounded(value: object) -> str:
    """Return a distance as the report's tables show it, without a fraction."""
    return f"{value:,.0f}" if isinstance(value, int | float) else shown(value)


def difference(old: object, new: object) -> str:
    """Return `new` less `old` with its sign; "-" where one is no number."""
    change = _less(new, old)
    return "-" if change is None else ("+" if change > 0 else "") + shown(change)


def verdict(scores: Mapping[str, Mapping[str, Any]], key: str) -> str:
    """Return whether the new value of a score is better or worse; nothing where its direction is unknown.

    A difference below the standard deviation of the difference over seeds is noise. Where a side has one seed, and the
    deviation is unknown, so is the verdict.
    """
    sign = {"lower": -1, "higher": 1, "": 0}[leaderboard.direction(key)]
    gain = sign * (_less(scores[key]["new"], scores[key]["old"]) or 0)
    spread = scores.get(f"sd.{key}", {})
    if not gain:
        return ""
    if None in (spread.get("old"), spread.get("new")):
        return "noise unknown"
    if not leaderboard.beyond_noise(gain, spread["old"], spread["new"]):
        return "within the noise"
    return "▲ better" if gain > 0 else "▼ worse"


def _less(new: object, old: object) -> float | None:
    if isinstance(new, bool) or isinstance(old, bool):
        return None
    return new - old if isinstance(new, int | float) and isinstance(old, int | float) else None


def changed(diff: Diff) -> dict[str, dict[str, Mapping[str, Any]]]:
    """Return the files and keys whose values differ, scores first; of the summary, which repeats them, the data set."""
    found = {}
    for file in sorted(diff, key=lambda file: (not file.startswith(QUALITY), file)):
        keys = [key for key in sorted(diff[file]) if file != paths.SUMMARY.as_posix() or key in PROTOCOL]
        found[file] = {key: diff[file][key] for key in keys if diff[file][key]["old"] != diff[file][key]["new"]}
    return {file: changes for file, changes in found.items() if changes}


def comparable(metrics: Diff) -> bool:
    """Return whether both sides' scores come from the same data and protocol, as far as both tell."""
    pairs = [keys[key] for keys in metrics.values() for key in PROTOCOL if key in keys]
    return all(pair["old"] == pair["new"] or None in (pair["old"], pair["new"]) for pair in pairs)


def judges_differ(metrics: Diff) -> bool:
    """Return whether the two sides' classifiers are others: what they judge can then not be compared."""
    found = metrics.get(paths.CLASSIFIER.as_posix(), {})
    return any(pair["old"] != pair["new"] for pair in found.values())


def html(comparison: Comparison) -> str:
    """Return the comparison as one page that opens without a network: pictures lie inside it."""
    label, fair = comparison.label, comparable(comparison.metrics)
    params, metrics = changed(comparison.params), changed(comparison.metrics)
    timings = {file: metrics.pop(file) for file in list(metrics) if file.startswith(SPEED)}
    differing = [variant for variant in comparison.variants if not variant.same]
    notes = list(comparison.warnings)
    if not fair:
        notes.append("Scored on different data or by another protocol: no score is called better or worse.")
    if not (params or metrics or differing or notes):
        notes.append("Nothing differs: parameters, metrics, loss curves and generated images are the same.")
    return templates.written(
        "comparison.html",
        title=f"{label} and the workspace",
        label=label,
        sides={label: comparison.revision, "workspace": comparison.workspace},
        notes=notes,
        tiles=list(_tiles(comparison, fair)),
        leading=plots.TITLES[LEADING],
        parameters=_tables(comparison, params, fair),
        metrics=_tables(comparison, metrics, fair),
        timings=_tables(comparison, timings, fair),
        same=[variant.name for variant in comparison.variants if variant.same],
        sections=[_section(label, variant) for variant in differing],
    )


def _tiles(comparison: Comparison, fair: bool) -> Iterator[dict[str, str]]:
    """Yield the leading score of each variant, and its deviation where several seeds were trained."""
    for variant in comparison.variants:
        scores = comparison.metrics.get(paths.quality_metrics(variant.name).as_posix(), {})
        if LEADING not in scores:
            continue
        old, new = scores[LEADING]["old"], scores[LEADING]["new"]
        spread = scores.get(f"sd.{LEADING}", {})
        before, now = (
            rounded(scores[LEADING][side]) + (f" ± {rounded(spread[side])}" if spread.get(side) is not None else "")
            for side in ("old", "new")
        )
        change = "the same" if old == new else f"{difference(old, new)} {verdict(scores, LEADING) if fair else ''}"
        yield {"name": variant.name, "value": now, "quiet": f"{comparison.label}: {before}", "change": change}


def _tables(comparison: Comparison, files: Diff, fair: bool) -> dict[str, list[list[str]]]:
    """Return the rows of a table for each file, the heads first; columns without a word are left out."""
    tables = {}
    for file, changes in files.items():
        # Of real images none is better or worse.
        judged = fair and file in comparison.metrics and file != paths.FLOOR.as_posix()
        rows = [["key", comparison.label, "workspace", "difference", "verdict"]]
        for key, pair in changes.items():
            fair_key = judged and not (key in OF_JUDGES and judges_differ(comparison.metrics))
            found = verdict(comparison.metrics[file], key) if fair_key else ""
            rows.append([key, shown(pair["old"]), shown(pair["new"]), difference(pair["old"], pair["new"]), found])
        width = max([3, *(n for row in rows[1:] for n, cell in enumerate(row, 1) if cell not in ("", "-"))])
        tables[file] = [row[:width] for row in rows]
    return tables


def _section(label: str, variant: Sides) -> dict[str, Any]:
    """Return the pictures of a variant, and a sentence for each that is lacking."""
    name, sides = variant.name, (label, "the workspace")
    again = "`dvc repro` there makes it"
    remedies = (
        (paths.losses(name), again, variant.losses),
        (paths.samples(name) / "grid.png", f"`dvc fetch --all-commits` may bring it, {again}", variant.grids),
    )
    sentences = [
        f"{name} is not among the active variants of {side}."
        for side, active in zip(sides, variant.active, strict=True)
        if not active
    ]
    for path, remedy, pair in remedies:
        for side, active, found in zip(sides, variant.active, pair, strict=True):
            if active and found is None:
                sentences.append(f"{path.as_posix()} of {side} is not at hand: {remedy}.")
    if same_losses := variant.losses[0] == variant.losses[1] is not None:
        sentences.append("The losses are the same in both.")
    grids = dict(zip((label, "workspace"), variant.grids, strict=True))
    if variant.grids[0] == variant.grids[1]:
        grids = {"the same in both": variant.grids[0]}
    overlay = None if same_losses else _overlay(label, variant.losses)
    return {"name": name, "sentences": sentences, "overlay": overlay, "grids": grids}


def _overlay(label: str, losses: Pair) -> bytes | None:
    """Return both sides' losses as a PNG, or None where one is missing or there is no number to draw."""
    curves = {side: columns(csv) for side, csv in zip((label, "workspace"), losses, strict=True) if csv is not None}
    numbers = [number for curve in curves.values() for name in LOSSES for number in curve.get(name, ())]
    if len(curves) < 2 or not np.isfinite(numbers).any() or not all("images" in curve for curve in curves.values()):
        return None
    png = io.BytesIO()
    plots.overlay_figure(curves, LOSSES).savefig(png, format="png")
    return png.getvalue()


def columns(csv: bytes) -> dict[str, list[float]]:
    """Return the columns of a curve that may lie in Git alone."""
    with tempfile.TemporaryDirectory() as folder:
        (path := Path(folder) / "curve.csv").write_bytes(csv)
        return artefacts.read_csv(path)


def active(params: bytes | None, place: str) -> list[str]:
    """Return the variants that the text of a params.yaml lists as active; none where there is no text."""
    try:
        values = yaml.safe_load(params or b"")
    except yaml.YAMLError:
        raise InputError(f"{place} is not YAML") from None
    names = values.get("active") if isinstance(values, dict) else None
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


def read_variants(commit: str, old: Sequence[str], new: Sequence[str]) -> list[Sides]:
    """Return what a commit, in which `old` are active, and the workspace, in which `new` are, have of each variant."""
    found = []
    for name in dict.fromkeys([*new, *old]):
        losses, grid = paths.losses(name), paths.samples(name) / "grid.png"
        before, now = name in old, name in new
        found.append(
            Sides(
                name,
                (before, now),
                (revision.content(commit, losses) if before else None, on_disk(losses) if now else None),
                (revision.content(commit, grid) if before else None, on_disk(grid) if now else None),
            )
        )
    return found


def on_disk(path: Path) -> bytes | None:
    """Return a file's content, None where there is none."""
    return path.read_bytes() if path.is_file() else None


def read(rev: str) -> Comparison:
    """Return how the workspace differs from a revision; raise InputError where that cannot be told."""
    commit = revision.commit_of(rev)
    params, warnings = revision.dvc_diff("params", "diff", "--json", commit)
    metrics, more = revision.dvc_diff("metrics", "diff", "--json", "--all", commit)
    old, new = active(revision.content(commit, PARAMS), f"{rev}:{PARAMS}"), active(on_disk(PARAMS), str(PARAMS))
    return Comparison(
        label=revision.label_of(rev, commit[:7]),
        revision=revision.described(commit),
        workspace=revision.checked_out(),
        params=params,
        metrics=metrics,
        variants=read_variants(commit, old, new),
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
