"""Trainings that go wrong are told of early, and sound ones are not."""

import csv

import numpy as np
import pytest
from conftest import ROOT

from gans.networks import symptoms

Rows = list[dict[str, float]]


def curve(loss_d: list[float], loss_g: list[float]) -> Rows:
    pairs = zip(loss_d, loss_g, strict=True)
    return [{"images": 16.0 * (i + 1), "loss_d": d, "loss_g": g} for i, (d, g) in enumerate(pairs)]


def faces(spread: float) -> np.ndarray:
    """Return 16 plain images whose greys lie so far apart, under the same noise."""
    noise = np.random.default_rng(0).normal(0, 20, (16, 16, 16, 3))
    greys = np.linspace(128 - spread, 128 + spread, 16)[:, None, None, None]
    return np.clip(greys + noise, 0, 255).astype(np.uint8)


def test_a_sound_training_shows_nothing() -> None:
    frames = {seen: faces(spread) for seen, spread in ((0, 0), (16, 30), (32, 60), (48, 50))}
    assert symptoms.found(curve([1.4] + [0.2] * 99, [0.7] + [8.0] * 99), frames) == {}
    assert symptoms.found([], {}) == {}


def test_no_committed_training_shows_anything() -> None:
    for file in sorted((ROOT / "metrics" / "losses").glob("*.csv")):
        with file.open() as lines:
            rows = [{key: float(value or "nan") for key, value in row.items()} for row in csv.DictReader(lines)]
        assert symptoms.found(rows, {}) == {}, file
    assert not [file for file in (ROOT / "metrics" / "train").glob("*.json") if '"symptoms"' in file.read_text()]


def test_a_d_that_has_won_is_found_once_its_loss_has_been_nothing_for_long() -> None:
    rows = curve([1.4] * 10 + [0.001] * 60, [5.0] * 70)
    assert symptoms.found(rows, {}) == {"d_has_won": 16 * 60}
    assert symptoms.found(rows[:59], {}) == {}
    assert symptoms.found(curve([-3.0] * 70, [5.0] * 70), {}) == {}  # a critic's loss has no such end


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("of_d", [True, False])
def test_a_loss_that_runs_away_is_found(sign: int, of_d: bool) -> None:
    wild, tame = [1.0] * 5 + [sign * 1000.0] * 40, [1.0] * 45
    rows = curve(wild, tame) if of_d else curve(tame, wild)
    assert list(symptoms.found(rows, {})) == ["loss_runs_away"]


def test_nats_of_an_image_are_thousands_from_the_start() -> None:
    falling = np.linspace(9900.0, -20_000.0, 200).tolist()
    assert symptoms.found(curve([float("nan")] * 200, falling), {}) == {}


def test_images_that_become_the_same_are_found_when_they_stay_so() -> None:
    """Fine noise, which all of them have, is no diversity."""
    spreads = {0: 0, 16: 60, 32: 10, 48: 60, 64: 10, 80: 5, 96: 50}
    assert symptoms.found([], {seen: faces(spread) for seen, spread in spreads.items()}) == {"collapse": 80}


def test_images_that_were_never_diverse_have_not_become_the_same() -> None:
    assert symptoms.found([], {seen: faces(spread) for seen, spread in ((0, 0), (16, 3), (32, 0), (48, 0))}) == {}
