"""A classifier of the data set's labels."""

from pathlib import Path

import numpy as np
import pytest
import torch

from gans.scoring import classifier, features
from gans.scoring.classifier import Judge, Judges
from gans.scoring.settings import ClassifierSettings

TwoColours = tuple[np.ndarray, np.ndarray]


@pytest.fixture
def two_colours() -> TwoColours:
    """128 noisy images, uint8 (128, 16, 16, 3), red or blue, and which."""
    source = np.random.default_rng(0)
    labels = source.integers(0, 2, 128)
    images = source.integers(0, 60, (128, 16, 16, 3), dtype=np.uint8)
    images[np.arange(128), :, :, 2 * labels] += 120
    return images, labels


def train(images: np.ndarray, labels: np.ndarray, cpu: torch.device) -> Judge:
    settings = ClassifierSettings(factors=[], epochs=6, lr=0.01, batch_size=16, width=4)
    return classifier.train(images, labels, 2, settings, random_flip=True, seed=0, device=cpu)


def test_it_learns_what_can_be_seen_and_says_how_sure_it_is(two_colours: TwoColours, cpu: torch.device) -> None:
    images, labels = two_colours
    judge = train(images[:96], labels[:96], cpu)
    probabilities = judge(images[96:])
    assert probabilities.shape == (32, 2)
    assert probabilities.sum(1) == pytest.approx(1.0, abs=1e-5)
    assert judge.accuracy(images[96:], labels[96:]) > 0.9
    assert judge.accuracy(images[96:], 1 - labels[96:]) < 0.1


def test_it_is_the_same_again_and_after_a_stay_on_disk(
    two_colours: TwoColours, tmp_path: Path, cpu: torch.device
) -> None:
    judge = train(*two_colours, cpu)
    expected = judge(two_colours[0])
    assert (train(*two_colours, cpu)(two_colours[0]) == expected).all()
    classifier.save(tmp_path / "kept", Judges(judge, None))
    kept = classifier.load(tmp_path / "kept", cpu)
    assert kept.classes is not None
    assert (kept.classes(two_colours[0]) == expected).all()
    assert kept.factors is None
    classifier.save(tmp_path / "none", Judges(None, None))  # as without labels
    assert classifier.load(tmp_path / "none", cpu) == Judges(None, None)


def test_attributes_are_learnt_side_by_side(two_colours: TwoColours, cpu: torch.device) -> None:
    images, labels = two_colours
    capped = np.random.default_rng(1).random(128) < 0.5
    images[capped, :6] = 255
    having = np.stack([labels == 1, capped], axis=1)
    judge = train(images[:96], having[:96], cpu)
    assert (judge.has(images[96:]) == having[96:]).mean(0).min() > 0.9


def test_its_features_are_what_its_last_layer_decides_on(two_colours: TwoColours, cpu: torch.device) -> None:
    judge = train(*two_colours, cpu)
    found = torch.from_numpy(features.of_classifier(judge)(two_colours[0][:5]))
    assert found.shape == (5, 8 * 4)
    expected = judge.network.last(found).softmax(1).numpy()
    assert judge(two_colours[0][:5]) == pytest.approx(expected, abs=1e-6)
