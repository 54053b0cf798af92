"""Tables as a terminal shows them."""

from gans.pages import terminal
from gans.pages.leaderboard import Cell, Column, Row, Table


def test_columns_are_aligned_the_first_to_the_left() -> None:
    assert terminal.table([["name", "FID"], ["a", "12"], ["bcdef", "1,234"]]) == (
        "name     FID\na         12\nbcdef  1,234"
    )


def test_columns_that_do_not_fit_follow_underneath() -> None:
    rows = [["name", *(f"column {n}" for n in range(30))], ["a row", *map(str, range(30))]]
    text = terminal.table(rows)
    lines = text.splitlines()
    assert max(map(len, lines)) <= 120
    assert lines.count("") == text.count("a row") - 1 > 0
    assert [word for line in lines if line.startswith("a row") for word in line.split()[2:]] == [*map(str, range(30))]


def test_a_cell_that_is_too_long_is_cut() -> None:
    assert terminal.table([["x", "y"], ["a" * 200, "b" * 200]]).splitlines()[1] == f"{'a' * 39}…  {'b' * 39}…"


def test_what_leads_has_a_star() -> None:
    row, floor = (Row("", title, [Cell(1.0, "1.0", bold)]) for title, bold in (("DCGAN", True), ("real images", False)))
    table = Table([Column("fid_lite0", "FID", ".1f")], [row], floor)
    assert terminal.scores(table).split() == ["variant", "FID", "\u2193", "DCGAN", "*1.0", "real", "images", "1.0"]
