"""R3GAN in a small form for 64 x 64: a regularised relativistic pair without normalisation."""

import math
from itertools import pairwise

import torch
from torch import nn
from torch.nn.functional import avg_pool2d, interpolate

from gans.base import kinds
from gans.data.arrays import DataShape
from gans.networks import losses
from gans.networks.contract import Batch, Learnt, Networks, Pace, Pair, opinions, ramped
from gans.networks.layers import Layered, leaky_relu, num_halvings
from gans.networks.settings import PairSettings

GAIN = math.sqrt(2 / (1 + 0.2**2))  # of LeakyReLU of slope 0.2: He et al. 2015, arXiv:1502.01852
GROUP = 8  # channels that a 3 x 3 kernel sees, where they come out even
EXPANSION = 2  # of a block's channels inside


class R3GANSettings(PairSettings):
    """What only this variant has."""

    beta2_end: kinds.Decay
    gamma: kinds.NotNegative
    gamma_end: kinds.NotNegative

    def tied_to_length(self) -> list[str]:
        """Return the keys by which a step depends on how long the training is to be."""
        own = [key for key in ("beta2", "gamma") if getattr(self, key) != getattr(self, f"{key}_end")]
        return [*super().tied_to_length(), *(f"{key}_end" for key in own)]


class R3GAN(Pair):
    """Each player wants its images rated above the other's; D pays for being steep, at real images and at fakes."""

    title = "R3GAN"
    source = "Huang et al. 2024, arXiv:2501.05441"
    Settings = R3GANSettings

    settings: R3GANSettings

    def build(self, settings: PairSettings, shape: DataShape) -> Networks:
        """Return G and D; at size 64, width 64 and nz 100 they have 2,881,344 and 2,843,328 weights."""
        return R3GANGenerator(settings.nz, shape, settings.width), R3GANDiscriminator(shape, settings.width)

    def pace(self, column: str, share: float) -> Pace:
        """Return what a player's optimiser goes by after this share of the run: lr and beta2 change together."""
        own = self.settings
        return Pace(super().pace(column, share).lr, ramped(own.beta2, own.beta2_end, share / own.ramp))

    def discriminator_loss(self, batch: Batch) -> Learnt:
        """Return D's loss, what it says, and the two penalties, R1 and R2, before their weight. Equation 5."""
        real, r1 = losses.with_squared_slopes(batch.d, batch.real)
        fake, r2 = losses.with_squared_slopes(batch.d, batch.fake.detach())
        gamma = ramped(self.settings.gamma, self.settings.gamma_end, batch.share / self.settings.ramp)
        readings = {**opinions(real, fake), "r1": r1.mean(), "r2": r2.mean()}
        return losses.relativistic(real, fake) + gamma / 2 * (r1.mean() + r2.mean()), readings

    def generator_loss(self, batch: Batch) -> Learnt:
        """Return G's loss, in which real images have their place, too."""
        return losses.relativistic(batch.judged_fakes(), batch.d(batch.real)), {}


class R3GANGenerator(nn.Module):
    """Latents (B, nz) to images (B, C, S, S) in [-1, 1]: a block at each size from 4 to S.

    A learnt start of 4 x 4, weighted by z; then a block, and twice the size, until S; a 1 x 1 convolution; tanh, which
    the published one does without.
    """

    def __init__(self, nz: int, shape: DataShape, width: int) -> None:
        super().__init__()
        widths = _widths(shape.size, width)  # 384 x 4, 192 at size 64 and width 64
        self.start = nn.Parameter(torch.randn(widths[0], 4, 4))
        self.weigh = _scaled(nn.Linear(nz, widths[0], bias=False), 1.0)
        self.blocks = nn.ModuleList(Block(channels, len(widths)) for channels in widths)
        self.between = nn.ModuleList(_between(before, after) for before, after in pairwise(widths))
        self.last = _scaled(nn.Conv2d(widths[-1], shape.channels, 1, bias=False), 1.0)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        maps = self.start * self.weigh(z)[:, :, None, None]  # (B, 384, 4, 4)
        maps = self.blocks[0](maps)
        for between, block in zip(self.between, list(self.blocks)[1:], strict=True):
            maps = block(interpolate(between(maps), scale_factor=2.0, mode="nearest"))
        images: torch.Tensor = self.last(maps).tanh()
        return images


class R3GANDiscriminator(nn.Module):
    """The generator's mirror image: (B, C, S, S) to logits (B,).

    A 1 x 1 convolution to 192 maps; a block at each size from S to 4, with the mean of 2 x 2 pixels in between; a
    kernel of 4 x 4 for each map; a linear layer.
    """

    def __init__(self, shape: DataShape, width: int) -> None:
        super().__init__()
        widths = _widths(shape.size, width)[::-1]  # 192, 384 x 4 at size 64 and width 64
        self.first = _scaled(nn.Conv2d(shape.channels, widths[0], 1, bias=False), 1.0)
        self.blocks = nn.ModuleList(Block(channels, len(widths)) for channels in widths)
        self.between = nn.ModuleList(_between(before, after) for before, after in pairwise(widths))
        self.last = _scaled(nn.Conv2d(widths[-1], widths[-1], 4, groups=widths[-1], bias=False), 1.0)
        self.rate = _scaled(nn.Linear(widths[-1], 1, bias=False), 1.0)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        maps = self.blocks[0](self.first(images))  # (B, 192, S, S)
        for between, block in zip(self.between, list(self.blocks)[1:], strict=True):
            maps = block(between(avg_pool2d(maps, 2)))
        logits: torch.Tensor = self.rate(self.last(maps).flatten(1)).squeeze(1)
        return logits


class Block(Layered):
    """Maps (B, C, S, S) plus what 1 x 1, grouped 3 x 3 and 1 x 1 convolutions on twice the channels make of them.

    Biases stand in front of the two activations alone. The last convolution starts at 0, so that the block starts as
    nothing; the others start smaller the more blocks there are, as in Fixup: Zhang et al. 2019, arXiv:1901.09321.
    """

    def __init__(self, channels: int, num_blocks: int) -> None:
        inside = EXPANSION * channels
        gain = GAIN * num_blocks ** (-1 / 4)
        super().__init__(
            _scaled(nn.Conv2d(channels, inside, 1), gain),
            leaky_relu(),
            _scaled(nn.Conv2d(inside, inside, 3, padding=1, groups=inside // math.gcd(inside, GROUP)), gain),
            leaky_relu(),
            _scaled(nn.Conv2d(inside, channels, 1, bias=False), 0.0),
        )

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        return maps + super().forward(maps)


def _widths(size: int, width: int) -> list[int]:
    """Return the channels at each size from 4 x 4 to `size`: six times the width, at the largest size half of that."""
    return [6 * width] * num_halvings(size) + [3 * width]


def _between(before: int, after: int) -> nn.Module:
    return nn.Identity() if before == after else _scaled(nn.Conv2d(before, after, 1, bias=False), 1.0)


def _scaled(layer: nn.Conv2d | nn.Linear, gain: float) -> nn.Module:
    """Draw a layer's weights from N(0, gain^2 / inputs), and let its biases be 0."""
    inputs = layer.weight[0].numel()
    nn.init.normal_(layer.weight, 0.0, gain / math.sqrt(inputs))
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer
