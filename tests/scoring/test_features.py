"""The lite0 extractor."""

import numpy as np
import pytest
import torch
from PIL import Image

from gans import preprocess
from gans.base.errors import InputError
from gans.scoring import distances, features
from gans.sources import toyfaces


@pytest.fixture(scope="module")
def lite0() -> features.Lite0:
    return features.Lite0(torch.device("cpu"))


def test_an_image_has_1280_features_in_any_batch(lite0: features.Lite0, monkeypatch: pytest.MonkeyPatch) -> None:
    images = np.random.default_rng(0).integers(0, 256, (7, 64, 64, 3), dtype=np.uint8)
    found = lite0(images)
    assert found.shape == (7, 1280)
    assert found.dtype == np.float32
    monkeypatch.setattr(lite0, "batch_size", 2)
    np.testing.assert_allclose(found, lite0(images), rtol=1e-3, atol=1e-4)


def test_grey_is_seen_as_rgb_and_small_images_at_64_pixels(lite0: features.Lite0) -> None:
    grey = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 1), dtype=np.uint8)
    flat = np.full((2, 32, 32, 3), 90, np.uint8)
    for seen, wanted in ((grey, grey.repeat(3, axis=3)), (flat, flat.repeat(2, axis=1).repeat(2, axis=2))):
        np.testing.assert_allclose(lite0(seen), lite0(wanted), rtol=1e-3, atol=1e-4)


def test_faces_are_nearer_to_faces_than_noise_is(lite0: features.Lite0) -> None:
    drawn = (Image.fromarray(toyfaces.draw(index).image) for index in range(1, 65))
    faces = np.stack([preprocess.crop_and_shrink(face, 64, 178) for face in drawn])
    noise = np.random.default_rng(0).integers(0, 256, (32, 64, 64, 3), dtype=np.uint8)
    real, other, far = lite0(faces[:32]), lite0(faces[32:]), lite0(noise)
    assert distances.kernel_distance(real, other)[0] < distances.kernel_distance(real, far)[0] / 10


def test_a_convolution_does_what_the_normalisation_behind_it_did() -> None:
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 5, 3), torch.nn.BatchNorm2d(5), torch.nn.ReLU())
    for _ in range(3):
        network(torch.randn(8, 3, 9, 9) * 2 + 1)
    images = torch.randn(2, 3, 9, 9)
    before = network.eval()(images)
    features.fold_normalisation(network)
    assert not any(isinstance(layer, torch.nn.BatchNorm2d) for layer in network)
    torch.testing.assert_close(network(images), before)


def test_other_weights_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "LITE0_SHA256", "0" * 64)
    with pytest.raises(InputError, match=f"has SHA-256 5793442.*; expected {'0' * 64}: install its package anew"):
        features.Lite0(torch.device("cpu"))
