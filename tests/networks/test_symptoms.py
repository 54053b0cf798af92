"""Trainings that go wrong are told of early, and sound ones are not."""

import json

import numpy as np
import pytest
from conftest import ROOT

from gans.networks import symptoms
from gans.networks.symptoms import WINDOW, Glance


def course(losses: list[float], diversities: list[float] | None = None, is_ds: bool = True) -> list[Glance]:
    """Return glances at a training whose loss was at each of them, and some iterations before, such a number."""
    spread = diversities or [40.0] * len(losses)
    return [
        Glance(16 * (i + 1), diversity, np.full(WINDOW, loss), is_ds)
        for i, (loss, diversity) in enumerate(zip(losses, spread, strict=True))
    ]


def faces(spread: float) -> np.ndarray:
    """Return 16 plain images whose greys lie so far apart, under the same noise."""
    noise = np.random.default_rng(0).normal(0, 20, (16, 64, 64, 3))
    greys = np.linspace(128 - spread, 128 + spread, 16)[:, None, None, None]
    return np.clip(greys + noise, 0, 255).astype(np.uint8)


def test_a_sound_training_shows_nothing() -> None:
    assert symptoms.found(course([1.4, 0.2, 0.1, 0.3]), 1.4) == {}
    assert symptoms.found([], 0.0) == {}


def test_no_committed_training_has_shown_anything() -> None:
    facts = [json.loads(file.read_text()) for file in (ROOT / "metrics" / "train").glob("*.json")]
    assert facts
    assert not [found for found in facts if "symptoms" in found]


def test_a_d_that_has_won_is_found() -> None:
    assert symptoms.found(course([1.4, 0.5, 0.001, 0.3]), 1.4) == {"d_has_won": 48}
    assert symptoms.found(course([1.4, 0.5, 0.001], is_ds=False), 1.4) == {}  # the autoencoder's is no D's
    few = [Glance(16, 40.0, np.full(WINDOW - 1, 0.001), is_ds=True)]
    assert symptoms.found(few, 1.4) == {}


def test_a_critics_loss_may_pass_nothing_on_its_way() -> None:
    falling = np.linspace(1.0, -1.0, 8 * WINDOW)
    glances = [Glance(i, 40.0, falling[i - WINDOW : i], is_ds=True) for i in range(WINDOW, len(falling) + 1)]
    assert symptoms.found(glances, 1.0) == {}


@pytest.mark.parametrize("sign", [1, -1])
def test_a_loss_that_runs_away_is_found(sign: int) -> None:
    assert symptoms.found(course([1.0, sign * 1000.0, 2.0]), 1.0) == {"loss_runs_away": 32}


def test_nats_of_an_image_are_thousands_from_the_start() -> None:
    assert symptoms.found(course([9900.0, 4000.0, -5000.0, -20_000.0], is_ds=False), 9900.0) == {}


def test_images_that_become_the_same_are_found_when_they_stay_so() -> None:
    glances = course([1.0] * 7, [0.0, 40.0, 10.0, 40.0, 10.0, 5.0, 30.0])
    assert symptoms.found(glances, 1.0) == {"collapse": 96}
    assert symptoms.found(glances[:5], 1.0) == {}


def test_images_that_were_never_diverse_have_not_become_the_same() -> None:
    assert symptoms.found(course([1.0] * 4, [0.0, 3.0, 0.0, 0.0]), 1.0) == {}


def test_fine_noise_is_no_diversity() -> None:
    assert symptoms.diversity(faces(0)) < 3 < 10 < symptoms.diversity(faces(20)) < 15 < symptoms.diversity(faces(60))
