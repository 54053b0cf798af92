"""Directions in latent space: known ones are found."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from generators import untrained
from torch import nn

from gans.base.errors import InputError
from gans.data.arrays import DataShape
from gans.networks.sampling import Sampler
from gans.networks.settings import AdversarialSettings
from gans.scoring.classifier import Classifier, Judge
from gans.zoo import directions
from gans.zoo.generator import Generator

NZ = 10


def of(network: nn.Module) -> Generator:
    return Generator("toy", "Toy", NZ, DataShape(1, 4), Sampler(network.eval()), torch.device("cpu"))


def test_components_are_the_latents_that_move_the_first_activations_most_in_their_order() -> None:
    first = nn.Linear(NZ, 64, bias=False)
    strengths = torch.tensor([1, 1, 1, 9, 1, 1, 5, 1, 1, 1]) * 1.0
    columns = torch.linalg.qr(torch.randn(64, NZ)).Q  # as far apart as can be
    first.weight = nn.Parameter(columns * strengths)
    generator = of(nn.Sequential(first, nn.LeakyReLU(0.9), nn.Linear(64, 16), nn.Unflatten(1, (1, 4, 4))))
    z = generator.latents(1024, seed=1)
    axes = directions.components(z, directions.looked_into(generator, z)[1])
    assert axes.shape == (directions.NUM_COMPONENTS, NZ)
    torch.testing.assert_close(axes.norm(dim=1), torch.ones(directions.NUM_COMPONENTS))
    assert axes[0, 3] > 0.95
    assert axes[1, 6] > 0.95
    moved = [float((columns * strengths @ axis).norm()) for axis in axes]
    assert all(before > after * 0.9 for before, after in pairwise(moved))


def test_an_attribute_rises_along_its_direction_and_one_that_no_picture_has_is_left_out() -> None:
    z = torch.randn(2000, 4)
    logits = torch.stack([3 * z[:, 0] - 4 * z[:, 2], z[:, 1] - 9, z[:, 1] + 9], dim=1)
    logits = (logits + torch.randn_like(logits)).numpy()
    found = directions.attributes(z, logits, ["Smiling", "Bald", "Young"])
    assert list(found) == ["Smiling"]
    torch.testing.assert_close(found["Smiling"], torch.tensor([0.6, 0, -0.8, 0]), rtol=0, atol=0.03)


@pytest.mark.parametrize("name", ["dcgan", "cgan", "r3gan"])
def test_all_directions_of_a_generator_have_names_and_repeat(
    name: str, small: AdversarialSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directions, "NUM_LATENTS", 512)
    generator = untrained(name, small)

    def brightness(images: np.ndarray) -> np.ndarray:
        return images.mean((1, 2, 3))[:, None] - np.median(images.mean((1, 2, 3)))

    found = directions.found(generator, brightness, ["Bright"])
    assert list(found) == ["Bright", *(f"component {number}" for number in range(1, 9))]
    assert {len(axis) for axis in found.values()} == {small.nz}
    assert found == directions.found(generator, brightness, ["Bright"])
    assert next(iter(directions.found(generator))) == "component 1"

    way = 2 * torch.tensor(found["Bright"])
    z = generator.latents(64, seed=5)
    labels = torch.zeros(64, dtype=torch.int64) if generator.classes else None
    darker, brighter = (generator.images(z + way * sign, labels).mean() for sign in (-1, 1))
    assert brighter > darker


def test_a_classifiers_logits_are_above_0_where_it_says_yes(pixels: np.ndarray, cpu: torch.device) -> None:
    judge = Judge(Classifier(3, 2, 4).eval(), cpu)
    logits = directions.judging(judge)(pixels)
    assert logits.shape == (32, 2)
    assert ((logits > 0) == judge.has(pixels)).all()


def test_a_generator_without_an_activation_is_refused() -> None:
    with pytest.raises(InputError, match="toy has no ReLU"):
        directions.found(of(nn.Sequential(nn.Linear(NZ, 16), nn.Unflatten(1, (1, 4, 4)))))
