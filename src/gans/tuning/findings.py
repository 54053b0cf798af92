"""What trials tell: the best of n, the best settings, a table and a picture."""

import csv
import math
from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import yaml
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from gans import recipes
from gans.base import artefacts, paths, publishing
from gans.figures.plots import CYCLE
from gans.networks import contract
from gans.pages import terminal

FOLDER = Path("metrics/tuning")
SCORE = "fid_lite0_epochs_"  # the columns of the rungs: with the epochs behind it
STOPPED, KEPT = "stopped", "kept"  # how a trial ended
BAND = (0.25, 0.75)  # the quantiles that the picture shows
STYLES = ("-", "--")  # of the lines, when all colours are taken

Row = dict[str, Any]  # of metrics/tuning/<variant>.csv


class Trials(NamedTuple):
    """The trials of a variant on a data set, all of them ended; the first has the variant's own settings."""

    variant: str
    rows: Sequence[Row]

    @classmethod
    def all_of(cls, dataset: str) -> list[Self]:
        """Return those of each variant that has been tuned on a data set, the best first."""
        found = [cls(path.stem, rows_of(path.stem, dataset)) for path in sorted(FOLDER.glob("*.csv"))]
        ended = [each for each in found if each.rows and all(row["outcome"] for row in each.rows)]
        return sorted(ended, key=lambda each: min(each.fids))

    @property
    def title(self) -> str:
        """Return the variant's printed name."""
        return contract.load(self.variant).title

    @property
    def best(self) -> Row:
        """Return the row of the lowest FID among the trials that trained longest and did not diverge."""

        def place(row: Row) -> tuple[bool, int, float]:
            epochs, fid = _last(row)
            return math.isinf(fid), -epochs, fid

        return min(self.rows, key=place)

    @property
    def fids(self) -> list[float]:
        """Return each trial's FID after its last rung; one that was stopped counts as no better than the best."""
        return [max(_last(row)[1], _last(self.best)[1]) for row in self.rows]


def rows_of(variant: str, dataset: str | None) -> list[Row]:
    """Return the rows that the file of a variant has of a data set; without one, all."""
    path = FOLDER / f"{variant}.csv"
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if dataset in (None, row["dataset"])]


def write_rows(variant: str, dataset: str, rows: Sequence[Row]) -> None:
    """Write the rows of a variant on a data set; those of other data sets stay."""
    others = [row for row in rows_of(variant, None) if row["dataset"] != dataset]
    everything = sorted([*others, *rows], key=lambda row: str(row["dataset"]))
    columns = sorted({key for row in everything for key in row if key.startswith(SCORE)}, key=_epochs)
    artefacts.write_csv(
        FOLDER / f"{variant}.csv", everything, ["dataset", "trial", "changes", "images", *columns, "outcome"]
    )


def scores(row: Row) -> dict[int, float]:
    """Return a trial's FID by the epochs after which it was taken; infinite where the training diverged."""
    return {_epochs(key): float(row[key]) for key in row if key.startswith(SCORE) and row[key] not in ("", None)}


def _last(row: Row) -> tuple[int, float]:
    return [*scores(row).items()][-1]


def _epochs(column: str) -> int:
    return int(column.removeprefix(SCORE))


def best_of(values: Sequence[float]) -> np.ndarray:
    """Return for each n from 1 on how likely each of N values, in ascending order, is the smallest of n: (N, N).

    The n are drawn from the N without replacement, which is exact and, unlike Dodge et al. 2019, arXiv:1909.03004,
    section 3.2, does not make the expected best better than it is: Tang et al. 2020, arXiv:2004.13705.
    """
    count = len(values)
    ways = [[math.comb(count - 1 - place, n - 1) for place in range(count)] for n in range(1, count + 1)]
    return np.array([np.array(row) / math.comb(count, n) for n, row in enumerate(ways, start=1)])


def expected_best(values: Sequence[float]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the expected smallest of n of the values, for each n, and the two quantiles of BAND: (N,) each.

    A value that is infinite counts as the largest of the others.
    """
    finite = np.array([value for value in values if math.isfinite(value)])
    ascending = np.sort(np.minimum(values, finite.max()))
    chances = best_of(values)
    low, high = (ascending[(chances.cumsum(axis=1) < share - 1e-12).sum(axis=1)] for share in BAND)
    return chances @ ascending, low, high


def figure(found: Sequence[Trials]) -> Figure:
    """Return the expected FID of the best of n trials over n, a line and its band a variant."""
    drawn = Figure(figsize=(9.0, 5.4), dpi=110, layout="constrained")
    axes = drawn.add_subplot()
    styles = [(style, colour) for style in STYLES for colour in CYCLE]
    for each, (style, colour) in zip(found, cycle(styles), strict=False):
        expected, low, high = expected_best(each.fids)
        number = np.arange(1, len(expected) + 1)
        axes.plot(number, expected, style, color=colour, linewidth=1.8, label=each.title)
        axes.fill_between(number, low, high, color=colour, alpha=0.1, linewidth=0)
    axes.set(xlabel="trials", ylabel="FID (lite0) of the best: expected, and the middle half", yscale="log")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    for formatter in (axes.yaxis.set_major_formatter, axes.yaxis.set_minor_formatter):
        formatter("{x:,.0f}")
    axes.grid(alpha=0.25, which="both")
    axes.spines[["top", "right"]].set_visible(False)
    drawn.legend(loc="outside right center", frameon=False)
    return drawn


def table(found: Sequence[Trials]) -> list[list[str]]:
    """Return a row a variant under its heads: own settings beside the best, and what these change."""
    heads = ["variant", "own settings", "best", "epochs", "expected best of 3", "diverged", "what the best changes"]
    rows = []
    for each in found:
        own, best = scores(each.rows[0]), scores(each.best)
        epochs = max(best)
        expected, *_ = expected_best(each.fids)
        fids = [own.get(epochs, math.nan), best[epochs], expected[min(3, len(expected)) - 1]]
        before, after, few = (f"{fid:.0f}" if math.isfinite(fid) else "-" for fid in fids)
        diverged = sum(map(math.isinf, each.fids))
        rows.append([each.title, before, after, str(epochs), few, str(diverged), each.best["changes"] or "nothing"])
    return [heads, *rows]


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """Return a table as Markdown; numbers stand to the right."""
    sides = ["---", *["---:"] * (len(rows[0]) - 2), "---"]
    lines = [f"| {' | '.join(row)} |" for row in [rows[0], sides, *rows[1:]]]
    return "\n".join(lines) + "\n"


def overrides(variant: str, changes: Mapping[str, Any]) -> list[str]:
    """Return changes of a variant's entry as `dvc exp run -S` takes them."""
    return recipes.overrides({f"++variants.{variant}.{key}": value for key, value in changes.items()})


def places(dataset: str) -> tuple[Path, Path, Path]:
    """Return where the best settings, the table and the picture of a data set are written."""
    table, picture = paths.REPORT / f"tuning_{dataset}.md", Path("docs/images") / f"tuning_{dataset}.png"
    return Path("tuning") / f"{dataset}.yaml", table, picture


def write(dataset: str) -> str:
    """Write the best settings, the table and the picture of a data set; return the table for a terminal."""
    found = [each for each in Trials.all_of(dataset) if math.isfinite(min(each.fids))]
    settings = {}
    for each in found:
        changes = dict(change.split("=") for change in each.best["changes"].split())
        settings[each.variant] = " ".join(f"-S {override}" for override in overrides(each.variant, changes))
    rows, (best, table_at, picture) = table(found), places(dataset)
    with publishing.published(best) as draft:
        head = f"# The best settings that `make tune DATASET={dataset}` found, for `dvc exp run`: docs/recipes.md\n"
        draft.write_text(head + yaml.safe_dump(settings, width=math.inf, sort_keys=False), encoding="utf-8")
    with publishing.published(table_at) as draft:
        draft.write_text(markdown(rows), encoding="utf-8")
    with publishing.published(picture) as draft:
        figure(found).savefig(draft, format="png")
    return terminal.table(rows)
