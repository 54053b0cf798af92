"""A linear classifier on a discriminator's features."""

import numpy as np
import pytest
import torch
from conftest import settings_for

from gans.data.arrays import DataShape
from gans.networks import contract
from gans.networks.settings import AdversarialSettings
from gans.scoring import probe


def test_what_a_line_separates_is_recognised_and_noise_is_not() -> None:
    random = np.random.default_rng(0)
    features = random.normal(size=(400, 10)).astype(np.float32)
    labels = (features[:, 3] > 0).astype(int)
    assert probe.accuracy(features[:300], labels[:300], features[300:], labels[300:], 2) > 0.9
    guessed = probe.accuracy(features[:300], random.integers(0, 2, 300), features[300:], labels[300:], 2)
    assert 0.3 < guessed < 0.7


def test_several_classes_and_a_constant_feature_are_no_trouble() -> None:
    random = np.random.default_rng(1)
    labels = random.integers(0, 3, 200)
    features = np.concatenate([np.eye(3)[labels] + 0.1 * random.normal(size=(200, 3)), np.ones((200, 1))], axis=1)
    assert probe.accuracy(features[:100], labels[:100], features[100:], labels[100:], 3) == 1.0


@pytest.mark.parametrize("name", contract.names())
def test_every_variant_that_looks_at_images_has_features(
    name: str, small: AdversarialSettings, pixels: np.ndarray, cpu: torch.device
) -> None:
    kind = contract.load(name)
    settings = settings_for(name, small)
    variant = kind(settings, DataShape(3, 16, (20, 12)))
    network = variant.networks[variant.feature_network]
    features = probe.features_of(network.eval(), pixels, kind.conditional, cpu, batch_size=7)
    assert features.shape[0] == len(pixels)
    assert features.shape[1] >= 8
    again = probe.features_of(network, pixels[::-1], kind.conditional, cpu)
    np.testing.assert_allclose(again[::-1], features, rtol=1e-4, atol=1e-5)


def test_features_are_what_the_last_layer_is_given(
    small: AdversarialSettings, pixels: np.ndarray, cpu: torch.device
) -> None:
    """DCGAN's last layer sees 4 x 4 maps of 2 * width channels at 16 pixels, and nothing of the logit after it."""
    variant = contract.load("dcgan")(small, DataShape(3, 16))
    assert variant.discriminator is not None
    before = probe.features_of(variant.discriminator.eval(), pixels, False, cpu)
    assert before.shape == (32, 2 * 4 * 4 * 4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(probe, "MAX_FEATURES", 100)
        pooled = probe.features_of(variant.discriminator, pixels, False, cpu)
    expected = before.reshape(32, 8, 2, 2, 2, 2).mean((3, 5)).reshape(32, 32)  # means over 2 x 2 places
    np.testing.assert_allclose(pooled, expected, rtol=1e-5, atol=1e-6)
    with torch.no_grad():
        variant.discriminator.last.weight.zero_()
    assert (probe.features_of(variant.discriminator, pixels, False, cpu) == before).all()
