"""Latents that a seed names."""

import numpy as np
import pytest
import torch
from scipy import stats

from gans.zoo import latents


def test_latents_are_normal_and_those_of_other_seeds_and_places_are_others() -> None:
    z = latents.drawn(500, 20, seed=3)
    assert z.dtype == torch.float32
    assert stats.kstest(z.ravel().numpy(), "norm").pvalue > 0.01
    assert len({tuple(row) for row in z.tolist()}) == 500
    assert not (z == latents.drawn(500, 20, seed=4)).any(1).any()


def test_a_latent_depends_on_its_number_alone() -> None:
    z = latents.drawn(9, 7, seed=2**63)
    assert torch.equal(latents.drawn(4, 7, seed=2**63, start=5), z[5:])
    assert np.array_equal(latents.uniforms(1, 4, 7), latents.uniforms(1, 4, 12)[:7])


@pytest.mark.parametrize("bound", [0.1, 0.7, 2.0])
def test_truncated_latents_are_normal_between_two_bounds_and_move_together(bound: float) -> None:
    z = latents.drawn(400, 10, seed=1, truncation=bound)
    assert z.abs().max() <= bound
    assert stats.kstest(z.ravel().numpy(), stats.truncnorm(-bound, bound).cdf).pvalue > 0.01
    wider = latents.drawn(400, 10, seed=1, truncation=bound * 1.1)
    assert torch.equal(z.ravel().argsort(), wider.ravel().argsort())
    torch.testing.assert_close(latents.drawn(5, 10, seed=1, truncation=20), latents.drawn(5, 10, seed=1))


def test_words_are_philox_as_published() -> None:
    """Known answers of Random123 for philox4x64-10: counter and key all ones, and the digits of pi."""
    # numpy counts up before it draws: to have a counter drawn from, it is given the one before.
    ones = np.random.Philox(counter=[2**64 - 2, *[2**64 - 1] * 3], key=[2**64 - 1] * 2)
    assert [hex(word) for word in ones.random_raw(4)] == [
        "0x87b092c3013fe90b",
        "0x438c3c67be8d0224",
        "0x9cc7d7c69cd777b6",
        "0xa09caebf594f0ba0",
    ]
