"""Batches are a function of (array, seed, step)."""

import numpy as np
import pytest
import torch

from gans.batches import Batches
from gans.config import Settings
from gans.errors import InputError
from gans.images import to_uint8

COUNT = 21


@pytest.fixture
def numbered() -> np.ndarray:
    """Images that tell their number, and which way round they are: the left half is brighter."""
    numbers = np.arange(COUNT, dtype=np.uint8)[:, None, None, None] * 4
    left = np.array([3] * 8 + [0] * 8, np.uint8)[None, None, :, None]
    return np.broadcast_to(numbers + left, (COUNT, 16, 16, 3)).copy()


def batch_of(batches: Batches, step: int) -> np.ndarray:
    return to_uint8(batches[step]).numpy()


def test_an_epoch_shows_each_image_once(numbered: np.ndarray, small: Settings, cpu: torch.device) -> None:
    batches = Batches(numbered, small.model_copy(update={"batch_size": 7}), cpu)
    assert batches.per_epoch == 3
    for epoch in (0, 1):
        shown = [batch_of(batches, 3 * epoch + place)[:, 0, :, 0].min(1) // 4 for place in range(3)]
        assert sorted(np.concatenate(shown).tolist()) == list(range(COUNT))


def test_any_step_can_be_asked_for_in_any_order(numbered: np.ndarray, small: Settings, cpu: torch.device) -> None:
    batches = Batches(numbered, small, cpu)
    in_order = [batch_of(batches, step) for step in range(6)]
    for step in (5, 0, 3, 1):
        assert (batch_of(Batches(numbered, small, cpu), step) == in_order[step]).all()
        assert (batch_of(batches, step) == in_order[step]).all()
    assert not (in_order[0] == in_order[2]).all()


def test_another_seed_gives_another_order(numbered: np.ndarray, small: Settings, cpu: torch.device) -> None:
    other = small.model_copy(update={"seed": small.seed + 1})
    one, two = Batches(numbered, small, cpu), Batches(numbered, other, cpu)
    assert not (batch_of(one, 0) == batch_of(two, 0)).all()


def test_half_of_the_images_are_mirrored(numbered: np.ndarray, small: Settings, cpu: torch.device) -> None:
    batches = Batches(numbered, small, cpu)
    mirrored = np.concatenate(
        [batch[:, 0, 0, 0] < batch[:, 0, -1, 0] for batch in (batch_of(batches, i) for i in range(50))]
    )
    assert abs(mirrored.mean() - 0.5) < 4 * 0.5 / np.sqrt(mirrored.size)
    plain = Batches(numbered, small.model_copy(update={"random_flip": False}), cpu)
    assert (batch_of(plain, 0)[:, 0, 0, 0] > batch_of(plain, 0)[:, 0, -1, 0]).all()


def test_fewer_images_than_a_batch_are_refused(numbered: np.ndarray, small: Settings, cpu: torch.device) -> None:
    with pytest.raises(InputError, match="batch_size is 64, but 21 training images; expected at most as many"):
        Batches(numbered, small.model_copy(update={"batch_size": 64}), cpu)
