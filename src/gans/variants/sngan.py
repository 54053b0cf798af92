"""The spectrally normalised GAN, on DCGAN's networks."""

import torch
from torch import nn
from torch.nn.utils.parametrizations import _SpectralNorm
from torch.nn.utils.parametrize import register_parametrization

from gans.data.arrays import DataShape
from gans.networks import layers, losses
from gans.networks.contract import Batch, Learnt, Networks, Pair, opinions
from gans.networks.settings import PairSettings


class SNGAN(Pair):
    """Every layer of D divided by its largest singular value, and the hinge loss."""

    title = "SNGAN"
    source = "Miyato et al. 2018, arXiv:1802.05957"

    def build(self, settings: PairSettings, shape: DataShape) -> Networks:
        """Return DCGAN's G, and its D with spectral in place of batch normalisation.

        At size 64, width 64 and nz 100 they have 3,576,704 and 2,763,776 weights.
        """
        generator, discriminator = layers.dcgan(
            settings.nz, shape.channels, shape.size, settings.width, normalised=False
        )
        for layer in list(discriminator.modules()):
            if isinstance(layer, nn.Conv2d):
                register_parametrization(layer, "weight", SpectralNorm(layer.weight))
        return generator, discriminator

    def discriminator_loss(self, batch: Batch) -> Learnt:
        """Return D's loss, and what it says: of real images at least 1 at best, of fakes at most -1.

        This D, which normalises nothing over a batch, takes both in one pass: the weights are divided once.
        """
        real, fake = batch.d(torch.cat([batch.real, batch.fake.detach()])).chunk(2)
        return losses.discriminator_hinge(real, fake), opinions(real, fake)

    def generator_loss(self, batch: Batch) -> Learnt:
        return losses.generator_of_critic(batch.judged_fakes()), {}


class SpectralNorm(_SpectralNorm):
    """torch's own, always in fp32: autocast on CUDA has the products with vectors, and what divides, in bf16."""

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        with torch.autocast(weight.device.type, enabled=False):
            normalised: torch.Tensor = super().forward(weight)
        return normalised
