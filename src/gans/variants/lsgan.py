"""The least squares GAN, on DCGAN's networks."""

from gans.data.arrays import DataShape
from gans.networks import layers, losses
from gans.networks.contract import Batch, Learnt, Networks, Pair, opinions
from gans.networks.settings import PairSettings


class LSGAN(Pair):
    """Squares in place of cross-entropy: fakes on the right side of the boundary, but far from it, still teach."""

    title = "LSGAN"
    source = "Mao et al. 2017, arXiv:1611.04076"

    def build(self, settings: PairSettings, shape: DataShape) -> Networks:
        """Return DCGAN's G and D; at size 64, width 64 and nz 100 they have 3,576,704 and 2,765,568 weights."""
        return layers.dcgan(settings.nz, shape.channels, shape.size, settings.width)

    def discriminator_loss(self, batch: Batch) -> Learnt:
        """Return D's loss, and what it says: of real images at best 1, of fakes 0."""
        real, fake = batch.judged()
        return losses.discriminator_least_squares(real, fake), opinions(real, fake)

    def generator_loss(self, batch: Batch) -> Learnt:
        return losses.generator_least_squares(batch.judged_fakes()), {}
