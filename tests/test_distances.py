"""Distances, worked by hand and against SciPy."""

import numpy as np
import pytest
import scipy.linalg

from gans import distances


def cloud(seed: int, count: int = 200, width: int = 6) -> np.ndarray:
    random = np.random.default_rng(seed)
    return random.normal(size=(count, width)) @ random.normal(size=(width, width)) + random.normal(size=width)


def test_equal_clouds_are_at_no_distance() -> None:
    assert distances.frechet_distance(cloud(0), cloud(0)) == pytest.approx(0, abs=1e-9)


def test_a_shift_costs_its_squared_length() -> None:
    assert distances.frechet_distance(cloud(0), cloud(0) + np.array([3, 0, 4, 0, 0, 0])) == pytest.approx(25, rel=1e-9)


def test_a_doubled_spread_costs_its_variance() -> None:
    line = np.array([[-1.0], [1.0]])  # variance 2: (sqrt(2) - sqrt(8))^2 = 2
    assert distances.frechet_distance(line, 2 * line) == pytest.approx(2.0, rel=1e-12)


def test_the_frechet_distance_agrees_with_scipys_matrix_root() -> None:
    real, fake = cloud(1), cloud(2, 150)
    s1, s2 = np.cov(real, rowvar=False), np.cov(fake, rowvar=False)
    root = scipy.linalg.sqrtm(s1 @ s2).real
    expected = np.square(real.mean(0) - fake.mean(0)).sum() + np.trace(s1 + s2 - 2 * root)
    assert distances.frechet_distance(real, fake) == pytest.approx(expected, rel=1e-8)


def test_fewer_images_than_features_still_have_a_distance() -> None:
    value = distances.frechet_distance(cloud(1, 4, 12), cloud(2, 5, 12))
    assert np.isfinite(value)
    assert value > 0


def test_the_kernel_distance_is_the_unbiased_sum_over_pairs() -> None:
    real, fake = cloud(3, 7, 2), cloud(4, 5, 2)

    def kernel(x: np.ndarray, y: np.ndarray) -> float:
        return float((x @ y / 2 + 1) ** 3)

    within_real = np.mean([kernel(x, y) for i, x in enumerate(real) for j, y in enumerate(real) if i != j])
    within_fake = np.mean([kernel(x, y) for i, x in enumerate(fake) for j, y in enumerate(fake) if i != j])
    between = np.mean([kernel(x, y) for x in real for y in fake])
    expected = within_real + within_fake - 2 * between
    assert distances.kernel_distance(real, fake) == pytest.approx(expected, rel=1e-9)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = cloud(3, 50), cloud(4, 40)
    assert distances._kernel_sum(a, b, rows=7) == pytest.approx(distances._kernel_sum(a, b), rel=1e-12)


@pytest.mark.parametrize("distance", [distances.frechet_distance, distances.kernel_distance])
def test_order_and_direction_do_not_matter(distance: object) -> None:
    assert callable(distance)
    real, fake = cloud(5), cloud(6)
    assert distance(real[::-1], fake) == pytest.approx(distance(real, fake), rel=1e-9)
    assert distance(fake, real) == pytest.approx(distance(real, fake), rel=1e-7)


@pytest.mark.parametrize("distance", [distances.frechet_distance, distances.kernel_distance])
@pytest.mark.parametrize(
    ("real", "fake", "line"),
    [
        (np.zeros((5, 3)), np.zeros((5, 4)), "shapes"),
        (np.zeros((1, 3)), np.zeros((5, 3)), "expected at least 2 of each"),
        (np.full((5, 3), np.nan), np.zeros((5, 3)), "not finite"),
    ],
)
def test_what_is_no_pair_of_clouds_is_refused(distance: object, real: np.ndarray, fake: np.ndarray, line: str) -> None:
    assert callable(distance)
    with pytest.raises(ValueError, match=line):
        distance(real, fake)


def test_scores_carry_their_extractors_name() -> None:
    found = distances.scores(cloud(0), cloud(1, 100), "lite0")
    assert list(found) == ["fid_lite0", "kid_lite0", "n_real", "n_fake", "extractor"]
    assert (found["n_real"], found["n_fake"], found["extractor"]) == (200, 100, "lite0")
