"""A Git revision and the workspace, compared on one page."""

import io
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
import yaml
from PIL import Image

from gans.base import artefacts, paths, publishing
from gans.base.errors import InputError
from gans.base.paths import PARAMS
from gans.figures import plots
from gans.pages import embedding, leaderboard, revision
from gans.pages.leaderboard import OF_JUDGES, PROTOCOL
from gans.pages.revision import Diff

PAGE = Path(__file__).with_name("comparison.html")
OUTPUT = paths.REPORT / "compare.html"
QUALITY, SPEED = (f"{place('').parent.as_posix()}/" for place in (paths.quality_metrics, paths.speed_metrics))
LEADING = "fid_lite0"  # the score of the first row
LOSSES = ("loss_d", "loss_g")
Pair = tuple[bytes | None, bytes | None]  # of the revision, of the workspace; None where it is lacking


@dataclass(frozen=True)
class Variant:
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
    variants: Sequence[Variant]
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
    sides = {comparison.label: comparison.revision, "workspace": comparison.workspace}
    return Template(PAGE.read_text(encoding="utf-8")).substitute(
        style=embedding.style(),
        title=escape(f"{comparison.label} and the workspace"),
        sides="\n".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in sides.items()),
        body="\n".join(_body(comparison)),
    )


def _body(comparison: Comparison) -> Iterator[str]:
    label, fair = comparison.label, comparable(comparison.metrics)
    params, metrics = changed(comparison.params), changed(comparison.metrics)
    timings = {file: metrics.pop(file) for file in list(metrics) if file.startswith(SPEED)}
    same = [variant.name for variant in comparison.variants if variant.same]
    differing = [variant for variant in comparison.variants if not variant.same]
    notes = list(comparison.warnings)
    if not fair:
        notes.append("Scored on different data or by another protocol: no score is called better or worse.")
    if not (params or metrics or differing or notes):
        notes.append("Nothing differs: parameters, metrics, loss curves and generated images are the same.")
    yield from (f'<p class="note">{escape(note)}</p>' for note in notes)
    yield _headline(comparison, fair)
    for title, files in (("Parameters", params), ("Metrics", metrics)):
        yield f"<h2>{title}</h2>\n{_tables(comparison, files, fair)}"
    if timings:
        tables = _tables(comparison, timings, fair)
        yield f"<details><summary>Timings and devices, which no rerun repeats</summary>\n{tables}</details>"
    yield "<h2>Losses and images</h2>"
    if same:
        yield f"<p>The same in both: {escape(', '.join(same))}.</p>"
    yield from (_section(label, variant) for variant in differing)


def _headline(comparison: Comparison, fair: bool) -> str:
    """Return one row with the leading score of each variant, and its deviation where several seeds were trained."""
    tiles = []
    for variant in comparison.variants:
        scores = comparison.metrics.get(paths.quality_metrics(variant.name).as_posix(), {})
        if LEADING in scores:
            old, new = scores[LEADING]["old"], scores[LEADING]["new"]
            spread = scores.get(f"sd.{LEADING}", {})
            before, now = (
                rounded(scores[LEADING][side]) + (f" ± {rounded(spread[side])}" if spread.get(side) is not None else "")
                for side in ("old", "new")
            )
            told = f"{difference(old, new)} {verdict(scores, LEADING) if fair else ''}"
            lines = {"name": variant.name, "value": now, "quiet": f"{comparison.label}: {before}"}
            lines["told"] = "the same" if old == new else told
            tiles.append("".join(f'<span class="{kind}">{escape(text)}</span>' for kind, text in lines.items()))
    note = f'<p class="quiet">{plots.TITLES[LEADING]} of the workspace\'s variants: lower is better.</p>'
    return "\n".join(['<ul class="headline">', *(f"<li>{tile}</li>" for tile in tiles), "</ul>", note]) if tiles else ""


def _tables(comparison: Comparison, files: Diff, fair: bool) -> str:
    """Return a table a file; columns without a word are left out."""
    tables = []
    for file, changes in files.items():
        judged = (
            fair and file in comparison.metrics and file != paths.FLOOR.as_posix()
        )  # real images are neither better nor worse
        rows = [["key", comparison.label, "workspace", "difference", "verdict"]]
        for key, (old, new) in ((key, (pair["old"], pair["new"])) for key, pair in changes.items()):
            fair_key = judged and not (key in OF_JUDGES and judges_differ(comparison.metrics))
            told = verdict(comparison.metrics[file], key) if fair_key else ""
            rows.append([key, shown(old), shown(new), difference(old, new), told])
        width = max([3, *(n for row in rows[1:] for n, cell in enumerate(row, 1) if cell not in ("", "-"))])
        header, *lines = [_row(row[:width], "td" if n else "th") for n, row in enumerate(rows)]
        table = "\n".join([f"<table>\n<thead>{header}</thead>\n<tbody>", *lines, "</tbody>\n</table>"])
        group = f'class="scroll" tabindex="0" role="group" aria-label="{escape(file)}"'
        tables.append(f"<section><h3>{escape(file)}</h3>\n<div {group}>\n{table}\n</div></section>")
    return "\n".join(['<div class="tables">', *tables, "</div>"]) if tables else "<p>The same in both.</p>"


def _row(cells: Sequence[str], tag: str) -> str:
    opening = [f'{tag} class="text"' if len(cell) > 32 else tag for cell in cells]
    return (
        "<tr>" + "".join(f"<{way}>{escape(cell)}</{tag}>" for way, cell in zip(opening, cells, strict=True)) + "</tr>"
    )


def _section(label: str, variant: Variant) -> str:
    """Return the pictures of a variant, and a sentence for each that is lacking."""
    name, sides = variant.name, (label, "the workspace")
    again = "`dvc repro` there makes it"
    remedies = {
        (paths.losses(name).as_posix(), again): variant.losses,
        (
            (paths.samples(name) / "grid.png").as_posix(),
            f"`dvc fetch --all-commits` may bring it, {again}",
        ): variant.grids,
    }
    sentences = [
        f"{name} is not among the active variants of {side}."
        for side, active in zip(sides, variant.active, strict=True)
        if not active
    ]
    for (path, remedy), pair in remedies.items():
        for side, active, found in zip(sides, variant.active, pair, strict=True):
            if active and found is None:
                sentences.append(f"{path} of {side} is not at hand: {remedy}.")
    figures = []
    if variant.losses[0] == variant.losses[1] is not None:
        sentences.append("The losses are the same in both.")
    elif (overlay := _overlay(label, variant.losses)) is not None:
        figures.append(_figure(f"{name}: the losses of both", overlay, "wide", lossless=True))
    grids = dict(zip((label, "workspace"), variant.grids, strict=True))
    if variant.grids[0] == variant.grids[1]:
        grids = {"the same in both": variant.grids[0]}
    figures += [_figure(f"{name}: generated images, {side}", png, "") for side, png in grids.items() if png]
    words = [f"<p>{escape(sentence)}</p>" for sentence in sentences]
    heading = f'<h3 id="{escape(name)}">{escape(name)}</h3>'
    return "\n".join([heading, *words, '<div class="pictures">', *figures, "</div>"])


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


def _figure(caption: str, picture: bytes, kind: str, lossless: bool = False) -> str:
    text = escape(caption)
    with Image.open(io.BytesIO(picture)) as opened:
        address = embedding.address(opened, lossless)
    return f'<figure class="{kind}"><img src="{address}" alt="{text}"><figcaption>{text}</figcaption></figure>'


def active(params: bytes | None, place: str) -> list[str]:
    """Return the variants that the text of a params.yaml lists as active; none where there is no text."""
    try:
        values = yaml.safe_load(params or b"")
    except yaml.YAMLError:
        raise InputError(f"{place} is not YAML") from None
    names = values.get("active") if isinstance(values, dict) else None
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


def read_variants(commit: str, old: Sequence[str], new: Sequence[str]) -> list[Variant]:
    """Return what a commit, in which `old` are active, and the workspace, in which `new` are, have of each variant."""
    found = []
    for name in dict.fromkeys([*new, *old]):
        losses, grid = paths.losses(name), paths.samples(name) / "grid.png"
        before, now = name in old, name in new
        found.append(
            Variant(
                name,
                (before, now),
                (revision.in_git(commit, losses) if before else None, on_disk(losses) if now else None),
                (revision.in_cache(commit, grid) if before else None, on_disk(grid) if now else None),
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
    old, new = active(revision.in_git(commit, PARAMS), f"{rev}:{PARAMS}"), active(on_disk(PARAMS), str(PARAMS))
    return Comparison(
        label=revision.label_of(rev, commit[:7]),
        revision=revision.told(commit),
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
