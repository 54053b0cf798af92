"""A trained generator to its scores: one protocol for every variant and for real images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gans import arrays, classifier, config, distances, features, models, paths, probe, sampling
from gans.arrays import Packed
from gans.classifier import Judge, Judges
from gans.distances import COVERAGE_NEIGHBOURS, PRECISION_NEIGHBOURS
from gans.features import Extractor
from gans.sampling import Sampler

Scores = dict[str, float]
MAX_TAUGHT = 10_000  # images that a probe or a student classifier learns from


@dataclass(frozen=True)
class Bench:
    """What all generators of one data set are scored against."""

    data: Packed
    real: Mapping[str, np.ndarray]  # features (N, F) of held-out real images, by the name of their extractor
    extractors: Sequence[Extractor]  # the first is the one that precision, recall and their like are made with
    judges: Judges
    classifier: config.Classifier  # how classifiers are trained
    device: torch.device

    @property
    def num_images(self) -> int:
        """Return how many fakes are scored: as many as there are real images."""
        return len(self.real[self.extractors[0].name])

    def protocol(self) -> dict[str, Any]:
        """Return what has to be said beside every score."""
        return {"n_real": self.num_images, "n_fake": self.num_images, "extractor": self.extractors[0].name}


def extractors(judge: Judge | None, inception_weights: Path | None, device: torch.device) -> list[Extractor]:
    """Return the extractors that a data set and the given files allow; the first, lite0, is always there."""
    found: list[Extractor] = [features.Lite0(device)]
    if judge:
        found.append(features.OfClassifier(judge))
    if inception_weights:
        from gans.inception import Inception  # here, because torchvision takes seconds to be imported

        found.append(Inception(inception_weights, device))
    return found


def load_bench(dataset: str, settings: config.Classifier, device: torch.device) -> Bench:
    """Return what the stage `reference` left for scoring fakes of a data set."""
    folder = paths.reference(dataset)
    judges = classifier.load(paths.classifier(dataset), device)
    weights = folder / paths.INCEPTION_WEIGHTS
    found = extractors(judges.classes, weights if weights.exists() else None, device)
    real = {extractor.name: np.load(folder / f"{extractor.name}.npy") for extractor in found}
    return Bench(arrays.load(paths.processed(dataset)), real, found, judges, settings, device)


def of_images(bench: Bench, images: np.ndarray) -> Scores:
    """Return the scores that uint8 images (M, S, S, C) have by themselves, be they fake or real."""
    scores: Scores = {}
    seen = {extractor.name: extractor(images) for extractor in bench.extractors}
    for name, found in seen.items():
        scores |= distances_of(name, bench.real[name], found)
    real, fake = bench.real[bench.extractors[0].name], seen[bench.extractors[0].name]
    most = min(len(real), len(fake)) - 1  # of a tiny data set no image has five neighbours
    scores["precision"], scores["recall"] = distances.precision_and_recall(real, fake, min(PRECISION_NEIGHBOURS, most))
    scores["density"], scores["coverage"] = distances.density_and_coverage(real, fake, min(COVERAGE_NEIGHBOURS, most))
    spread = distances.mean_pairwise_distance(real) or 1.0  # equal images have none
    scores["diversity"] = distances.mean_pairwise_distance(fake) / spread
    if bench.judges.factors and (having := bench.data.having(bench.classifier.factors)) is not None:
        wanted = combinations(having[bench.data.train])
        scores["combination_share"] = len(wanted & combinations(bench.judges.factors.has(images))) / len(wanted)
    return scores


def of_generator(bench: Bench, folder: Path) -> Scores:
    """Return all scores of a training in `folder`."""
    sampler, settings = models.load_sampler(folder, bench.device)
    fakes = sampler(sampling.latents(bench.num_images, settings, "evaluation", bench.device))
    scores = of_images(bench, fakes)
    asked = sampler.labels(len(fakes))
    if bench.judges.classes and asked is not None:
        scores["condition_accuracy"] = bench.judges.classes.accuracy(fakes, asked.numpy())
        scores["classification_accuracy_score"] = classification_accuracy_score(bench, sampler, settings)
    observer, conditional = models.load_observer(folder, bench.device)
    if observer is not None and bench.data.labels is not None and bench.data.shape.num_classes > 1:
        scores["probe_accuracy"] = probe_accuracy(bench, observer, conditional)
    return scores


def curve(bench: Bench, folder: Path, at_the_end: Scores) -> list[dict[str, float]]:
    """Return the distances of the averaged generator at each moment that a training kept, and then its last ones.

    All are of fakes of the same latents.
    """
    rows: list[dict[str, float]] = []
    extractor = bench.extractors[0]
    names = [f"{score}_{extractor.name}" for score in ("fid", "kid")]
    for images_seen, weights in models.checkpoints(folder):
        sampler, settings = models.load_sampler(folder, bench.device, weights)
        fakes = sampler(sampling.latents(bench.num_images, settings, "evaluation", bench.device))
        scores = distances_of(extractor.name, bench.real[extractor.name], extractor(fakes))
        rows.append({"images": images_seen, **{name: scores[name] for name in names}})
    _, frames_at = models.load_progress(folder)
    return [*rows, {"images": frames_at[-1], **{name: at_the_end[name] for name in names}}]


def distances_of(extractor: str, real: np.ndarray, fake: np.ndarray) -> Scores:
    """Return the distances of fake features (M, F) to real ones (N, F), named after their extractor."""
    mean, deviation = distances.kernel_distance(real, fake)
    return {
        f"fid_{extractor}": distances.frechet_distance(real, fake),
        f"kid_{extractor}": mean,
        f"kid_{extractor}_sd": deviation,
    }


def combinations(has: np.ndarray) -> set[int]:
    """Return which combinations of attributes appear in bool (N, attributes), as numbers: bit j is attribute j."""
    return set((has @ (1 << np.arange(has.shape[1]))).tolist())


def classification_accuracy_score(bench: Bench, sampler: Sampler, settings: config.Settings) -> float:
    """Return the accuracy on held-out real images of a classifier that has seen fakes alone.

    It sees as many fakes as there are training images, at most MAX_TAUGHT.

    Ravuri and Vinyals 2019, arXiv:1905.10887.
    """
    count = len(_taught(bench))
    labels = sampler.labels(count)
    assert labels is not None
    fakes = sampler(sampling.latents(count, settings, "evaluation", bench.device, step=1), labels)
    return _student_accuracy(bench, fakes, labels.numpy(), settings.seed)


def floor(bench: Bench, seed: int) -> Scores:
    """Return what real training images score, taken for fakes."""
    data = bench.data
    scores = of_images(bench, arrays.spread(data.images[data.train], bench.num_images))
    if bench.judges.classes and data.labels is not None:
        taught = _taught(bench)
        scores["condition_accuracy"] = bench.judges.classes.accuracy(
            data.images[data.held_out], data.labels[data.held_out]
        )
        scores["classification_accuracy_score"] = _student_accuracy(
            bench, data.images[taught], data.labels[taught], seed
        )
    return scores


def _taught(bench: Bench) -> np.ndarray:
    """Return where the training images stand that students learn from: all, or MAX_TAUGHT spread over them."""
    places = np.arange(len(bench.data.images))[bench.data.train]
    return arrays.spread(places, min(len(places), MAX_TAUGHT))


def _student_accuracy(bench: Bench, images: np.ndarray, labels: np.ndarray, seed: int) -> float:
    """Return how right a classifier of images (N, S, S, C) and labels (N,) is on held-out real images."""
    data = bench.data
    assert data.labels is not None
    student = classifier.train(
        images,
        labels,
        data.shape.num_classes,
        bench.classifier,
        random_flip=data.meta["symmetric"],
        seed=seed,
        device=bench.device,
    )
    return student.accuracy(data.images[data.held_out], data.labels[data.held_out])


def probe_accuracy(bench: Bench, observer: torch.nn.Module, conditional: bool) -> float:
    """Return how well a linear classifier on the observer's features knows the classes of held-out real images.

    It learns from the training images, at most MAX_TAUGHT, spread over all.
    """
    data = bench.data
    assert data.labels is not None
    held_out = arrays.spread(np.arange(len(data.images))[data.held_out], bench.num_images)
    train = _taught(bench)
    known, asked = (
        probe.features_of(observer, data.images[places], conditional, bench.device) for places in (train, held_out)
    )
    return probe.accuracy(known, data.labels[train], asked, data.labels[held_out], data.shape.num_classes)


def summarised(repeats: Sequence[Scores]) -> dict[str, Any]:
    """Return each score's mean over trainings that differ in their seed, and with several its deviation under `sd`."""
    means = {name: float(np.mean([scores[name] for scores in repeats])) for name in repeats[0]}
    if len(repeats) == 1:
        return rounded(means)
    spread = {
        name: float(np.std([scores[name] for scores in repeats], ddof=1)) for name in means if not name.endswith("_sd")
    }
    return {**rounded(means), "sd": rounded(spread)}


def best(curve: Sequence[Mapping[str, float]], extractor: str) -> dict[str, Any]:
    """Return the smallest Frechet distance along a training, and the images seen then.

    It is chosen by the score itself: a best score is better than its generator deserves.
    """
    row = min(curve, key=lambda row: row[f"fid_{extractor}"])
    return {f"fid_{extractor}": float(f"{row[f'fid_{extractor}']:.6g}"), "images": row["images"]}


def rounded(scores: Mapping[str, float]) -> dict[str, float]:
    """Return scores with six significant digits."""
    return {name: float(f"{value:.6g}") for name, value in scores.items()}
