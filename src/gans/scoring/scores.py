"""Images to their scores: one protocol for fakes and for real images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gans.data import arrays
from gans.data.arrays import Packed
from gans.scoring import classifier, distances, features
from gans.scoring.classifier import Judges
from gans.scoring.distances import COVERAGE_NEIGHBOURS, PRECISION_NEIGHBOURS, Known
from gans.scoring.features import Extractor
from gans.scoring.settings import ClassifierSettings

Scores = dict[str, float]
MAX_TAUGHT = 10_000  # images that a probe or a student classifier learns from


@dataclass(frozen=True)
class Bench:
    """What all generators of one data set are scored against."""

    data: Packed
    real: Mapping[str, Known]  # features (N, F) of held-out real images, by the name of their extractor
    extractors: Sequence[Extractor]  # the first is the one that precision, recall and their like are made with
    judges: Judges
    classifier: ClassifierSettings  # how classifiers are trained
    device: torch.device

    @property
    def num_images(self) -> int:
        """Return how many fakes are scored: as many as there are real images."""
        return len(self.real[self.extractors[0].name].cloud)

    def protocol(self) -> dict[str, Any]:
        """Return what has to be said beside every score."""
        return {"n_real": self.num_images, "n_fake": self.num_images, "extractor": self.extractors[0].name}


def extractors(judges: Judges, inception_weights: Path | None, device: torch.device) -> list[Extractor]:
    """Return the extractors that a data set and the given files allow; the first, lite0, is always there."""
    found: list[Extractor] = [features.Lite0(device)]
    if judges.classes:
        found.append(features.of_classifier(judges.classes))
    if judges.rotation:
        found.append(features.of_classifier(judges.rotation, "rotation"))
    if inception_weights:
        from gans.scoring.inception import Inception  # here, because torchvision takes seconds to be imported

        found.append(Inception(inception_weights, device))
    return found


def compared(data: Packed, against: str, at_most: int) -> tuple[np.ndarray, np.ndarray]:
    """Return where the real images stand that fakes are held against, and as many others: what the floor is made of.

    Held-out images are held against training images; those of the training split, or of all, against any others.
    """
    everything = np.arange(len(data.images))
    real = {"held_out": everything[data.held_out], "train": everything[data.train], "all": everything}[against]
    if against == "held_out":
        others = everything[data.train]
    else:
        real = arrays.spread(real, min(at_most, len(real), len(everything) // 2))
        others = np.setdiff1d(everything, real)
    count = min(at_most, len(real), len(others))
    return arrays.spread(real, count), arrays.spread(others, count)


def of_images(bench: Bench, images: np.ndarray, seen: Mapping[str, np.ndarray] | None = None) -> Scores:
    """Return the scores that uint8 images (M, S, S, C) have by themselves, be they fake or real.

    Where the features (M, F) of an extractor are in `seen`, by its name, they are not computed again.
    """
    scores: Scores = {}
    features_of = {extractor.name: extractor for extractor in bench.extractors}
    seen = dict(seen or {})
    for name, real in bench.real.items():
        if name not in seen:
            seen[name] = features_of[name](images)
        scores |= distances_of(name, real, seen[name])
    real, fake = bench.real[bench.extractors[0].name], seen[bench.extractors[0].name]
    most = min(len(real.cloud), len(fake)) - 1  # of a tiny data set no image has five neighbours
    scores["precision"], scores["recall"] = distances.precision_and_recall(real, fake, min(PRECISION_NEIGHBOURS, most))
    scores["density"], scores["coverage"] = distances.density_and_coverage(real, fake, min(COVERAGE_NEIGHBOURS, most))
    spread = float(real.spread) or 1.0  # equal images have none
    scores["diversity"] = distances.mean_pairwise_distance(fake) / spread
    if bench.judges.factors and (having := bench.data.having(bench.classifier.factors)) is not None:
        wanted = combinations(having[bench.data.train])
        scores["combination_share"] = len(wanted & combinations(bench.judges.factors.has(images))) / len(wanted)
    return scores


def distances_of(extractor: str, real: Known, fake: np.ndarray) -> Scores:
    """Return the distances of fake features (M, F) to real ones (N, F), named after their extractor."""
    mean, deviation = distances.kernel_distance(real.cloud, fake)
    return {
        f"fid_{extractor}": distances.frechet_distance(real, fake),
        f"kid_{extractor}": mean,
        f"kid_{extractor}_sd": deviation,
    }


def combinations(has: np.ndarray) -> set[int]:
    """Return which combinations of attributes appear in bool (N, attributes), as numbers: bit j is attribute j."""
    return set((has @ (1 << np.arange(has.shape[1]))).tolist())


def floor(bench: Bench, images: np.ndarray, seen: Mapping[str, np.ndarray], seed: int) -> Scores:
    """Return what real training images (N, S, S, C) score, taken for fakes; `seen` as in `of_images`."""
    data = bench.data
    scores = of_images(bench, images, seen)
    if bench.judges.classes and data.labels is not None:
        held_out, places = data.held_out, taught(bench)
        scores["condition_accuracy"] = bench.judges.classes.accuracy(data.images[held_out], data.labels[held_out])
        scores["classification_accuracy_score"] = student_accuracy(
            bench, data.images[places], data.labels[places], seed
        )
    return scores


def taught(bench: Bench) -> np.ndarray:
    """Return where the training images stand that students learn from: all, or MAX_TAUGHT spread over them."""
    places = np.arange(len(bench.data.images))[bench.data.train]
    return arrays.spread(places, min(len(places), MAX_TAUGHT))


def student_accuracy(bench: Bench, images: np.ndarray, labels: np.ndarray, seed: int) -> float:
    """Return how right a classifier of images (N, S, S, C) and labels (N,) is on held-out real images."""
    data = bench.data
    assert data.labels is not None
    flip = data.meta["symmetric"]
    student = classifier.train(
        images, labels, data.shape.num_classes, bench.classifier, random_flip=flip, seed=seed, device=bench.device
    )
    return student.accuracy(data.images[data.held_out], data.labels[data.held_out])


def rounded(scores: Mapping[str, float]) -> dict[str, float]:
    """Return scores with six significant digits."""
    return {name: float(f"{value:.6g}") for name, value in scores.items()}
