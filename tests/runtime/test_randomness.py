"""Random numbers follow from (seed, stream, step, rank)."""

import itertools

import torch

from gans.runtime import randomness


def test_every_combination_has_a_seed_of_its_own() -> None:
    seeds = {
        randomness.derived_seed(seed, stream, step, rank)
        for seed, stream, step, rank in itertools.product(range(5), randomness.NUMBER_OF, range(50), range(2))
    }
    assert len(seeds) == 5 * len(randomness.NUMBER_OF) * 50 * 2
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_numbers_do_not_depend_on_what_was_drawn_before(cpu: torch.device) -> None:
    first = torch.randn(4, generator=randomness.generator(cpu, 1, "latents", 7))
    torch.manual_seed(99)
    torch.randn(100)
    assert torch.equal(first, torch.randn(4, generator=randomness.generator(cpu, 1, "latents", 7)))
