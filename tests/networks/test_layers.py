"""The published shapes of the networks."""

import pytest
import torch

from gans.networks.layers import DCGANDiscriminator, DCGANGenerator, initialise_as_dcgan


def num_weights(module: torch.nn.Module) -> int:
    return sum(weight.numel() for weight in module.parameters())


def test_the_tutorials_networks_have_the_tutorials_number_of_weights() -> None:
    # Kernels: 100*512*16 + (512*256 + 256*128 + 128*64 + 64*3)*16; gain and bias of 512 + 256 + 128 + 64 channels.
    assert num_weights(DCGANGenerator(100, 3, 64, 64)) == 3_574_784 + 1_920 == 3_576_704
    # Kernels: (3*64 + 64*128 + 128*256 + 256*512 + 512)*16; gain and bias of 128 + 256 + 512 channels.
    assert num_weights(DCGANDiscriminator(3, 64, 64)) == 2_763_776 + 1_792 == 2_765_568


@pytest.mark.parametrize("size", [16, 32, 64, 128])
@pytest.mark.parametrize("channels", [1, 3])
def test_shapes_fit_at_every_size(size: int, channels: int) -> None:
    images = DCGANGenerator(5, channels, size, 4)(torch.randn(2, 5))
    assert images.shape == (2, channels, size, size)
    assert images.abs().max() <= 1
    assert DCGANDiscriminator(channels, size, 4)(images).shape == (2,)


def test_the_generators_last_hidden_layer_has_the_width_asked_for() -> None:
    convolutions = [m for m in DCGANGenerator(100, 3, 64, 64).modules() if isinstance(m, torch.nn.ConvTranspose2d)]
    assert [layer.out_channels for layer in convolutions] == [512, 256, 128, 64, 3]


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
