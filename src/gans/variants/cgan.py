"""The conditional GAN: fully connected networks that are told the class."""

import torch
from torch import nn

from gans.data.arrays import DataShape
from gans.networks.contract import Adversarial
from gans.networks.layers import LabelledGenerator, MLPGenerator, leaky_relu, with_one_hot
from gans.networks.settings import AdversarialSettings

DROPOUT = 0.4  # of D's hidden layers, as published


class CGAN(Adversarial):
    """The label, one-hot, is joined to z and to the image; the widths are fixed, `width` has no say."""

    title = "CGAN"
    source = "Mirza and Osindero 2014, arXiv:1411.1784, in PyTorch-GAN's shape"
    conditional = True

    def build(self, settings: AdversarialSettings, shape: DataShape) -> tuple[nn.Module, nn.Module]:
        """Return G and D; for 10 classes of grey 32 x 32 images and nz 100: 1,757,312 and 1,055,745 weights."""
        generator = MLPGenerator(settings.nz + shape.num_classes, shape.channels, shape.size)
        return LabelledGenerator(generator, shape.num_classes), LabelledDiscriminator(shape)


class LabelledDiscriminator(nn.Module):
    """Images (B, C, S, S) and labels (B,) to logits (B,)."""

    def __init__(self, shape: DataShape) -> None:
        super().__init__()
        self.num_classes = shape.num_classes
        self.layers = nn.Sequential(
            nn.Linear(shape.channels * shape.size**2 + shape.num_classes, 512),
            leaky_relu(),
            nn.Linear(512, 512),
            nn.Dropout(DROPOUT),
            leaky_relu(),
            nn.Linear(512, 512),
            nn.Dropout(DROPOUT),
            leaky_relu(),
            nn.Linear(512, 1),
        )

    def forward(self, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Return logits: above 0 where an image looks like a real one of its label's class."""
        logits: torch.Tensor = self.layers(with_one_hot(images.flatten(1), labels, self.num_classes))
        return logits.squeeze(1)
