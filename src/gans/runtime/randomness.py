"""Random numbers as a function of (seed, stream, step, rank), never of hidden state."""

from typing import Literal, get_args

import numpy as np
import torch

Stream = Literal["weights", "shuffle", "flip", "latents", "fixed_latents", "evaluation", "layers", "real_values"]
NUMBER_OF = {name: number for number, name in enumerate(get_args(Stream))}  # new streams come last


def derived_seed(seed: int, stream: Stream, step: int = 0, rank: int = 0) -> int:
    """Return 63 bits that depend on all four and look unrelated for any two different calls."""
    sequence = np.random.SeedSequence([seed, NUMBER_OF[stream], step, rank])
    return int(sequence.generate_state(1, np.uint64)[0] >> 1)


def generator(device: torch.device, seed: int, stream: Stream, step: int = 0, rank: int = 0) -> torch.Generator:
    """Return a fresh source of random numbers on `device`."""
    return torch.Generator(device).manual_seed(derived_seed(seed, stream, step, rank))
