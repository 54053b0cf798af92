"""The conditional DCGAN: the class joined to z in G, projected on in D."""

import torch
from torch import nn

from gans.data.arrays import DataShape
from gans.networks.contract import Adversarial, Networks
from gans.networks.layers import DCGANFeatures, DCGANGenerator, Labelled, initialise_as_dcgan
from gans.networks.settings import AdversarialSettings


class CDCGAN(Adversarial):
    """DCGAN's networks, told the class."""

    title = "cDCGAN"
    source = "Mirza and Osindero 2014, arXiv:1411.1784; Radford et al. 2015; Miyato and Koyama 2018, arXiv:1802.05637"
    conditional = True

    def build(self, settings: AdversarialSettings, shape: DataShape) -> Networks:
        """Return G and D; two classes at size 64, width 64 and nz 100 add 16,384 and 1,024 weights to DCGAN's."""
        # A one-hot label: beside an embedding as long and as large as z itself, G learns to overlook z.
        layers = DCGANGenerator(settings.nz + shape.num_classes, shape.channels, shape.size, settings.width)
        generator = Labelled(layers, shape.num_classes)
        discriminator = ProjectionDiscriminator(shape, settings.width)
        return generator.apply(initialise_as_dcgan), discriminator.apply(initialise_as_dcgan)


class ProjectionDiscriminator(nn.Module):
    """Images (B, C, S, S) and labels (B,) to logits (B,).

    The logit is DCGAN's own, which judges the image, plus the inner product of the class's embedding with the features
    summed over space, which judges whether it belongs to the class: Miyato and Koyama 2018, equation 3.
    """

    def __init__(self, shape: DataShape, width: int) -> None:
        super().__init__()
        self.features = DCGANFeatures(shape.channels, shape.size, width)  # (B, 8w, 4, 4) at size 64
        self.last = nn.Conv2d(self.features.out_channels, 1, 4, 1, 0, bias=False)
        self.embedding = nn.Embedding(shape.num_classes, self.features.out_channels)
        nn.init.normal_(self.embedding.weight, 0.0, 0.02)

    def forward(self, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Return logits: above 0 where an image looks like a real one of its label's class."""
        maps = self.features(images)  # (B, F, 4, 4)
        of_class = (self.embedding(labels) * maps.sum((2, 3))).sum(1)  # (B,)
        logits: torch.Tensor = self.last(maps).flatten() + of_class
        return logits
