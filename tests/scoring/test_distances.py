"""Distances, worked by hand and against SciPy, torch-fidelity and prdc."""

from pathlib import Path

import numpy as np
import prdc
import pytest
import scipy.spatial.distance
import torch
from programs import printed
from torch_fidelity import metric_fid, metric_kid

from gans.scoring import distances


def cloud(seed: int, count: int = 200, width: int = 6) -> np.ndarray:
    random = np.random.default_rng(seed)
    return random.normal(size=(count, width)) @ random.normal(size=(width, width)) + random.normal(size=width)


LINE = np.array([[-1.0], [1.0]])  # variance 2


@pytest.mark.parametrize(
    ("real", "fake", "expected"),
    [
        (cloud(0), cloud(0), 0.0),
        (cloud(0), cloud(0) + np.array([3, 0, 4, 0, 0, 0]), 25.0),  # a shift costs its squared length
        (LINE, 2 * LINE, 2.0),  # a doubled spread: (sqrt(2) - sqrt(8))^2
    ],
)
def test_frechet_distances_worked_by_hand(real: np.ndarray, fake: np.ndarray, expected: float) -> None:
    assert distances.frechet_distance(real, fake) == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_fewer_images_than_features_still_have_a_distance() -> None:
    value = distances.frechet_distance(cloud(1, 4, 12), cloud(2, 5, 12))
    assert np.isfinite(value)
    assert value > 0


def test_tiles_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    real, fake = cloud(3, 50), cloud(4, 40)
    measures = (
        distances.kernel_distance,
        distances.precision_and_recall,
        distances.density_and_coverage,
        lambda a, b: (distances.mean_pairwise_distance(a), float(distances.nearest(a, b, 5)[7, 4])),
    )
    whole = [measure(real, fake) for measure in measures]
    monkeypatch.setattr(distances, "ROWS", 7)
    monkeypatch.setattr(distances, "COLUMNS", 11)
    for measure, (first, second) in zip(measures, whole, strict=True):
        found = measure(real, fake)
        assert found[0] == pytest.approx(first, rel=1e-12)
        assert found[1] == pytest.approx(second, rel=1e-12)


def test_scores_agree_with_independent_libraries() -> None:
    """torch-fidelity computes FID by SciPy's matrix root, and the KID of a subset; prdc all four shares."""
    real, fake = cloud(7, 300, 20), cloud(7, 280, 20) * 1.1 + np.random.default_rng(8).normal(size=(280, 20))
    moments = [metric_fid.fid_features_to_statistics(torch.from_numpy(side)) for side in (real, fake)]
    fid = metric_fid.fid_statistics_to_metric(*moments, verbose=False)["frechet_inception_distance"]
    assert distances.frechet_distance(real, fake) == pytest.approx(fid, rel=1e-6)

    random = np.random.Generator(np.random.PCG64(7))  # subsets of half of the smaller cloud
    subsets = [[random.choice(n, 140, replace=False) for _ in range(distances.KID_SUBSETS)] for n in (300, 280)]
    oracle = [metric_kid.kernel_mmd(real[x], fake[y]) for x, y in zip(*subsets, strict=True)]
    mean, deviation = distances.kernel_distance(real, fake, seed=7)
    assert mean == pytest.approx(np.mean(oracle), rel=1e-6)
    assert deviation == pytest.approx(np.std(oracle, ddof=1), rel=1e-6)

    expected = prdc.compute_prdc(real, fake, nearest_k=3)
    assert distances.precision_and_recall(real, fake, 3) == pytest.approx((expected["precision"], expected["recall"]))
    density, coverage = distances.density_and_coverage(real, fake, 3)
    assert (density, coverage) == pytest.approx((expected["density"], expected["coverage"]), rel=1e-6)
    assert min(expected.values()) > 0
    assert distances.mean_pairwise_distance(real) == pytest.approx(scipy.spatial.distance.pdist(real).mean(), rel=1e-9)


def test_a_collapsed_generator_is_precise_and_recalls_little() -> None:
    real = cloud(9, 300, 4)
    fake = real[5] + 1e-3 * cloud(10, 300, 4)
    precision, recall = distances.precision_and_recall(real, fake)
    assert precision > 0.9
    assert recall < 0.05
    assert distances.density_and_coverage(real, fake)[1] < 0.2
    assert distances.mean_pairwise_distance(fake) < 0.01 * distances.mean_pairwise_distance(real)


def test_equal_clouds_have_all() -> None:
    assert distances.precision_and_recall(cloud(0), cloud(0)) == (1.0, 1.0)
    density, coverage = distances.density_and_coverage(cloud(0), cloud(0))
    assert coverage == 1.0
    assert density == pytest.approx(1.0, abs=0.2)  # each ball holds 5 neighbours and its own centre


def test_the_nearest_are_found_in_order() -> None:
    found = distances.nearest(np.array([[0.2], [2.9]]), np.array([[3.0], [0.0], [1.0], [2.0]]), 2)
    assert found.tolist() == [[1, 2], [0, 3]]


def test_many_features_need_little_memory() -> None:
    """11,000 points each: the distances alone would be 970 MB."""
    script = """
import resource, numpy as np
from gans.scoring import distances
a, b = (np.random.default_rng(seed).normal(size=(11_000, 8)).astype(np.float32) for seed in (0, 1))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
precision, recall = distances.precision_and_recall(a, b)
assert precision > 0.9 and recall > 0.9, (precision, recall)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
    assert int(printed(script)) < 400  # MB


def test_order_and_direction_do_not_matter() -> None:
    real, fake = cloud(5), cloud(5) + cloud(6) / 2
    distance = distances.frechet_distance(real, fake)
    assert distances.frechet_distance(real[::-1], fake) == pytest.approx(distance, rel=1e-9)
    assert distances.frechet_distance(fake, real) == pytest.approx(distance, rel=1e-7)
    precision, recall = distances.precision_and_recall(real, fake)
    assert distances.precision_and_recall(real[::-1], fake) == (precision, recall)
    assert distances.precision_and_recall(fake, real) == (recall, precision)
    assert 0 < precision < 1
    assert distances.density_and_coverage(real[::-1], fake) == distances.density_and_coverage(real, fake[::-1])


def test_what_is_known_of_a_cloud_is_computed_once_and_read_again(tmp_path: Path) -> None:
    real, fake = cloud(3, 50), cloud(4, 40)
    distances.Known(real).save(tmp_path / "known.npz")
    known = distances.Known.load(tmp_path / "known.npz")
    assert {"mean", "root", "nearest", "spread"} < set(vars(known))  # without computing anything
    for distance in (distances.frechet_distance, distances.precision_and_recall, distances.density_and_coverage):
        assert distance(known, fake) == distance(real, fake)
    assert known.spread == distances.mean_pairwise_distance(real)


@pytest.mark.parametrize(
    "distance",
    [
        distances.frechet_distance,
        distances.kernel_distance,
        distances.precision_and_recall,
        distances.density_and_coverage,
    ],
)
@pytest.mark.parametrize(
    ("real", "fake", "line"),
    [
        (np.zeros((5, 3)), np.zeros((5, 4)), "shapes"),
        (np.zeros((1, 3)), np.zeros((6, 3)), r"1 real and 6 fake feature vectors; expected at least \d of each"),
        (np.full((6, 3), np.nan), np.zeros((6, 3)), "6 of 6 real feature vectors are not finite; expected numbers"),
    ],
)
def test_what_is_no_pair_of_clouds_is_refused(distance: object, real: np.ndarray, fake: np.ndarray, line: str) -> None:
    assert callable(distance)
    with pytest.raises(ValueError, match=line):
        distance(real, fake)
