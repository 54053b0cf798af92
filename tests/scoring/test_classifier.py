"""A classifier of the data set's labels."""

from pathlib import Path

import numpy as np
import pytest
import torch

from gans.scoring import classifier, features
from gans.scoring.classifier import Judge, Judges
from gans.scoring.settings import ClassifierSettings

TwoColours = tuple[np.ndarray, np.ndarray]
SETTINGS = ClassifierSettings(factors=[], epochs=6, lr=0.01, batch_size=16, width=4)


@pytest.fixture
def two_colours() -> TwoColours:
    """128 noisy images, uint8 (128, 16, 16, 3), red or blue, and which."""
    source = np.random.default_rng(0)
    labels = source.integers(0, 2, 128)
    images = source.integers(0, 60, (128, 16, 16, 3), dtype=np.uint8)
    images[np.arange(128), :, :, 2 * labels] += 120
    return images, labels


def train(images: np.ndarray, labels: np.ndarray, cpu: torch.device) -> Judge:
    return classifier.train(images, labels, 2, SETTINGS, random_flip=True, seed=0, device=cpu)


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
    turns = classifier.of_turns(two_colours[0], SETTINGS, seed=0, device=cpu)
    classifier.save(tmp_path / "kept", Judges(judge, None, turns))
    kept = classifier.load(tmp_path / "kept", cpu)
    assert kept.classes is not None
    assert (kept.classes(two_colours[0]) == expected).all()
    assert kept.factors is None
    assert kept.rotation is not None
    assert (kept.rotation.features(two_colours[0]) == turns.features(two_colours[0])).all()
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


def upright(count: int) -> np.ndarray:
    """Return noisy grey images, uint8 (count, 32, 32, 1), that are lighter at the top and have a mark at the left."""
    images = np.random.default_rng(2).integers(0, 60, (count, 32, 32, 1), dtype=np.uint8)
    images[:, :8] += 120
    images[:, 12:20, :6] += 60
    return images


def test_it_learns_which_way_up_images_are_and_keeps_their_quarters_apart(cpu: torch.device) -> None:
    settings = ClassifierSettings(factors=[], epochs=12, lr=0.01, batch_size=16, width=4)
    turns = classifier.of_turns(upright(96), settings, seed=0, device=cpu)
    images, numbers = classifier.turned(upright(120)[96:])
    assert (images[24:48] == np.rot90(images[:24], 1, (1, 2))).all()
    assert turns.accuracy(images, numbers) > 0.9
    assert turns.features(images).shape == (96, 4 * 8 * 4)


def test_of_many_images_turns_are_learnt_from_some(monkeypatch: pytest.MonkeyPatch) -> None:
    images = np.arange(100, dtype=np.uint8).reshape(100, 1, 1, 1)
    assert (classifier.few(images) == images).all()
    monkeypatch.setattr(classifier, "MAX_TURNED", 10)
    assert classifier.few(images).ravel().tolist() == [0, 11, 22, 33, 44, 55, 66, 77, 88, 99]
