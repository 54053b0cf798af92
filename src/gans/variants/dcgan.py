"""The deep convolutional GAN, as PyTorch's tutorial builds it."""

from torch import nn

from gans.arrays import DataShape
from gans.config import AdversarialSettings
from gans.nets import DCGANDiscriminator, DCGANGenerator, initialise_as_dcgan
from gans.variants import Adversarial


class DCGAN(Adversarial):
    """Convolutions throughout, batch normalisation, weights from N(0, 0.02)."""

    title = "DCGAN"
    source = "Radford et al. 2015, arXiv:1511.06434"

    def build(self, settings: AdversarialSettings, shape: DataShape) -> tuple[nn.Module, nn.Module]:
        """Return G and D; at size 64, width 64 and nz 100 they have 3,576,704 and 2,765,568 weights."""
        generator = DCGANGenerator(settings.nz, shape.channels, shape.size, settings.width)
        discriminator = DCGANDiscriminator(shape.channels, shape.size, settings.width)
        return generator.apply(initialise_as_dcgan), discriminator.apply(initialise_as_dcgan)
