"""A trained generator to its scores: the protocol that all variants have in common."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gans.base import paths
from gans.data import arrays
from gans.networks import models, sampling
from gans.networks.sampling import Sampler
from gans.networks.settings import Settings
from gans.scoring import classifier, probe
from gans.scoring.distances import Known
from gans.scoring.scores import Bench, Scores, distances_of, extractors, of_images, rounded, student_accuracy, taught
from gans.scoring.settings import ClassifierSettings


def load_bench(dataset: str, settings: ClassifierSettings, device: torch.device) -> Bench:
    """Return what the stage `reference` left for scoring fakes of a data set."""
    folder = paths.reference(dataset)
    judges = classifier.load(paths.classifier(dataset), device)
    weights = folder / paths.INCEPTION_WEIGHTS
    found = extractors(judges, weights if weights.exists() else None, device)
    real = {extractor.name: Known.load(folder / f"{extractor.name}.npz") for extractor in found}
    return Bench(arrays.load(paths.processed(dataset)), real, found, judges, settings, device)


def of_generator(bench: Bench, folder: Path) -> Scores:
    """Return all scores of a training in `folder`."""
    sampler, settings = models.load_sampler(folder, bench.device)
    fakes = sampler(sampling.latents(bench.num_images, settings, "evaluation", bench.device))
    scores = of_images(bench, fakes)
    asked = sampler.labels(len(fakes))
    if bench.judges.classes and asked is not None:
        scores["condition_accuracy"] = bench.judges.classes.accuracy(fakes, asked.numpy())
        scores["classification_accuracy_score"] = classification_accuracy_score(bench, sampler, settings)
    network, conditional = models.load_feature_network(folder, bench.device)
    if network is not None and bench.data.labels is not None and bench.data.shape.num_classes > 1:
        scores["probe_accuracy"] = probe_accuracy(bench, network, conditional)
    return scores


def curve(bench: Bench, folder: Path, at_the_end: Scores) -> list[dict[str, float]]:
    """Return the distances of the averaged generator at each moment that a training kept, and then its last ones.

    All are of fakes of the same latents.
    """
    extractor, moments = bench.extractors[0], {}
    for images_seen, weights in models.snapshots(folder):
        sampler, settings = models.load_sampler(folder, bench.device, weights)
        fakes = sampler(sampling.latents(bench.num_images, settings, "evaluation", bench.device))
        moments[images_seen] = distances_of(extractor.name, bench.real[extractor.name], extractor(fakes))
    _, (*_, last) = models.load_progress(folder)
    names = [f"{score}_{extractor.name}" for score in ("fid", "kid")]
    found = {**moments, last: at_the_end}.items()
    return [{"images": images, **{name: scores[name] for name in names}} for images, scores in found]


def classification_accuracy_score(bench: Bench, sampler: Sampler, settings: Settings) -> float:
    """Return the accuracy on held-out real images of a classifier that has seen fakes alone.

    It sees as many fakes as there are training images, at most MAX_TAUGHT.

    Ravuri and Vinyals 2019, arXiv:1905.10887.
    """
    count = len(taught(bench))
    labels = sampler.labels(count)
    assert labels is not None
    fakes = sampler(sampling.latents(count, settings, "evaluation", bench.device, step=1), labels)
    return student_accuracy(bench, fakes, labels.numpy(), settings.seed)


def probe_accuracy(bench: Bench, network: torch.nn.Module, conditional: bool) -> float:
    """Return how well a linear classifier on the network's features knows the classes of held-out real images.

    It learns from the training images, at most MAX_TAUGHT, spread over all.
    """
    data = bench.data
    assert data.labels is not None
    held_out = arrays.spread(np.arange(len(data.images))[data.held_out], bench.num_images)
    train = taught(bench)
    known, asked = (
        probe.features_of(network, data.images[places], conditional, bench.device) for places in (train, held_out)
    )
    return probe.accuracy(known, data.labels[train], asked, data.labels[held_out], data.shape.num_classes)


def summarised(repeats: Sequence[Scores]) -> dict[str, Any]:
    """Return each score's mean over trainings that differ in their seed, and with several its deviation under `sd`."""
    found = {name: [scores[name] for scores in repeats] for name in repeats[0]}
    means = rounded({name: float(np.mean(values)) for name, values in found.items()})
    if len(repeats) == 1:
        return means
    spread = {name: float(np.std(values, ddof=1)) for name, values in found.items() if not name.endswith("_sd")}
    return {**means, "sd": rounded(spread)}


def best(curve: Sequence[Mapping[str, float]], extractor: str) -> dict[str, Any]:
    """Return the smallest Frechet distance along a training, and the images seen then.

    It is chosen by the score itself: a best score is better than its generator deserves.
    """
    score, images = min((row[f"fid_{extractor}"], row["images"]) for row in curve)
    return {**rounded({f"fid_{extractor}": score}), "images": images}
