"""The sections `evaluate` and `classifier`: the protocol of the scores, and the networks that judge."""

from typing import Annotated, Literal

from pydantic import Field

from gans.base import kinds
from gans.base.settings import Section


class EvaluateSettings(Section):
    """The protocol of the scores."""

    max_images: kinds.Several
    against: Literal["held_out", "train", "all"] = Field(description="held_out, train or all")
    every_epochs: kinds.PositiveOrNothing
    inception_weights: str | None = Field(description="published, a file, an address with https://, or nothing")


class ClassifierSettings(Section):
    """The networks that learn the data set's labels and attributes."""

    factors: Annotated[list[str], kinds.Different] = Field(
        max_length=12, description="a list of up to 12 different attribute names, such as [Smiling]"
    )
    epochs: kinds.Count
    lr: kinds.Positive
    batch_size: kinds.Several
    width: kinds.Count
