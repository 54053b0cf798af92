"""Features to scores, in NumPy and float64."""

from typing import Any

import numpy as np


def scores(real: np.ndarray, fake: np.ndarray, extractor: str) -> dict[str, Any]:
    """Return every score of fake features (M, F) against real ones (N, F), named after their extractor."""
    return {
        f"fid_{extractor}": float(f"{frechet_distance(real, fake):.6g}"),
        f"kid_{extractor}": float(f"{kernel_distance(real, fake):.6g}"),
        "n_real": len(real),
        "n_fake": len(fake),
        "extractor": extractor,
    }


def frechet_distance(real: np.ndarray, fake: np.ndarray) -> float:
    """Return the squared Frechet distance between two clouds of features, each seen as one Gaussian.

    real (N, F) and fake (M, F) are float features. 0 for equal clouds. Biased upwards for small N and M: compare
    only scores that used the same N and M. Raises ValueError when the feature counts differ or N, M < 2.

    Heusel et al. 2017, arXiv:1706.08500, section 2: |m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^1/2). The trace of the root
    is the sum of the roots of the eigenvalues of S1^1/2 S2 S1^1/2, which is symmetric.
    """
    real, fake = _checked(real, fake)
    real_covariance, fake_covariance = np.cov(real, rowvar=False), np.cov(fake, rowvar=False)
    values, vectors = np.linalg.eigh(np.atleast_2d(real_covariance))
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    shared = np.sqrt(np.linalg.eigvalsh(root @ np.atleast_2d(fake_covariance) @ root).clip(0)).sum()
    shift = np.square(real.mean(0) - fake.mean(0)).sum()
    return float(
        shift + np.trace(np.atleast_2d(real_covariance)) + np.trace(np.atleast_2d(fake_covariance)) - 2 * shared
    )


def kernel_distance(real: np.ndarray, fake: np.ndarray) -> float:
    """Return the squared maximum mean discrepancy of two clouds of features under the kernel (x.y / F + 1)^3.

    real (N, F) and fake (M, F) are float features. Unbiased for any N and M, hence now and then below 0 for equal
    clouds. Raises ValueError when the feature counts differ or N, M < 2.

    Binkowski et al. 2018, arXiv:1801.01401, section 4 (KID), over all pairs instead of random subsets.
    """
    real, fake = _checked(real, fake)
    within_real = (_kernel_sum(real, real) - _kernel_diagonal(real).sum()) / (len(real) * (len(real) - 1))
    within_fake = (_kernel_sum(fake, fake) - _kernel_diagonal(fake).sum()) / (len(fake) * (len(fake) - 1))
    between = _kernel_sum(real, fake) / (len(real) * len(fake))
    return float(within_real + within_fake - 2 * between)


def _kernel_sum(a: np.ndarray, b: np.ndarray, rows: int = 1024) -> float:
    """Return the kernel summed over all pairs, a block of rows at a time: (N, F) and (M, F) need (rows, M) at once."""
    blocks = (a[start : start + rows] @ b.T for start in range(0, len(a), rows))
    return float(sum(((block / a.shape[1] + 1) ** 3).sum() for block in blocks))


def _kernel_diagonal(a: np.ndarray) -> np.ndarray:
    diagonal: np.ndarray = (np.square(a).sum(1) / a.shape[1] + 1) ** 3
    return diagonal


def _checked(real: np.ndarray, fake: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return both as float64; raise ValueError when they are not two clouds of one space."""
    if real.ndim != 2 or fake.ndim != 2 or real.shape[1] != fake.shape[1]:
        raise ValueError(f"features of shapes {real.shape} and {fake.shape}; expected (N, F) and (M, F)")
    if min(len(real), len(fake)) < 2:
        raise ValueError(f"{len(real)} real and {len(fake)} fake feature vectors; expected at least 2 of each")
    if not (np.isfinite(real).all() and np.isfinite(fake).all()):
        raise ValueError("features that are not finite; expected real numbers")
    return real.astype(np.float64), fake.astype(np.float64)
