"""The scores of all variants as one table: what is best, and whether it is better than the noise."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

FLOOR = "real images (the floor)"
PROTOCOL = ("n_real", "n_fake", "extractor", "dataset", "data_sha256")  # scores are compared when these are the same
OF_JUDGES = {  # scores by classifiers that a run trains itself: compared when these are the same
    *("condition_accuracy", "classification_accuracy_score", "combination_share"),
    *("fid_classifier", "kid_classifier"),
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
    Column("fid_inception", "FID (Inception)", ".1f"),
    Column("kid_inception", "KID (Inception)", ".3f"),
    Column("precision", "precision", ".3f"),
    Column("recall", "recall", ".3f"),
    Column("density", "density", ".3f"),
    Column("coverage", "coverage", ".3f"),
    Column("diversity", "diversity", ".2f"),
)
CLASSES = (
    Column("condition_accuracy", "class as asked", ".1%"),
    Column("classification_accuracy_score", "learnt from fakes", ".1%"),
    Column("probe_accuracy", "D's features", ".1%"),
    Column("combination_share", "combinations", ".0%"),
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


@dataclass(frozen=True)
class Cell:
    """A number as it is shown."""

    value: float | None
    text: str
    bold: bool = False


@dataclass(frozen=True)
class Row:
    """A variant's cells, one a column."""

    name: str
    title: str
    cells: Sequence[Cell]


@dataclass(frozen=True)
class Result:
    """All numbers of one variant by the keys of columns, and their standard deviations over seeds where known."""

    name: str
    title: str
    values: Mapping[str, float]
    deviations: Mapping[str, float]


@dataclass(frozen=True)
class Table:
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


def table(columns: Sequence[Column], results: Sequence[Result], floor: Mapping[str, float]) -> Table:
    """Return the columns that any result has a number for, and rows by `fid_lite0`, the best first."""
    shown = [column for column in columns if any(column.key in found.values for found in results)]
    ordered = sorted(results, key=lambda found: found.values.get("fid_lite0", math.inf))
    leaders = {column.key: leader(column, results) for column in shown}
    rows = [
        Row(found.name, found.title, [_cell(column, found, leaders[column.key] == found.name) for column in shown])
        for found in ordered
    ]
    real = Result("", FLOOR, floor, {})
    return Table(shown, rows, Row("", FLOOR, [_cell(column, real, False) for column in shown]))


def leader(column: Column, results: Sequence[Result]) -> str | None:
    """Return the variant whose score is better than every other's by more than the noise; None when none is.

    Without several seeds the noise is not known, and nobody leads; nor by a difference that is not shown.
    """
    scored = [found for found in results if column.key in found.values]
    if not column.better or len(scored) < 2 or any(column.key not in found.deviations for found in scored):
        return None
    sign = 1 if column.better == "lower" else -1
    first, *others = sorted(scored, key=lambda found: sign * found.values[column.key])
    clear = all(
        beyond_noise(
            other.values[column.key] - first.values[column.key],
            other.deviations[column.key],
            first.deviations[column.key],
        )
        and format(other.values[column.key], column.form) != format(first.values[column.key], column.form)
        for other in others
    )
    return first.name if clear else None


def markdown(found: Table) -> str:
    """Return a table in Markdown whose numbers stand to the right; leaders are bold."""
    lines = [
        _line(["variant", *(column.title for column in found.columns)]),
        "|---" + "|---:" * len(found.columns) + "|",
    ]
    for row in [*found.rows, found.floor]:
        lines.append(_line([row.title, *(f"**{cell.text}**" if cell.bold else cell.text for cell in row.cells)]))
    return "\n".join(lines) + "\n"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _cell(column: Column, found: Result, bold: bool) -> Cell:
    if column.key not in found.values:
        return Cell(None, "-")
    value, text = found.values[column.key], format(found.values[column.key], column.form)
    if column.key in found.deviations:
        text = f"{text} ± {format(found.deviations[column.key], column.form)}"
    return Cell(value, text, bold)
