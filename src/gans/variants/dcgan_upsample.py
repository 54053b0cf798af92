"""A convolutional GAN that enlarges by repeating pixels instead of by transposed convolutions."""

from itertools import pairwise

from torch import nn

from gans.data.arrays import DataShape
from gans.networks.contract import Adversarial, Networks
from gans.networks.layers import LOOSE_EPS, Layered, leaky_relu
from gans.networks.settings import AdversarialSettings

DROPOUT = 0.25  # of whole feature maps in D, as published


class DCGANUpsample(Adversarial):
    """Nearest-neighbour upsampling and 3 x 3 convolutions in G; a small D with dropout.

    With PyTorch-GAN's weights from N(0, 0.02) and its epsilon of 0.8, each block of D makes the signal smaller, and a
    narrow D does not begin to learn: torch's own initialisation is kept.
    """

    title = "DCGAN-upsample"
    source = "PyTorch-GAN's dcgan; upsampling after Odena et al. 2016, doi:10.23915/distill.00003"

    def build(self, settings: AdversarialSettings, shape: DataShape) -> Networks:
        """Return G and D; for grey images of 32 x 32, width 64 and nz 100 they have 1,049,985 and 98,113 weights."""
        return UpsamplingGenerator(settings.nz, shape, settings.width), DropoutDiscriminator(shape, settings.width)


class UpsamplingGenerator(Layered):
    """Latents (B, nz) to images (B, C, S, S) in [-1, 1]; 128-128-64-C feature maps at width 64."""

    def __init__(self, nz: int, shape: DataShape, width: int) -> None:
        start = shape.size // 4
        super().__init__(
            nn.Linear(nz, 2 * width * start * start),
            nn.Unflatten(1, (2 * width, start, start)),  # S / 4
            nn.BatchNorm2d(2 * width),
            nn.Upsample(scale_factor=2),  # S / 2
            nn.Conv2d(2 * width, 2 * width, 3, padding=1),
            nn.BatchNorm2d(2 * width, eps=LOOSE_EPS),
            leaky_relu(),
            nn.Upsample(scale_factor=2),  # S
            nn.Conv2d(2 * width, width, 3, padding=1),
            nn.BatchNorm2d(width, eps=LOOSE_EPS),
            leaky_relu(),
            nn.Conv2d(width, shape.channels, 3, padding=1),
            nn.Tanh(),
        )


class DropoutDiscriminator(Layered):
    """Images (B, C, S, S) to logits (B,); 16-32-64-128 feature maps at width 64."""

    def __init__(self, shape: DataShape, width: int) -> None:
        layers: list[nn.Module] = []
        widths = (shape.channels, max(1, width // 4), max(1, width // 2), width, 2 * width)
        for block, (before, after) in enumerate(pairwise(widths)):  # S / 2, S / 4, S / 8, S / 16
            layers += [nn.Conv2d(before, after, 3, stride=2, padding=1), leaky_relu(), nn.Dropout2d(DROPOUT)]
            if block:
                layers.append(nn.BatchNorm2d(after, eps=LOOSE_EPS))
        last = nn.Linear(2 * width * (shape.size // 16) ** 2, 1)
        super().__init__(*layers, nn.Flatten(), last, nn.Flatten(0))
