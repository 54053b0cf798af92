"""Building blocks of generators and discriminators."""

import math
from itertools import pairwise

import torch
from torch import nn


class DCGANGenerator(nn.Module):
    """Transposed convolutions from a latent to an image: z (B, nz) to (B, channels, size, size) in [-1, 1].

    Radford et al. 2015, arXiv:1511.06434, in the widths of PyTorch's tutorial: at size 64 and width 64 the layers have
    512-256-128-64-channels feature maps. One stage more or fewer for each doubling or halving of the size.
    """

    def __init__(self, nz: int, channels: int, size: int, width: int) -> None:
        super().__init__()
        widths = [width << stage for stage in reversed(range(num_halvings(size)))]  # 8w, 4w, 2w, w at size 64
        layers: list[nn.Module] = [*_up(nz, widths[0], stride=1, padding=0)]  # 4 x 4
        for before, after in pairwise(widths):
            layers += _up(before, after, stride=2, padding=1)  # 8, 16, 32
        layers += [nn.ConvTranspose2d(widths[-1], channels, 4, 2, 1, bias=False), nn.Tanh()]  # 64
        self.layers = nn.Sequential(*layers)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Return images (B, channels, size, size) for latents (B, nz)."""
        images: torch.Tensor = self.layers(z[:, :, None, None])
        return images


class DCGANDiscriminator(nn.Module):
    """Strided convolutions from an image (B, channels, size, size) to a logit (B,): the generator's mirror image.

    Radford et al. 2015, arXiv:1511.06434: no batch normalisation on the image itself, LeakyReLU of slope 0.2.
    """

    def __init__(self, channels: int, size: int, width: int) -> None:
        super().__init__()
        widths = [width << stage for stage in range(num_halvings(size))]  # w, 2w, 4w, 8w at size 64
        layers: list[nn.Module] = [nn.Conv2d(channels, width, 4, 2, 1, bias=False), _leaky_relu()]  # 32 x 32
        for before, after in pairwise(widths):
            layers += [nn.Conv2d(before, after, 4, 2, 1, bias=False), nn.BatchNorm2d(after), _leaky_relu()]  # 16, 8, 4
        layers += [nn.Conv2d(widths[-1], 1, 4, 1, 0, bias=False)]  # 1
        self.layers = nn.Sequential(*layers)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits (B,) for images (B, channels, size, size): above 0 where they look real."""
        logits: torch.Tensor = self.layers(images).flatten()
        return logits


def num_halvings(size: int) -> int:
    """Return how often `size` halves on its way to 4 x 4, the smallest feature map."""
    return int(math.log2(size)) - 2


def initialise_as_dcgan(module: nn.Module) -> None:
    """Draw a layer's weights from N(0, 0.02), a batch normalisation's gain from N(1, 0.02). For `Module.apply`.

    Radford et al. 2015, arXiv:1511.06434, section 4; the gain as in PyTorch's DCGAN tutorial.
    """
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)


def _up(before: int, after: int, stride: int, padding: int) -> list[nn.Module]:
    convolution = nn.ConvTranspose2d(before, after, 4, stride, padding, bias=False)
    return [convolution, nn.BatchNorm2d(after), nn.ReLU(inplace=True)]


def _leaky_relu() -> nn.Module:
    return nn.LeakyReLU(0.2, inplace=True)
