"""The tutorial's loop, which ours is measured beside, learns the same."""

import sys

import numpy as np
import pytest
import torch
from conftest import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))

import textbook

from gans.data.arrays import DataShape
from gans.data.batches import Batches
from gans.networks import contract, sampling
from gans.networks.settings import AdversarialSettings
from gans.runtime import randomness
from gans.training import loop

STEPS = 20


def test_its_losses_are_ours_over_the_first_steps(small: AdversarialSettings, cpu: torch.device) -> None:
    """The same weights, batches and latents; probabilities here and logits there part in the last digits alone."""
    settings = small.model_copy(update={"image_size": 32, "width": 8, "lr": 0.0002, "epochs": 4, "random_flip": False})
    pixels = np.random.default_rng(1).integers(0, 256, (5 * settings.batch_size, 32, 32, 3), dtype=np.uint8)
    shape = DataShape(3, 32)
    ours = loop.train(contract.load("dcgan"), settings, shape, pixels, None, cpu, 2).rows
    assert len(ours) == STEPS

    torch.manual_seed(randomness.derived_seed(settings.seed, "weights"))
    variant = contract.load("dcgan")(settings, shape)
    generator, discriminator = textbook.networks(settings.nz, 32, settings.width)
    generator.load_state_dict(variant.generator.state_dict())
    assert variant.discriminator is not None
    discriminator[0].load_state_dict(variant.discriminator.state_dict())
    batches = Batches(pixels, None, batch_size=settings.batch_size, random_flip=False, seed=settings.seed, device=cpu)
    given = ((batches[step][0], torch.zeros(settings.batch_size)) for step in range(STEPS))
    theirs = textbook.train(
        given,
        generator,
        discriminator,
        lambda step: sampling.latents(settings.batch_size, settings, "latents", cpu, step),
        cpu,
    )
    for column, name in (("loss_d", "d"), ("loss_g", "g"), ("d_real", "d_real"), ("d_fake", "d_fake")):
        assert [row[column] for row in ours] == pytest.approx([getattr(step, name) for step in theirs], rel=1e-3)
    assert ours[0]["loss_d"] != pytest.approx(ours[-1]["loss_d"], rel=0.01)  # there was something to agree on
