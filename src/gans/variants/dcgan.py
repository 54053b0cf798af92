"""The deep convolutional GAN, as PyTorch's tutorial builds it."""

from gans.config import Settings
from gans.nets import DCGANDiscriminator, DCGANGenerator, initialise_as_dcgan
from gans.variants import Adversarial, ImageShape


class DCGAN(Adversarial):
    """Convolutions throughout, batch normalisation, weights from N(0, 0.02)."""

    title = "DCGAN"
    source = "Radford et al. 2015, arXiv:1511.06434"

    def __init__(self, settings: Settings, shape: ImageShape) -> None:
        """Build G and D; at size 64 and width 64 they have 3,576,704 and 2,765,568 weights."""
        self.generator = DCGANGenerator(settings.nz, shape.channels, shape.size, settings.width)
        self.discriminator = DCGANDiscriminator(shape.channels, shape.size, settings.width)
        self.generator.apply(initialise_as_dcgan)
        self.discriminator.apply(initialise_as_dcgan)
