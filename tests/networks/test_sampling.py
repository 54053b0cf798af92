"""Latents, walks and fakes."""

import math

import numpy as np
import pytest
import torch

from gans.networks import sampling
from gans.networks.sampling import Sampler
from gans.networks.settings import Settings


def test_latents_are_standard_normal_and_repeat(small: Settings, cpu: torch.device) -> None:
    z = sampling.latents(5000, small, "fixed_latents", cpu)
    assert z.shape == (5000, small.nz)
    assert abs(z.mean().item()) < 4 / math.sqrt(z.numel())
    assert z.std().item() == pytest.approx(1.0, abs=4 / math.sqrt(2 * z.numel()))
    assert torch.equal(z[:10], sampling.latents(5000, small, "fixed_latents", cpu)[:10])
    assert not torch.equal(z[:10], sampling.latents(10, small, "evaluation", cpu))


def test_a_walk_starts_and_ends_at_its_ends_and_keeps_to_the_sphere() -> None:
    start, end = torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 2.0]])
    walk = sampling.slerp(start, end, 5)
    assert walk.shape == (1, 5, 2)
    assert torch.allclose(walk[0, 0], start[0], atol=1e-6)
    assert torch.allclose(walk[0, -1], end[0], atol=1e-6)
    assert torch.allclose(walk[0].norm(dim=1), torch.full((5,), 2.0), atol=1e-5)
    assert torch.allclose(walk[0, 2], torch.tensor([math.sqrt(2), math.sqrt(2)]), atol=1e-5)
    z = torch.randn(3, 8)  # between equal ones it stands still
    assert torch.allclose(sampling.slerp(z, z, 4), z[:, None].expand(3, 4, 8), atol=1e-5)


def test_fakes_are_the_same_in_any_batch_size() -> None:
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(4, 3 * 4), torch.nn.Tanh(), torch.nn.Unflatten(1, (3, 2, 2)))
    z = torch.randn(10, 4)
    fakes = Sampler(network)(z, batch_size=3)
    assert fakes.shape == (10, 2, 2, 3)
    assert fakes.dtype == np.uint8
    assert np.abs(fakes.astype(int) - Sampler(network)(z, batch_size=10)).max() <= 1


class ShowsItsLabel(torch.nn.Module):
    """Images (N, 1, 2, 2) whose pixels are label / 10."""

    def forward(self, z: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return (labels / 10)[:, None, None, None].expand(-1, 1, 2, 2)


def test_classes_are_as_frequent_as_in_training_or_as_asked_for() -> None:
    sampler = Sampler(ShowsItsLabel(), (60, 30, 10))
    labels = sampler.labels(20)
    assert labels is not None
    assert labels.tolist() == [0] * 12 + [1] * 6 + [2] * 2
    fakes = sampler(torch.zeros(20, 4), batch_size=7)
    assert [fakes[place, 0, 0, 0] for place in (0, 12, 18)] == [128, 140, 153]  # 127.5 * (1 + label / 10), rounded
    assert Sampler(ShowsItsLabel()).labels(20) is None
    fakes = Sampler(ShowsItsLabel(), (1, 1))(torch.zeros(3, 4), torch.tensor([1, 0, 1]))
    assert fakes[0, 0, 0, 0] == fakes[2, 0, 0, 0] > fakes[1, 0, 0, 0]
