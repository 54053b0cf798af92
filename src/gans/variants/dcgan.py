"""The deep convolutional GAN, as PyTorch's tutorial builds it."""

from torch import nn

from gans import nets
from gans.arrays import DataShape
from gans.config import AdversarialSettings
from gans.variants import Adversarial


class DCGAN(Adversarial):
    """Convolutions throughout, batch normalisation, weights from N(0, 0.02)."""

    title = "DCGAN"
    source = "Radford et al. 2015, arXiv:1511.06434"

    def build(self, settings: AdversarialSettings, shape: DataShape) -> tuple[nn.Module, nn.Module]:
        """Return G and D; at size 64, width 64 and nz 100 they have 3,576,704 and 2,765,568 weights."""
        return nets.dcgan(settings.nz, shape.channels, shape.size, settings.width)
