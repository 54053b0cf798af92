"""The judges, judged: each finds images worse, the more they are corrupted."""

import sys
from collections.abc import Callable
from io import BytesIO
from itertools import pairwise

import numpy as np
import pytest
import torch
from conftest import ROOT
from PIL import Image

sys.path.insert(0, str(ROOT / "benchmarks"))

from corruptions import corrupted

from gans.preprocess import crop_and_shrink
from gans.scoring import classifier, distances, features
from gans.scoring.settings import ClassifierSettings
from gans.sources import toyfaces

COUNT = 96  # faces taught, held out, and corrupted
NUM_FEATURES = 128  # of each, for so few images
WORSE = {  # what each judge is to see, by strengths that so few images tell apart
    "blur": (1.0, 4.0),
    "noise": (10.0, 30.0),
    "warp": (2.0, 4.0),
    "modes": (4.0, 16.0, 64.0),
    "halves": (0.5, 1.0),
}


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    drawn = [Image.open(BytesIO(toyfaces.encode(number, number)[0][0])) for number in range(1, 3 * COUNT + 1)]
    return np.stack([crop_and_shrink(face, 64, 178) for face in drawn])


@pytest.fixture(scope="module")
def judges(faces: np.ndarray) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    cpu = torch.device("cpu")
    settings = ClassifierSettings(factors=[], epochs=3, lr=0.001, batch_size=16, width=4)
    turns = classifier.of_turns(faces[:COUNT], settings, seed=0, device=cpu)
    rotation = features.of_classifier(turns, "rotation")
    return {"lite0": features.Lite0(cpu), "rotation": rotation}


@pytest.mark.parametrize("name", ["lite0", "rotation"])
def test_a_judge_orders_corruptions_by_their_strength(
    judges: dict[str, Callable[[np.ndarray], np.ndarray]], faces: np.ndarray, name: str
) -> None:
    untouched = faces[2 * COUNT :]
    real = distances.Known(judges[name](faces[COUNT : 2 * COUNT])[:, :NUM_FEATURES])

    def distance(images: np.ndarray) -> float:
        return distances.frechet_distance(real, judges[name](images)[:, :NUM_FEATURES])

    floor = distance(untouched)
    for corruption, strengths in WORSE.items():
        found = [floor, *(distance(corrupted(untouched, corruption, strength)) for strength in strengths)]
        assert all(better < worse for better, worse in pairwise(found)), f"{name} does not order {corruption}: {found}"
