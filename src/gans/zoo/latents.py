"""Latents that a seed names: the same on every device, for every count, and in the explorer's page."""

import numpy as np
import torch

NUM_BITS = 53  # of a random word that make a number in [0, 1)


def uniforms(seed: int, index: int, count: int) -> np.ndarray:
    """Return the numbers in (0, 1), float64 (count,), from which latent number `index` of a seed is made.

    They are the words that Philox4x64-10 (Salmon et al. 2011, doi:10.1145/2063384.2063405) gives for the key
    (seed, 0) and the counters (1, 0, index, 0), (2, 0, index, 0) and so on: their first 53 bits, and half a step more.
    """
    words = np.random.Philox(counter=[0, 0, index, 0], key=[seed, 0]).random_raw(count)
    return ((words >> np.uint64(64 - NUM_BITS)).astype(np.float64) + 0.5) * 2.0**-NUM_BITS


def drawn(count: int, nz: int, seed: int, truncation: float | None = None, start: int = 0) -> torch.Tensor:
    """Return latents (count, nz) from N(0, 1), float32: those numbered from `start` on among the latents of a seed.

    With a `truncation` t they are from N(0, 1) as it is between -t and t: less varied, often more like the data (Brock
    et al. 2019, arXiv:1809.11096, section 3.1). The same places of the distribution are taken for every t, so that a
    face changes little by little with it.
    """
    places = torch.from_numpy(np.stack([uniforms(seed, index, nz) for index in range(start, start + count)]))
    if truncation is not None:
        low, high = (torch.special.ndtr(torch.tensor(edge, dtype=torch.float64)) for edge in (-truncation, truncation))
        places = low + places * (high - low)
    z: torch.Tensor = torch.special.ndtri(places).float()
    return z
