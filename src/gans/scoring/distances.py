"""Features to scores, in float64 whatever the features' own type.

Arrays are compared tile by tile: features of 50,000 by 50,000 images need little more memory than the features.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np

from gans.base.errors import InputError

ROWS, COLUMNS = 1024, 8192  # of a tile of pairs: 64 MB of distances
KID_SUBSETS, KID_SUBSET_SIZE = 100, 1000  # Binkowski et al. 2018
PRECISION_NEIGHBOURS = 3  # Kynkaanniemi et al. 2019
COVERAGE_NEIGHBOURS = 5  # Naeem et al. 2020

Cloud = np.ndarray  # float features: (N, F) of real images, (M, F) of fakes


@dataclass(frozen=True)
class Known:
    """A cloud of features (N, F), and what every comparison with it needs: computed once, when first asked for."""

    cloud: Cloud

    @cached_property
    def mean(self) -> np.ndarray:
        """Return the mean: (F,)."""
        return _moments(self.cloud)[0]

    @cached_property
    def root(self) -> np.ndarray:
        """Return the square root of the covariance: (F, F), symmetric."""
        values, vectors = np.linalg.eigh(_moments(self.cloud)[1])
        root: np.ndarray = (vectors * np.sqrt(values.clip(0))) @ vectors.T
        return root

    @cached_property
    def nearest(self) -> np.ndarray:
        """Return each point's squared distances to its nearest others: (N, 5), or fewer of a small cloud, ascending."""
        return _nearest_squares(self.cloud, min(COVERAGE_NEIGHBOURS, len(self.cloud) - 1))

    @cached_property
    def spread(self) -> np.ndarray:
        """Return the mean distance between two different points, a float64 of shape ()."""
        return np.asarray(mean_pairwise_distance(self.cloud))

    def save(self, path: Path) -> None:
        """Write the cloud and all that is known of it to `path`, a .npz."""
        np.savez(path, **{name: getattr(self, name) for name in ("cloud", "mean", "root", "nearest", "spread")})

    @classmethod
    def load(cls, path: Path) -> Self:
        """Return what `save` wrote."""
        arrays = dict(np.load(path))
        known = cls(arrays.pop("cloud"))
        vars(known).update(arrays)  # where a cached property keeps its value
        return known


def _known(cloud: Cloud | Known) -> Known:
    return cloud if isinstance(cloud, Known) else Known(cloud)


def frechet_distance(real: Cloud | Known, fake: Cloud) -> float:
    """Return the squared Frechet distance between two clouds of features, each seen as one Gaussian.

    real (N, F) and fake (M, F) are float features. 0 for equal clouds. Biased upwards for small N and M: compare
    only scores that used the same N and M. Raises InputError when the feature counts differ or N, M < 2.

    Heusel et al. 2017, arXiv:1706.08500, section 2: |m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^1/2). The trace of the root
    is the sum of the roots of the eigenvalues of S1^1/2 S2 S1^1/2, which is symmetric.
    """
    real = _known(real)
    _check(real.cloud, fake)
    fake_mean, fake_covariance = _moments(fake)
    shared = np.sqrt(np.linalg.eigvalsh(real.root @ fake_covariance @ real.root).clip(0)).sum()
    shift = np.square(real.mean - fake_mean).sum()
    return float(shift + np.square(real.root).sum() + np.trace(fake_covariance) - 2 * shared)


def kernel_distance(real: Cloud, fake: Cloud, seed: int = 0) -> tuple[float, float]:
    """Return the mean and standard deviation, over random subsets, of the squared maximum mean discrepancy (KID).

    real (N, F) and fake (M, F) are float features, the kernel is (x.y / F + 1)^3. Each of the 100 subsets has 1,000 of
    each, or half of the smaller cloud (at least 2), drawn without replacement as `seed` says. Unbiased for any N and M,
    hence now and then below 0 for equal clouds. The deviation is that of single subsets, not the error of the mean.
    Raises InputError when the feature counts differ or N, M < 2.

    Binkowski et al. 2018, arXiv:1801.01401, section 4.
    """
    _check(real, fake)
    size = max(2, min(KID_SUBSET_SIZE, len(real) // 2, len(fake) // 2))
    random = np.random.Generator(np.random.PCG64(seed))
    in_real, in_fake = (_subsets(random, len(cloud), size) for cloud in (real, fake))  # (N, subsets), (M, subsets)
    within = _kernel_within(real, in_real, size) + _kernel_within(fake, in_fake, size)
    discrepancies = within - 2 * _kernel_sums(real, fake, in_real, in_fake) / size**2  # (subsets,)
    return float(discrepancies.mean()), float(discrepancies.std(ddof=1))


def precision_and_recall(
    real: Cloud | Known, fake: Cloud, neighbours: int = PRECISION_NEIGHBOURS
) -> tuple[float, float]:
    """Return the share of fakes among the real images, and the share of real images among the fakes.

    real (N, F) and fake (M, F) are float features, neighbours at most 5. A point is among a cloud when it lies in the
    ball of any of its points, which reaches to that point's third nearest neighbour in its own cloud. Raises InputError
    when the feature counts differ or N, M <= neighbours.

    Kynkaanniemi et al. 2019, arXiv:1904.06991, equations 1 and 2.
    """
    real = _known(real)
    _check(real.cloud, fake, at_least=neighbours + 1)
    real_radii, fake_radii = real.nearest[:, neighbours - 1], _nearest_squares(fake, neighbours)[:, -1]
    real_found, fake_found = np.zeros(len(real.cloud), bool), np.zeros(len(fake), bool)
    for rows, columns, squares in _squared_distances(real.cloud, fake):
        fake_found[columns] |= (squares < real_radii[rows, None]).any(0)
        real_found[rows] |= (squares < fake_radii[columns]).any(1)
    return float(fake_found.mean()), float(real_found.mean())


def density_and_coverage(
    real: Cloud | Known, fake: Cloud, neighbours: int = COVERAGE_NEIGHBOURS
) -> tuple[float, float]:
    """Return how densely the fakes lie where real images are, and the share of real images with a fake beside them.

    real (N, F) and fake (M, F) are float features. Density counts, for a fake, the real balls that it lies in, over
    what equal clouds would give: it can exceed 1. Coverage looks at real balls alone, so that one odd fake cannot
    cover much, as it can with recall. Balls reach to the fifth nearest real neighbour. Raises InputError when the
    feature counts differ, N <= neighbours or M < 2.

    Naeem et al. 2020, arXiv:2002.09797, equations 5 and 6.
    """
    real = _known(real)
    _check(real.cloud, fake)
    _check(real.cloud, real.cloud, at_least=neighbours + 1)
    radii = real.nearest[:, neighbours - 1]
    hits, covered = 0, np.zeros(len(real.cloud), bool)
    for rows, _, squares in _squared_distances(real.cloud, fake):
        inside = squares < radii[rows, None]
        hits += int(inside.sum())
        covered[rows] |= inside.any(1)
    return hits / (neighbours * len(fake)), float(covered.mean())


def mean_pairwise_distance(features: Cloud) -> float:
    """Return the mean Euclidean distance between two different points of a cloud (N, F), N at least 2."""
    _check(features, features)
    total = sum(float(np.sqrt(squares).sum()) for *_, squares in _squared_distances(features, features))
    return total / (len(features) * (len(features) - 1))


def nearest(points: Cloud, cloud: Cloud, count: int) -> np.ndarray:
    """Return, for each of points (M, F), where its `count` nearest of cloud (N, F) stand: (M, count), nearest first.

    All M * N distances are held: it is for few points.
    """
    _check(points, cloud, at_least=1)
    squares = np.empty((len(points), len(cloud)))
    for rows, columns, tile in _squared_distances(points, cloud):
        squares[rows, columns] = tile
    return squares.argsort(axis=1, kind="stable")[:, :count]


def _nearest_squares(cloud: Cloud, neighbours: int) -> np.ndarray:
    """Return each point's squared distances to its k nearest neighbours in its own cloud: (N, k), nearest first."""
    nearest_so_far = np.full((len(cloud), neighbours), np.inf)
    for rows, columns, squares in _squared_distances(cloud, cloud):
        own = np.arange(max(rows.start, columns.start), min(rows.stop, columns.stop))
        squares[own - rows.start, own - columns.start] = np.inf
        known = np.concatenate([nearest_so_far[rows], squares], axis=1)
        nearest_so_far[rows] = np.partition(known, neighbours - 1, axis=1)[:, :neighbours]
    nearest_so_far.sort(1)
    return nearest_so_far


def _tiles(a: Cloud, b: Cloud) -> Iterator[tuple[slice, slice, np.ndarray, np.ndarray]]:
    """Yield all pairs of rows of a (N, F) and b (M, F) as tiles: where they lie, and the rows in float64."""
    for top in range(0, len(a), ROWS):
        rows = slice(top, min(top + ROWS, len(a)))
        left_part = a[rows].astype(np.float64)
        for left in range(0, len(b), COLUMNS):
            columns = slice(left, min(left + COLUMNS, len(b)))
            yield rows, columns, left_part, b[columns].astype(np.float64)


def _squared_distances(a: Cloud, b: Cloud) -> Iterator[tuple[slice, slice, np.ndarray]]:
    """Yield the squared Euclidean distances of a (N, F) to b (M, F) tile by tile: |x|^2 + |y|^2 - 2 x.y."""
    for rows, columns, x, y in _tiles(a, b):
        squares = -2 * (x @ y.T)
        squares += np.square(x).sum(1)[:, None]
        squares += np.square(y).sum(1)
        yield rows, columns, np.maximum(squares, 0, out=squares)


def _kernel_sums(a: Cloud, b: Cloud, in_a: np.ndarray, in_b: np.ndarray) -> np.ndarray:
    """Return the kernel summed over the pairs of each subset: in_a (N, S) and in_b (M, S) say who is in, (S,) out."""
    total = np.zeros(in_a.shape[1])
    for rows, columns, x, y in _tiles(a, b):
        total += (in_a[rows] * (((x @ y.T / a.shape[1] + 1) ** 3) @ in_b[columns])).sum(0)
    return total


def _kernel_within(a: Cloud, in_a: np.ndarray, size: int) -> np.ndarray:
    """Return the kernel's mean over the pairs of different points in each subset of `size`: in_a (N, S), (S,) out."""
    diagonal = (np.square(a.astype(np.float64)).sum(1) / a.shape[1] + 1) ** 3
    mean: np.ndarray = (_kernel_sums(a, a, in_a, in_a) - diagonal @ in_a) / (size * (size - 1))
    return mean


def _subsets(random: np.random.Generator, count: int, size: int) -> np.ndarray:
    """Return which of `count` points are in each random subset of `size` of them: 0 or 1, (count, subsets)."""
    chosen = np.zeros((count, KID_SUBSETS))
    for subset in range(KID_SUBSETS):
        chosen[random.choice(count, size, replace=False), subset] = 1
    return chosen


def _moments(cloud: Cloud) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean (F,) and covariance (F, F) of a cloud (N, F)."""
    return cloud.mean(0, dtype=np.float64), np.atleast_2d(np.cov(cloud, rowvar=False, dtype=np.float64))


def _check(real: Cloud, fake: Cloud, at_least: int = 2) -> None:
    """Raise InputError when the features are not two clouds of one space, each of `at_least` so many points."""
    if real.ndim != 2 or fake.ndim != 2 or real.shape[1] != fake.shape[1]:
        raise InputError(f"features of shapes {real.shape} and {fake.shape}; expected (N, F) and (M, F)")
    if min(len(real), len(fake)) < at_least:
        found = f"{len(real)} real and {len(fake)} fake feature vectors"
        raise InputError(f"{found}; expected at least {at_least} of each: score more images (evaluate.max_images)")
    for name, cloud in (("real", real), ("fake", fake)):
        if bad := int((~np.isfinite(cloud)).any(1).sum()):
            found = f"{bad} of {len(cloud)} {name} feature vectors are not finite"
            raise InputError(f"{found}; expected numbers: look at the images")
