"""Generators of every variant that were never trained, with pictures that use the range of pixels."""

import torch
from conftest import settings_for
from torch import nn

from gans.data.arrays import DataShape
from gans.networks import contract
from gans.networks.sampling import Sampler
from gans.networks.settings import AdversarialSettings
from gans.zoo.generator import Generator

COUNTS = (9, 8, 7)  # training images of the classes
NAMES = ("one", "two", "Wearing_<Hat>")


def untrained(name: str, shared: AdversarialSettings, channels: int = 3) -> Generator:
    """Return a variant's generator as it starts, its statistics settled and its last layer strong."""
    torch.manual_seed(1)
    kind = contract.load(name)
    shape = DataShape(channels, shared.image_size, COUNTS, NAMES) if kind.conditional else (channels, shared.image_size)
    variant = kind(settings_for(name, shared), DataShape(*shape))
    network = variant.generator
    with torch.no_grad():
        for weight in network.parameters():
            weight += 0.02 * torch.randn_like(weight)
        inputs = (torch.randn(64, shared.nz), *([torch.arange(64) % 3] if kind.conditional else []))
        for _ in range(30):
            network(*inputs)
        images = network.eval()(*inputs)
        last = [layer for layer in network.modules() if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d)][
            -1
        ]
        last.weight /= images.std()
    sampler = Sampler(network, COUNTS if kind.conditional else ())
    return Generator(name, kind.title, shared.nz, DataShape(*shape), sampler, torch.device("cpu"))
