"""The published shapes of the networks."""

import pytest
import torch

from gans.networks.layers import DCGANDiscriminator, DCGANGenerator, initialise_as_dcgan


def test_the_tutorials_generator_has_the_tutorials_widths() -> None:
    """The last hidden one is as asked for. Numbers of weights are counted with those of all variants."""
    generator = DCGANGenerator(100, 3, 64, 64)
    layers = [layer for layer in generator.modules() if isinstance(layer, torch.nn.ConvTranspose2d)]
    assert [layer.out_channels for layer in layers] == [512, 256, 128, 64, 3]


@pytest.mark.parametrize("size", [16, 32, 64, 128])
@pytest.mark.parametrize("channels", [1, 3])
def test_shapes_fit_at_every_size(size: int, channels: int) -> None:
    images = DCGANGenerator(5, channels, size, 4)(torch.randn(2, 5))
    assert images.shape == (2, channels, size, size)
    assert images.abs().max() <= 1
    assert DCGANDiscriminator(channels, size, 4)(images).shape == (2,)


def test_weights_start_as_published() -> None:
    torch.manual_seed(0)
    network = DCGANDiscriminator(3, 64, 32).apply(initialise_as_dcgan)
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d) and module.weight.numel() > 10_000:
            assert module.weight.std().item() == pytest.approx(0.02, rel=0.05)
            assert module.weight.mean().abs().item() < 0.001
        if isinstance(module, torch.nn.BatchNorm2d):
            assert module.weight.mean().item() == pytest.approx(1.0, abs=0.02)
            assert (module.bias == 0).all()
