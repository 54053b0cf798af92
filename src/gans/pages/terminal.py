"""Tables as text that a terminal can show."""

from collections.abc import Sequence

from gans.pages.leaderboard import Table

WIDTH = 120  # characters
CELL = 40  # the most that one cell takes


def table(rows: Sequence[Sequence[str]], width: int = WIDTH) -> str:
    """Return rows, of which the first holds the heads, as aligned lines.

    Columns that do not fit follow in further tables underneath, each of which repeats the first column.
    """
    short = [[cell if len(cell) <= CELL else f"{cell[: CELL - 1]}…" for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*short, strict=True)]
    parts = [[0]]
    for number in range(1, len(widths)):
        if len(parts[-1]) > 1 and sum(widths[other] + 2 for other in parts[-1]) + widths[number] > width:
            parts.append([0])
        parts[-1].append(number)
    return "\n\n".join(
        "\n".join(
            "  ".join(row[n].rjust(widths[n]) if n else row[n].ljust(widths[n]) for n in part).rstrip() for row in short
        )
        for part in parts
    )


def scores(found: Table) -> str:
    """Return a table of the leaderboard as text: what is bold there has a star here."""
    rows = [["variant", *(column.title for column in found.columns)]]
    for row in [*found.rows, found.floor]:
        rows.append([row.title, *(f"*{cell.text}" if cell.bold else cell.text for cell in row.cells)])
    return table(rows)
