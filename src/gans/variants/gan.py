"""The first GAN: fully connected networks."""

from torch import nn

from gans.data.arrays import DataShape
from gans.networks.contract import Adversarial, Networks
from gans.networks.layers import MLPGenerator, leaky_relu
from gans.networks.settings import AdversarialSettings


class GAN(Adversarial):
    """Fully connected layers throughout; their widths are fixed, `width` has no say."""

    title = "GAN"
    source = "Goodfellow et al. 2014, arXiv:1406.2661, in PyTorch-GAN's shape"

    def build(self, settings: AdversarialSettings, shape: DataShape) -> Networks:
        """Return G and D; for grey images of 32 x 32 and nz 100 they have 1,756,032 and 656,385 weights."""
        discriminator = nn.Sequential(
            nn.Flatten(),
            nn.Linear(shape.channels * shape.size**2, 512),
            leaky_relu(),
            nn.Linear(512, 256),
            leaky_relu(),
            nn.Linear(256, 1),
            nn.Flatten(0),  # (B,)
        )
        return MLPGenerator(settings.nz, shape.channels, shape.size), discriminator
