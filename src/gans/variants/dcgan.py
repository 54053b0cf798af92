"""The deep convolutional GAN, as PyTorch's tutorial builds it."""

from gans.data.arrays import DataShape
from gans.networks import layers
from gans.networks.contract import Adversarial, Networks
from gans.networks.settings import AdversarialSettings


class DCGAN(Adversarial):
    """Convolutions throughout, batch normalisation, weights from N(0, 0.02)."""

    title = "DCGAN"
    source = "Radford et al. 2015, arXiv:1511.06434"

    def build(self, settings: AdversarialSettings, shape: DataShape) -> Networks:
        """Return G and D; at size 64, width 64 and nz 100 they have 3,576,704 and 2,765,568 weights."""
        return layers.dcgan(settings.nz, shape.channels, shape.size, settings.width)
