"""The deep convolutional GAN in the widths of its paper, with torch's own initialisation."""

from gans.data.arrays import DataShape
from gans.networks.contract import Adversarial, Networks
from gans.networks.layers import DCGANDiscriminator, DCGANGenerator
from gans.networks.settings import AdversarialSettings


class DCGAN1024(Adversarial):
    """The tutorial's network, which starts at 512 channels, in twice its width: 1024 at size 64 and width 64."""

    title = "DCGAN-1024"
    source = "Radford et al. 2015, arXiv:1511.06434, figure 1, initialised as in pytorch-GANs"

    def build(self, settings: AdversarialSettings, shape: DataShape) -> Networks:
        """Return G and D; at size 64, width 64 and nz 100 they have 12,658,432 and 11,036,160 weights."""
        width = 2 * settings.width
        generator = DCGANGenerator(settings.nz, shape.channels, shape.size, width)
        return generator, DCGANDiscriminator(shape.channels, shape.size, width)
