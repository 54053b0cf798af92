"""The section `codes`: variational autoencoders of several latent sizes."""

from typing import Annotated

from pydantic import Field

from gans.base import kinds
from gans.base.settings import Section
from gans.networks.settings import Settings, SharedSettings


class CodesSettings(Section):
    """The variational autoencoders of several latent sizes."""

    nz: Annotated[list[Annotated[int, Field(ge=1)]], kinds.Different] = Field(
        min_length=1, description="a list of different whole numbers, each at least 1"
    )
    lr: kinds.Positive
    epochs: kinds.Count
    batch_size: kinds.Several
    width: kinds.Count

    def autoencoder(self, nz: int, shared: SharedSettings, at_most: int) -> Settings:
        """Return what the autoencoder with a code of `nz` numbers is trained with, in batches of `at_most` images."""
        values = {key: getattr(shared, key) for key in Settings.model_fields}
        own = {**self.model_dump(), "nz": nz, "init_from": None, "batch_size": min(self.batch_size, at_most)}
        return Settings.model_validate(values | own)
