"""The scores of all variants as one table: what is best, and whether it is better than the noise."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

FLOOR = "real images (the floor)"
SILENT = 0.02  # of what real images score: a share that no variant exceeds tells nothing of any
# Scores are compared when these are the same.
PROTOCOL = ("n_real", "n_fake", "against", "extractor", "dataset", "data_sha256")
OF_JUDGES = {  # scores by classifiers that a run trains itself: compared when these are the same
    *("condition_accuracy", "classification_accuracy_score", "combination_share"),
    *("fid_classifier", "kid_classifier", "fid_rotation", "kid_rotation"),
}
LOWER_IS_BETTER = ("fid_", "kid_", "best_fid")  # beginnings of keys
HIGHER_IS_BETTER = {
    *("precision", "recall", "density", "coverage", "combination_share"),
    *("condition_accuracy", "classification_accuracy_score", "probe_accuracy"),
}


def direction(key: str) -> str:
    """Return whether lower or higher values of a score are better; nothing for facts, deviations and `diversity`."""
    if key.startswith(LOWER_IS_BETTER) and not key.endswith("_sd"):
        return "lower"
    return "higher" if key in HIGHER_IS_BETTER else ""


def beyond_noise(difference: float, first_deviation: float, second_deviation: float) -> bool:
    """Return whether a difference of means exceeds its standard deviation: the root of the sum of both variances."""
    return abs(difference) > math.hypot(first_deviation, second_deviation)


@dataclass(frozen=True)
class Column:
    """A score or a fact: where it is found, how it is headed and written."""

    key: str
    heading: str
    form: str  # of the number

    @property
    def better(self) -> str:
        """Return where a score is better: lower, higher, or nothing where neither is."""
        return direction(self.key)

    @property
    def title(self) -> str:
        """Return the heading with an arrow to the better side."""
        return self.heading + {"lower": "\N{NO-BREAK SPACE}↓", "higher": "\N{NO-BREAK SPACE}↑", "": ""}[self.better]


# fmt: off
DISTANCES = (
    Column("fid_lite0", "FID (lite0)", ".0f"),
    Column("kid_lite0", "KID (lite0)", ".2f"),
    Column("fid_rotation", "FID (rotation)", ".1f"),
    Column("kid_rotation", "KID (rotation)", ".3f"),
    Column("fid_inception", "FID (Inception)", ".1f"),
    Column("kid_inception", "KID (Inception)", ".3f"),
    Column("combination_share", "combinations", ".0%"),
    Column("probe_accuracy", "D's features", ".1%"),
    Column("diversity", "diversity", ".2f"),
    Column("precision", "precision", ".3f"),
    Column("recall", "recall", ".3f"),
    Column("density", "density", ".3f"),
    Column("coverage", "coverage", ".3f"),
)
CLASSES = (
    Column("condition_accuracy", "class as asked", ".1%"),
    Column("classification_accuracy_score", "learnt from fakes", ".1%"),
    Column("fid_classifier", "FID (classifier)", ".2f"),
    Column("best_fid", "best FID", ".0f"),
    Column("best_images", "... after images", ",.0f"),
)
FACTS = (
    Column("images_seen", "images seen", ",.0f"),
    Column("parameters_g", "weights of G", ",.0f"),
    Column("parameters_d", "weights of D", ",.0f"),
    Column("minutes", "minutes", ".1f"),
    Column("images_per_second", "images/s", ".0f"),
)
# fmt: on


class Result(NamedTuple):
    """All numbers of one variant by the keys of columns, and their standard deviations over seeds where known."""

    name: str
    title: str
    values: Mapping[str, float]
    deviations: Mapping[str, float]


class Cell(NamedTuple):
    """A number as it is shown."""

    value: float | None
    text: str
    bold: bool


class Row(NamedTuple):
    """A variant's cells, one a column."""

    name: str
    title: str
    cells: Sequence[Cell]


class Table(NamedTuple):
    """Columns, a row a variant with the best first, and what real images score."""

    columns: Sequence[Column]
    rows: Sequence[Row]
    floor: Row


def result(name: str, title: str, quality: Mapping[str, Any], facts: Mapping[str, Any]) -> Result:
    """Return a variant's numbers from its metrics files: quality, and train and speed as `facts`."""
    best = quality.get("best", {})
    flat = {**facts, **quality, "best_fid": best.get("fid_lite0"), "best_images": best.get("images")}
    numbers = {key: float(value) for key, value in flat.items() if isinstance(value, int | float)}
    if "seconds" in numbers:
        numbers["minutes"] = numbers["seconds"] / 60
    return Result(name, title, numbers, quality.get("sd", {}))


def table(columns: Sequence[Column], results: Sequence[Result], floor: Mapping[str, Any]) -> Table:
    """Return the columns that any result has a number for, and rows by `fid_lite0`, the best first."""
    shown = [column for column in columns if any(column.key in found.values for found in results)]
    leaders = [leader(column, results) for column in shown]

    def row(found: Result) -> Row:
        cells = [_cell(column, found, found.name == first) for column, first in zip(shown, leaders, strict=True)]
        return Row(found.name, found.title, cells)

    ordered = sorted(results, key=lambda found: found.values.get("fid_lite0", math.inf))
    return Table(shown, [row(found) for found in ordered], row(result("", FLOOR, floor, {})))


def silent(column: Column, results: Sequence[Result], floor: Mapping[str, Any]) -> bool:
    """Return whether every variant's score lies at its worst value, 0: within its noise, or SILENT of the floor."""
    scored = [found for found in results if column.key in found.values]
    limits = [max(found.deviations.get(column.key, 0.0), SILENT * floor.get(column.key, 0.0)) for found in scored]
    at_worst = [found.values[column.key] <= limit for found, limit in zip(scored, limits, strict=True)]
    return column.better == "higher" and bool(scored) and all(at_worst)


def leader(column: Column, results: Sequence[Result]) -> str | None:
    """Return the variant whose score is better than every other's by more than the noise; None when none is.

    Without several seeds the noise is not known, and nobody leads; nor by a difference that is not shown.
    """
    key = column.key
    scored = [found for found in results if key in found.values]
    if not column.better or len(scored) < 2 or any(key not in found.deviations for found in scored):
        return None
    first, *others = sorted(scored, key=lambda found: found.values[key], reverse=column.better == "higher")
    for other in others:
        gain = first.values[key] - other.values[key]
        if not beyond_noise(gain, first.deviations[key], other.deviations[key]):
            return None
        if format(first.values[key], column.form) == format(other.values[key], column.form):
            return None
    return first.name


def _cell(column: Column, found: Result, bold: bool) -> Cell:
    if column.key not in found.values:
        return Cell(None, "-", False)
    value, text = found.values[column.key], format(found.values[column.key], column.form)
    if column.key in found.deviations:
        text += f" ± {format(found.deviations[column.key], column.form)}"
    return Cell(value, text, bold)
