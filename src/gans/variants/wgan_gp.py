"""The Wasserstein GAN with a gradient penalty, on DCGAN's networks."""

from gans.base import kinds
from gans.data.arrays import DataShape
from gans.networks import layers, losses
from gans.networks.contract import Batch, Learnt, Networks, Pair, opinions
from gans.networks.settings import PairSettings


class WGANGPSettings(PairSettings):
    """What only this variant has."""

    penalty_weight: kinds.NotNegative


class WGANGP(Pair):
    """A critic that rates, kept from being steeper than 1; several of its steps for each of G's."""

    title = "WGAN-GP"
    source = "Gulrajani et al. 2017, arXiv:1704.00028"
    Settings = WGANGPSettings

    settings: WGANGPSettings

    def build(self, settings: PairSettings, shape: DataShape) -> Networks:
        """Return DCGAN's G, and its D without normalisation, which would mix a batch's images into one another.

        At size 64, width 64 and nz 100 they have 3,576,704 and 2,763,776 weights.
        """
        return layers.dcgan(settings.nz, shape.channels, shape.size, settings.width, normalised=False)

    def discriminator_loss(self, batch: Batch) -> Learnt:
        """Return the critic's loss, its mean ratings, and the penalty before its weight."""
        real, fake = batch.judged()
        penalty = losses.gradient_penalty(batch.d, batch.real, batch.fake.detach())
        readings = {**opinions(real, fake), "penalty": penalty}
        return losses.critic(real, fake) + self.settings.penalty_weight * penalty, readings

    def generator_loss(self, batch: Batch) -> Learnt:
        return losses.generator_of_critic(batch.judged_fakes()), {}
