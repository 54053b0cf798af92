"""The table of scores: its order, its noise, what is bold."""

import pytest

from gans.pages import leaderboard, templates
from gans.pages.leaderboard import Column, Result

FID = Column("fid_lite0", "FID", ".0f")
RECALL = Column("recall", "recall", ".2f")
SEEN = Column("images_seen", "images seen", ",.0f")


def scored(name: str, fid: float, sd: float | None = None, **more: float) -> Result:
    deviations = {} if sd is None else {"fid_lite0": sd}
    return Result(name, name.upper(), {"fid_lite0": fid, **more}, deviations)


@pytest.mark.parametrize(
    ("best", "sd", "other", "sd_of_other", "leads"),
    [
        (300.0, 30.0, 351.0, 40.0, True),  # the noise of the difference is 50
        (300.0, 30.0, 349.0, 40.0, False),
        (300.0, 0.0, 300.0, 0.0, False),
        (300.1, 0.0, 300.2, 0.0, False),  # 300 and 300
    ],
)
def test_who_is_better_by_more_than_the_noise_leads(
    best: float, sd: float, other: float, sd_of_other: float, leads: bool
) -> None:
    found = leaderboard.leader(FID, [scored("b", other, sd_of_other), scored("a", best, sd)])
    assert found == ("a" if leads else None)


def test_more_is_better_of_recall() -> None:
    results = [Result(name, name, {"recall": value}, {"recall": 0.01}) for name, value in (("a", 0.2), ("b", 0.4))]
    assert leaderboard.leader(RECALL, results) == "b"


def test_nobody_leads_without_noise_without_rivals_or_without_a_better_side() -> None:
    assert leaderboard.leader(FID, [scored("a", 1.0), scored("b", 900.0)]) is None
    assert leaderboard.leader(FID, [scored("a", 1.0, 0.1)]) is None
    results = [Result(name, name, {"images_seen": value}, {"images_seen": 0.0}) for name, value in (("a", 1), ("b", 2))]
    assert leaderboard.leader(SEEN, results) is None


@pytest.mark.parametrize(
    ("values", "sd", "silent"),
    [
        ((0.0, 0.009), None, True),  # under 2% of the floor's 0.5
        ((0.0, 0.011), None, False),
        ((0.02, 0.03), 0.03, True),  # within the noise of 0
        ((0.02, 0.04), 0.03, False),
        ((), None, False),
    ],
)
def test_a_score_that_is_at_its_worst_for_all_is_silent(
    values: tuple[float, ...], sd: float | None, silent: bool
) -> None:
    results = [Result("a", "A", {"recall": value}, {} if sd is None else {"recall": sd}) for value in values]
    assert leaderboard.silent(RECALL, results, {"recall": 0.5}) == silent


def test_a_distance_or_a_fact_is_never_silent() -> None:
    results = [scored("a", 0.0, 0.0, images_seen=0.0)]
    assert not any(leaderboard.silent(column, results, {}) for column in (FID, SEEN))


def test_rows_stand_best_first_over_the_floor_with_the_columns_that_have_numbers() -> None:
    results = [scored("worse", 900.4, 10.0, images_seen=12_345.0), scored("better", 300.0, 20.0)]
    found = leaderboard.table((FID, RECALL, SEEN), results, {"fid_lite0": 72.4})
    assert [column.key for column in found.columns] == ["fid_lite0", "images_seen"]
    assert templates.written("table.md", table=found).splitlines() == [
        "| variant | FID\N{NO-BREAK SPACE}↓ | images seen |",
        "|---|---:|---:|",
        "| BETTER | **300 ± 20** | - |",
        "| WORSE | 900 ± 10 | 12,345 |",
        "| real images (the floor) | 72 | - |",
    ]


def test_numbers_are_gathered_from_the_metrics_files() -> None:
    quality = {"fid_lite0": 5.0, "precision": 0.5, "extractor": "lite0", "sd": {"fid_lite0": 1.0}}
    quality["best"] = {"fid_lite0": 4.0, "images": 64}
    found = leaderboard.result("gan", "GAN", quality, {"seconds": 90.0, "device": "cpu", "arithmetic": "fp32"})
    best, took = {"best_fid": 4.0, "best_images": 64.0}, {"seconds": 90.0, "minutes": 1.5}
    assert found.values == {"fid_lite0": 5.0, "precision": 0.5, **best, **took}
    assert found.deviations == {"fid_lite0": 1.0}


def test_facts_deviations_and_diversity_have_no_better_side() -> None:
    directions = {"fid_inception": "lower", "kid_lite0": "lower", "recall": "higher"}
    directions |= {"kid_lite0_sd": "", "diversity": "", "images_seen": ""}
    assert {key: leaderboard.direction(key) for key in directions} == directions
