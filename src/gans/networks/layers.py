"""Building blocks of generators and discriminators."""

import math
from itertools import pairwise

import torch
from torch import nn
from torch.nn.functional import one_hot

LOOSE_EPS = 0.8  # of batch normalisation in PyTorch-GAN's networks, where it was meant as something else; kept


class Layered(nn.Module):
    """Layers one after another, whose weights are saved under `layers`."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return what the last layer makes of (B, ...)."""
        outputs: torch.Tensor = self.layers(inputs)
        return outputs


class DCGANGenerator(Layered):
    """Transposed convolutions from a latent to an image: z (B, nz) to (B, channels, size, size) in [-1, 1].

    Radford et al. 2015, arXiv:1511.06434, in the widths of PyTorch's tutorial: at size 64 and width 64 the layers have
    512-256-128-64-channels feature maps. One stage more or fewer for each doubling or halving of the size.
    """

    def __init__(self, nz: int, channels: int, size: int, width: int) -> None:
        widths = [width << stage for stage in reversed(range(num_halvings(size)))]  # 8w, 4w, 2w, w at size 64
        layers: list[nn.Module] = [*_up(nz, widths[0], stride=1, padding=0)]  # 4 x 4
        for before, after in pairwise(widths):
            layers += _up(before, after, stride=2, padding=1)  # 8, 16, 32
        layers += [nn.ConvTranspose2d(widths[-1], channels, 4, 2, 1, bias=False), nn.Tanh()]  # 64
        super().__init__(*layers)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Return images (B, channels, size, size) for latents (B, nz)."""
        return super().forward(z[:, :, None, None])


class DCGANFeatures(nn.Sequential):
    """Strided convolutions from an image (B, channels, size, size) to maps (B, out_channels, 4, 4).

    Radford et al. 2015, arXiv:1511.06434: no batch normalisation on the image itself, LeakyReLU of slope 0.2.
    Without any, each image is looked at by itself.
    """

    def __init__(self, channels: int, size: int, width: int, normalised: bool = True) -> None:
        widths = [width << stage for stage in range(num_halvings(size))]  # w, 2w, 4w, 8w at size 64
        layers: list[nn.Module] = [nn.Conv2d(channels, width, 4, 2, 1, bias=False), leaky_relu()]  # 32 x 32
        for before, after in pairwise(widths):
            layers += [nn.Conv2d(before, after, 4, 2, 1, bias=False)]  # 16, 8, 4
            layers += [nn.BatchNorm2d(after), leaky_relu()] if normalised else [leaky_relu()]
        super().__init__(*layers)
        self.out_channels = widths[-1]


class DCGANDiscriminator(nn.Module):
    """The generator's mirror image: (B, channels, size, size) to `outputs` numbers (B, outputs), or one logit (B,)."""

    def __init__(self, channels: int, size: int, width: int, outputs: int = 1, normalised: bool = True) -> None:
        super().__init__()
        self.features = DCGANFeatures(channels, size, width, normalised)  # 4 x 4
        self.last = nn.Conv2d(self.features.out_channels, outputs, 4, 1, 0, bias=False)  # 1 x 1

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits (B,) for images (B, channels, size, size): above 0 where they look real."""
        numbers: torch.Tensor = self.last(self.features(images)).flatten(1)  # (B, outputs)
        return numbers.squeeze(1)


def dcgan(nz: int, channels: int, size: int, width: int, normalised: bool = True) -> tuple[nn.Module, nn.Module]:
    """Return DCGAN's generator and discriminator with the weights they start from; D also without normalisation."""
    generator = DCGANGenerator(nz, channels, size, width)
    discriminator = DCGANDiscriminator(channels, size, width, normalised=normalised)
    return generator.apply(initialise_as_dcgan), discriminator.apply(initialise_as_dcgan)


class MLPGenerator(Layered):
    """Fully connected layers of 128-256-512-1024 units: (B, inputs) to images (B, channels, size, size) in [-1, 1].

    The shape that PyTorch-GAN gave to Goodfellow et al. 2014 and Mirza and Osindero 2014.
    """

    def __init__(self, inputs: int, channels: int, size: int) -> None:
        layers: list[nn.Module] = [nn.Linear(inputs, 128), leaky_relu()]
        for before, after in pairwise((128, 256, 512, 1024)):
            layers += [nn.Linear(before, after), nn.BatchNorm1d(after, eps=LOOSE_EPS), leaky_relu()]
        layers += [nn.Linear(1024, channels * size * size), nn.Tanh(), nn.Unflatten(1, (channels, size, size))]
        super().__init__(*layers)


class Labelled(nn.Module):
    """Layers for vectors (B, F + num_classes) that are given latents or images, F numbers each, and labels (B,).

    The label is joined to the rest as a one-hot vector: Mirza and Osindero 2014, arXiv:1411.1784, section 3.2.
    """

    def __init__(self, layers: nn.Module, num_classes: int) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.layers = layers

    def forward(self, inputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Return images of the labels' classes; of D logits, above 0 where an image looks like a real one of them."""
        label = one_hot(labels, self.num_classes).to(inputs.dtype)
        outputs: torch.Tensor = self.layers(torch.cat([inputs.flatten(1), label], dim=1))
        return outputs


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


def leaky_relu() -> nn.Module:
    """Return the activation of every discriminator here."""
    return nn.LeakyReLU(0.2, inplace=True)


def _up(before: int, after: int, stride: int, padding: int) -> list[nn.Module]:
    convolution = nn.ConvTranspose2d(before, after, 4, stride, padding, bias=False)
    return [convolution, nn.BatchNorm2d(after), nn.ReLU(inplace=True)]
