"""Batches are a function of (array, seed, step)."""

import numpy as np
import pytest
import torch

from gans.batches import Batches
from gans.errors import InputError
from gans.images import to_uint8

COUNT = 21


@pytest.fixture
def numbered() -> np.ndarray:
    """Images that tell their number, and which way round they are: the left half is brighter."""
    numbers = np.arange(COUNT, dtype=np.uint8)[:, None, None, None] * 4
    left = np.array([3] * 8 + [0] * 8, np.uint8)[None, None, :, None]
    return np.broadcast_to(numbers + left, (COUNT, 16, 16, 3)).copy()


def make(images: np.ndarray, *, batch_size: int = 8, random_flip: bool = True, seed: int = 3) -> Batches:
    labels = np.arange(len(images))
    return Batches(
        images, labels, batch_size=batch_size, random_flip=random_flip, seed=seed, device=torch.device("cpu")
    )


def batch_of(batches: Batches, step: int) -> np.ndarray:
    return to_uint8(batches[step][0]).numpy()


def test_an_epoch_shows_each_image_once(numbered: np.ndarray) -> None:
    batches = make(numbered, batch_size=7)
    assert batches.per_epoch == 3
    for epoch in (0, 1):
        shown = [batch_of(batches, 3 * epoch + place)[:, 0, :, 0].min(1) // 4 for place in range(3)]
        assert sorted(np.concatenate(shown).tolist()) == list(range(COUNT))


def test_any_step_can_be_asked_for_in_any_order(numbered: np.ndarray) -> None:
    batches = make(numbered)
    in_order = [batch_of(batches, step) for step in range(6)]
    for step in (5, 0, 3, 1):
        assert (batch_of(make(numbered), step) == in_order[step]).all()
        assert (batch_of(batches, step) == in_order[step]).all()
    assert not (in_order[0] == in_order[2]).all()


def test_another_seed_gives_another_order(numbered: np.ndarray) -> None:
    one, two = make(numbered), make(numbered, seed=4)
    assert not (batch_of(one, 0) == batch_of(two, 0)).all()


def test_half_of_the_images_are_mirrored(numbered: np.ndarray) -> None:
    batches = make(numbered)
    mirrored = np.concatenate(
        [batch[:, 0, 0, 0] < batch[:, 0, -1, 0] for batch in (batch_of(batches, i) for i in range(50))]
    )
    assert abs(mirrored.mean() - 0.5) < 4 * 0.5 / np.sqrt(mirrored.size)
    plain = make(numbered, random_flip=False)
    assert (batch_of(plain, 0)[:, 0, 0, 0] > batch_of(plain, 0)[:, 0, -1, 0]).all()


def test_labels_stay_with_their_images(numbered: np.ndarray) -> None:
    images, labels = make(numbered, random_flip=False)[4]
    assert labels is not None
    assert (to_uint8(images)[:, 0, -1, 0] // 4 == labels).all()
    source = {"batch_size": 8, "random_flip": True, "seed": 3, "device": torch.device("cpu")}
    assert Batches(numbered, None, **source)[0][1] is None  # type: ignore[arg-type]


def test_fewer_images_than_a_batch_are_refused(numbered: np.ndarray) -> None:
    with pytest.raises(InputError, match="batch_size is 64, but 21 training images; expected at most as many"):
        make(numbered, batch_size=64)
