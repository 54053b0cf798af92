"""The variational autoencoder: an encoder and a decoder of DCGAN's shape, and no adversary."""

import math

import torch
from torch import nn

from gans.data.arrays import DataShape
from gans.networks.contract import Batch, Learnt, Turn, Variant
from gans.networks.layers import DCGANDiscriminator, DCGANGenerator, initialise_as_dcgan
from gans.networks.losses import at_least_fp32
from gans.networks.settings import Settings

ROUNDING_VARIANCE = (2 / 255) ** 2 / 12  # of pixels in [-1, 1] that were rounded to 8 bits: no error is smaller


class VAE(Variant):
    """Encoder and decoder learn together from one bound; the decoder is the generator."""

    title = "VAE"
    source = "Kingma and Welling 2014, arXiv:1312.6114"
    feature_network = "encoder"

    def __init__(self, settings: Settings, shape: DataShape) -> None:
        """Build both; at size 64, width 64 and nz 100 they have 4,395,776 and 3,576,704 weights."""
        self.settings = settings
        self.encoder = DCGANDiscriminator(shape.channels, shape.size, settings.width, outputs=2 * settings.nz)
        self.generator = DCGANGenerator(settings.nz, shape.channels, shape.size, settings.width)
        self.networks = {"generator": self.generator, "encoder": self.encoder}
        for module in self.networks.values():
            module.apply(initialise_as_dcgan)

    def turns(self) -> tuple[Turn, ...]:
        """Return the one turn, in which both learn."""
        return (Turn("loss_g", nn.ModuleList(self.networks.values()), self.loss, sees_fakes=False),)

    def loss(self, batch: Batch) -> Learnt:
        """Return what the evidence lower bound lacks to 0, in nats an image, and its two parts.

        Kingma and Welling 2014, equation 10, one code an image. Pixels are Gaussian around the decoder's image, with
        the variance that is likeliest for the batch, so that no weight between the parts needs to be chosen: Rybkin et
        al. 2021, arXiv:2006.13202, section 4.2.
        """
        mean, log_variance = at_least_fp32(self.encoder(batch.real)).chunk(2, dim=1)  # (B, nz) each
        code = mean + (0.5 * log_variance).exp() * torch.randn_like(mean)
        error = (batch.g(code) - batch.real).square().mean() + ROUNDING_VARIANCE
        pixels = batch.real[0].numel()
        reconstruction = 0.5 * pixels * ((2 * math.pi * error).log() + 1)
        kl = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1).mean()
        return reconstruction + kl, {"reconstruction": reconstruction, "kl": kl}
