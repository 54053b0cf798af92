"""The protocol of the scores, on a bench small enough to work out."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import settings_for

from gans.data.arrays import Packed
from gans.networks import contract, models
from gans.networks.settings import AdversarialSettings
from gans.scoring import classifier, distances, generators, scores
from gans.scoring.classifier import Judges
from gans.scoring.scores import Bench
from gans.scoring.settings import ClassifierSettings
from gans.training.plan import Plan
from gans.training.steps import Execution

NUM_TRAIN, NUM_HELD_OUT = 64, 32


class MeanColours:
    """An extractor whose features can be told by eye: the mean of each channel over each quarter of the image."""

    name = "lite0"

    def __call__(self, images: np.ndarray) -> np.ndarray:
        half = images.shape[1] // 2
        quarters = [images[:, y : y + half, x : x + half] for y in (0, half) for x in (0, half)]
        return np.concatenate([quarter.mean((1, 2)) for quarter in quarters], axis=1).astype(np.float32)


@pytest.fixture
def bench(cpu: torch.device) -> Bench:
    """96 noisy images, red or blue (the label), with a white cap or without (a factor): 64 to train on."""
    random = np.random.default_rng(0)
    count = NUM_TRAIN + NUM_HELD_OUT
    labels, capped = random.integers(0, 2, count), random.random(count) < 0.5
    images = random.integers(0, 60, (count, 16, 16, 3), dtype=np.uint8)
    images[np.arange(count), :, :, 2 * labels] += 120
    images[capped, :6] = 255
    train, held_out = [0, NUM_TRAIN], [NUM_TRAIN, count]
    meta = {
        "channels": 3,
        "image_size": 16,
        "class_counts": np.bincount(labels[:NUM_TRAIN]).tolist(),
        "class_names": ["a", "b"],
        "splits": {"train": train, "test": held_out},
        "known_attributes": ["blue", "cap"],
        "symmetric": True,
    }
    data = Packed(images, labels, np.stack([labels == 1, capped], axis=1), meta)
    settings = ClassifierSettings(factors=["blue", "cap"], epochs=8, lr=0.01, batch_size=16, width=4)
    judges = Judges(
        *(
            classifier.train(images[:NUM_TRAIN], targets[:NUM_TRAIN], 2, settings, random_flip=True, seed=0, device=cpu)
            for targets in (labels, np.stack([labels == 1, capped], axis=1))
        )
    )
    extractor = MeanColours()
    return Bench(data, {"lite0": distances.Known(extractor(images[NUM_TRAIN:]))}, [extractor], judges, settings, cpu)


def test_real_images_score_what_distances_say_and_show_all_combinations(bench: Bench) -> None:
    train = bench.data.images[:NUM_HELD_OUT]
    found = scores.of_images(bench, train)
    real, fake = bench.real["lite0"], MeanColours()(train)
    assert found["fid_lite0"] == distances.frechet_distance(real, fake)
    assert (found["kid_lite0"], found["kid_lite0_sd"]) == distances.kernel_distance(real.cloud, fake)
    assert (found["precision"], found["recall"]) == distances.precision_and_recall(real, fake)
    assert found["combination_share"] == 1.0
    assert found["diversity"] == pytest.approx(1.0, abs=0.15)


def test_a_collapse_is_seen(bench: Bench) -> None:
    red = bench.data.images[:NUM_TRAIN][bench.data.labels[:NUM_TRAIN] == 0][:1]
    found = scores.of_images(bench, np.repeat(red, NUM_HELD_OUT, axis=0))
    assert found["combination_share"] == 0.25
    assert found["diversity"] < 0.01
    assert found["recall"] == 0.0


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("dcgan", {"probe_accuracy"}),
        ("vae", {"probe_accuracy"}),
        ("cdcgan", {"probe_accuracy", "condition_accuracy", "classification_accuracy_score"}),
    ],
)
def test_a_training_has_all_its_scores_and_a_curve(
    name: str, own: set[str], small: AdversarialSettings, bench: Bench, tmp_path: Path
) -> None:
    """Of two seeds, the first of them kept after one epoch of two."""
    how = {"num_frames": 2, "device": bench.device, "how": Execution(), "seeds": 2, "snapshots_every": 1.0}
    plan = Plan(name=name, kind=contract.load(name), settings=settings_for(name, small), data=bench.data, **how)
    folder = tmp_path / name
    plan.carry_out(folder, tmp_path / "scratch", save_seconds=1e6, save_epochs=1e6)
    assert [path.name for path in models.repeats(folder)] == [name, "repeat_1"]
    first, second = (generators.of_generator(bench, path) for path in models.repeats(folder))
    assert first == generators.of_generator(bench, folder)
    assert first != second
    assert set(first) - set(scores.of_images(bench, bench.data.images[:NUM_HELD_OUT])) == own
    assert all(0 <= first[key] <= 1 for key in own)
    curve = generators.curve(bench, folder, at_the_end=first)
    assert [row["images"] for row in curve] == [64, 128]
    assert curve[-1]["fid_lite0"] == first["fid_lite0"]
    assert curve[0]["fid_lite0"] != first["fid_lite0"]


def test_a_classifier_taught_by_real_images_would_do_well_and_by_noise_not(
    bench: Bench, small: AdversarialSettings
) -> None:
    class Source:
        """Stands where a sampler does: gives real images of the classes asked for, or noise."""

        def __init__(self, real: bool) -> None:
            self.real = real

        def labels(self, count: int) -> torch.Tensor:
            return torch.arange(count) % 2

        def __call__(self, z: torch.Tensor, labels: torch.Tensor) -> np.ndarray:
            assert bench.data.labels is not None
            if not self.real:
                return np.random.default_rng(0).integers(0, 256, (len(z), 16, 16, 3), dtype=np.uint8)
            of_class = [bench.data.images[:NUM_TRAIN][bench.data.labels[:NUM_TRAIN] == label] for label in (0, 1)]
            return np.stack([of_class[label][i % len(of_class[label])] for i, label in enumerate(labels.tolist())])

    assert generators.classification_accuracy_score(bench, Source(True), small) > 0.9  # type: ignore[arg-type]
    assert generators.classification_accuracy_score(bench, Source(False), small) < 0.8  # type: ignore[arg-type]


def test_means_and_deviations_over_seeds() -> None:
    found = generators.summarised([{"fid_lite0": 10.0, "kid_lite0_sd": 1.0}, {"fid_lite0": 14.0, "kid_lite0_sd": 3.0}])
    assert found == {"fid_lite0": 12.0, "kid_lite0_sd": 2.0, "sd": {"fid_lite0": 2.82843}}  # 2 * sqrt(2)
    assert generators.summarised([{"fid_lite0": 10.123456789}]) == {"fid_lite0": 10.1235}
    json.dumps(found)


def test_the_best_moment_is_the_one_of_the_smallest_distance() -> None:
    curve = [{"images": 5, "fid_lite0": 9.0}, {"images": 10, "fid_lite0": 7.0}, {"images": 15, "fid_lite0": 8.0}]
    assert generators.best(curve, "lite0") == {"fid_lite0": 7.0, "images": 10}


def test_two_held_out_images_are_enough(bench: Bench) -> None:
    few = dataclasses.replace(bench, real={"lite0": distances.Known(bench.real["lite0"].cloud[:2])})
    found = scores.of_images(few, bench.data.images[:2])
    assert np.isfinite(list(found.values())).all()


@pytest.mark.parametrize(("against", "count"), [("held_out", 32), ("train", 48), ("all", 48)])
def test_fakes_are_held_against_the_images_asked_for_and_the_floor_is_of_others(
    bench: Bench, against: str, count: int
) -> None:
    real, others = scores.compared(bench.data, against, at_most=1000)
    assert len(real) == len(others) == count
    assert len({*real, *others}) == 2 * count
    splits = {"held_out": range(NUM_TRAIN, 96), "train": range(NUM_TRAIN), "all": range(96)}
    assert set(real) <= set(splits[against])
    if against == "held_out":
        assert set(others) <= set(range(NUM_TRAIN))
    few = scores.compared(bench.data, against, at_most=5)
    assert [len(places) for places in few] == [5, 5]
    assert (few[0][0], few[0][-1]) == (min(splits[against]), max(splits[against]))
