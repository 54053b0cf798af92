"""Judge the judges: how well Frechet distances in several networks' features order known corruptions of real images.

Usage: python benchmarks/judges.py [DATASET] [--images N]   (after `dvc repro preprocess` of that data set)

Training images stand in for fakes, untouched (the floor) and corrupted ever more. A distance is told by how far it
lies above that of the same images untouched, in standard deviations of the floor over random draws of training images.
A detector of faces takes part where OpenCV brings one: pip install 'opencv-python-headless<5'.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT)]

import stages  # noqa: E402, F401  # first: it sets how torch's threads wait

# isort: split
import numpy as np  # noqa: E402
import torch  # noqa: E402
from corruptions import CORRUPTIONS, corrupted  # noqa: E402
from torch.nn.functional import affine_grid, cross_entropy, grid_sample, normalize  # noqa: E402

from gans.base import artefacts, paths  # noqa: E402
from gans.data import arrays  # noqa: E402
from gans.data.batches import Batches  # noqa: E402
from gans.networks import augment  # noqa: E402
from gans.params import Params  # noqa: E402
from gans.runtime import devices  # noqa: E402
from gans.scoring import classifier, distances, features  # noqa: E402
from gans.scoring.classifier import Classifier, Judge  # noqa: E402
from gans.scoring.distances import Known  # noqa: E402

RESULT = ROOT / "benchmarks/results/judges.json"
POOL, DRAWS = 4096, 12  # training images, and draws of them, untouched: the floor and its deviation
MISSING = {"toyfaces": "Eyeglasses", "celeba": "Smiling"}  # an attribute that fakes lack
TEMPERATURE, LEAST_AREA = 0.2, 0.3  # of SimCLR's loss; of a crop, as a share of the image
LEAST_VARIANCE = 0.01  # is added to all variances, as a share of the mean one
Measure = Callable[[np.ndarray], np.ndarray]


def simclr(images: np.ndarray, random_flip: bool, epochs: int = 4, batch_size: int = 128) -> Judge:
    """Return a network to which two crops of an image look alike (Chen et al. 2020, arXiv:2002.05709)."""
    torch.manual_seed(0)
    network = Classifier(images.shape[3], 64, 16, places=2).to(memory_format=torch.channels_last)
    optimizer, cpu = torch.optim.Adam(network.parameters(), 1e-3), torch.device("cpu")
    batches = Batches(images, None, batch_size=batch_size, random_flip=random_flip, seed=0, device=cpu)
    for step in range(epochs * batches.per_epoch):
        real, _ = batches[step]
        projected = normalize(network(torch.cat([view(real), view(real)])))
        logits = (projected @ projected.T / TEMPERATURE).fill_diagonal_(-torch.inf)  # (2B, 2B)
        loss = cross_entropy(logits, torch.arange(2 * batch_size).roll(batch_size))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return Judge(devices.in_use(network, cpu), cpu)


def whitened(judge: Judge, images: np.ndarray) -> Measure:
    """Return what makes uncorrelated features of variance 1 of what a network's last layer looks at."""
    seen = judge.features(images).astype(np.float64)
    variances, directions = np.linalg.eigh(np.cov(seen, rowvar=False))
    weight = directions / np.sqrt(variances.clip(0) + LEAST_VARIANCE * variances.mean())
    return lambda others: (judge.features(others) - seen.mean(0)) @ weight


def view(images: torch.Tensor) -> torch.Tensor:
    """Return a random crop of each image (B, C, S, S), of half its side in pixels, with other colours."""
    sides = (LEAST_AREA + (1 - LEAST_AREA) * torch.rand(len(images))).sqrt()
    moves = (1 - sides) * (2 * torch.rand(2, len(images)) - 1)
    nothing = torch.zeros(len(images))
    rows = [torch.stack([sides, nothing, moves[0]], 1), torch.stack([nothing, sides, moves[1]], 1)]
    size = [*images.shape[:2], images.shape[2] // 2, images.shape[3] // 2]
    grid = affine_grid(torch.stack(rows, 1), size, align_corners=False)
    return augment.color(grid_sample(images, grid, align_corners=False))


def judges(data: arrays.Packed, train: np.ndarray) -> Iterator[tuple[str, Measure]]:
    """Yield the candidates by their names."""
    cpu, settings = torch.device("cpu"), Params.load(ROOT / "params.yaml").classifier
    flip, channels = data.meta["symmetric"], train.shape[3]
    turns = classifier.of_turns(train, settings, seed=0, device=cpu)
    yield "rotation", turns.features
    yield "rotation, whitened", whitened(turns, train)
    torch.manual_seed(0)
    untrained = Judge(devices.in_use(Classifier(channels, 4, settings.width, places=2), cpu), cpu)
    yield "random", untrained.features
    yield "random, whitened", whitened(untrained, train)
    alike = simclr(train, flip)
    yield "simclr", alike.features
    yield "simclr, whitened", whitened(alike, train)
    if data.train_labels is not None:
        labels = arrays.spread(data.train_labels, len(train))
        how = {"random_flip": flip, "seed": 0, "device": cpu}
        yield "classifier", features.of_classifier(classifier.train(train, labels, labels.max() + 1, settings, **how))
    yield "lite0", features.Lite0(cpu)


def detector() -> Measure | None:
    """Return what tells in which images OpenCV's Haar cascade sees a face, where it is installed."""
    try:
        import cv2
    except ImportError:
        return None
    cv2.setNumThreads(1)
    cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_alt2.xml")

    def seen(image: np.ndarray) -> bool:
        edge = len(image) // 4
        framed = cv2.copyMakeBorder(image.mean(2).astype(np.uint8), *4 * [edge], cv2.BORDER_REPLICATE)
        return len(cascade.detectMultiScale(framed, 1.05, 3, minSize=(len(image) // 3,) * 2)) > 0

    return lambda images: np.array([seen(image) for image in images])


def main() -> None:
    """Print a line for each judge and corruption, and add the data set's numbers to the result."""
    parser = argparse.ArgumentParser(description="Judge the judges of one data set.")
    parser.add_argument("dataset", nargs="?", default="toyfaces")
    parser.add_argument("--images", type=int, default=1024, help="that stand in for fakes")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    data = arrays.load(paths.processed(asked.dataset))
    train, held_out = classifier.few(data.images[data.train]), arrays.spread(data.images[data.held_out], asked.images)
    draws = [
        np.random.default_rng(number).permutation(min(POOL, len(train)))[: asked.images] for number in range(DRAWS)
    ]
    wanted = MISSING.get(asked.dataset)
    has = data.having([wanted] if wanted else [])
    lacking = None if has is None else ~arrays.spread(has[data.train], len(train))[draws[0], 0]
    fakes = {
        (name, strength): corrupted(train[draws[0]], name, strength, lacking)
        for name, strengths in CORRUPTIONS.items()
        for strength in strengths
        if name != "missing" or lacking is not None
    }
    found: dict[str, Any] = {}

    def told(judge: str, measure: Measure, score: Callable[[np.ndarray], float], started: float) -> None:
        untouched = measure(train[:POOL])
        floors = np.array([score(untouched[draw]) for draw in draws])
        values = {key: score(measure(images)) for key, images in fakes.items()}
        rows: dict[str, Any] = {}
        for (name, _), value in values.items():
            rows.setdefault(name, []).append(round(float((value - floors[0]) / max(floors.std(ddof=1), 1e-12)), 1))
        ordered = {name: rank_correlation([0.0, *row]) for name, row in rows.items()}
        seconds = round(time.process_time() - started)
        found[judge] = {"floor": float(floors.mean()), "sd": float(floors.std(ddof=1)), "seconds": seconds}
        found[judge] |= {"deviations": rows, "rank_correlation": ordered}
        print(f"{judge}: {seconds} s; " + "; ".join(f"{name} {row}" for name, row in rows.items()), flush=True)

        results = artefacts.read_json(RESULT) if RESULT.exists() else {}
        artefacts.write_json(RESULT, results | {asked.dataset: {"images": asked.images, "judges": found}})

    started = time.process_time()
    for judge, extractor in judges(data, train):
        told(judge, extractor, partial(distances.frechet_distance, Known(extractor(held_out))), started)
        started = time.process_time()
    if detect := detector():
        told("share without a face", detect, lambda seen: 1.0 - float(seen.mean()), started)


def rank_correlation(values: list[float]) -> float:
    """Return Spearman's rank correlation of values with the order in which they stand."""
    ranks = np.argsort(np.argsort(values, kind="stable"))
    return round(float(np.corrcoef(ranks, np.arange(len(values)))[0, 1]), 3)


if __name__ == "__main__":
    main()
