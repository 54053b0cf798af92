"""The conditional GAN: fully connected networks that are told the class."""

from torch import nn

from gans.data.arrays import DataShape
from gans.networks.contract import Adversarial, Networks
from gans.networks.layers import Labelled, MLPGenerator, leaky_relu
from gans.networks.settings import AdversarialSettings

DROPOUT = 0.4  # of D's hidden layers, as published


class CGAN(Adversarial):
    """The label, one-hot, is joined to z and to the image; the widths are fixed, `width` has no say."""

    title = "CGAN"
    source = "Mirza and Osindero 2014, arXiv:1411.1784, in PyTorch-GAN's shape"
    conditional = True

    def build(self, settings: AdversarialSettings, shape: DataShape) -> Networks:
        """Return G and D; for 10 classes of grey 32 x 32 images and nz 100: 1,757,312 and 1,055,745 weights."""
        generator = MLPGenerator(settings.nz + shape.num_classes, shape.channels, shape.size)
        discriminator = nn.Sequential(
            nn.Linear(shape.channels * shape.size**2 + shape.num_classes, 512),
            leaky_relu(),
            nn.Linear(512, 512),
            nn.Dropout(DROPOUT),
            leaky_relu(),
            nn.Linear(512, 512),
            nn.Dropout(DROPOUT),
            leaky_relu(),
            nn.Linear(512, 1),
            nn.Flatten(0),  # (B,)
        )
        return Labelled(generator, shape.num_classes), Labelled(discriminator, shape.num_classes)
