"""The sections `evaluate` and `classifier`: the protocol of the scores, and the networks that judge."""

from typing import Annotated

from pydantic import Field

from gans.base.settings import Count, Different, Positive, PositiveOrNothing, Section, Several


class EvaluateSettings(Section):
    """The protocol of the scores."""

    max_images: Several
    every_epochs: PositiveOrNothing
    inception_weights: str | None = Field(description="a file, an address that begins with https://, or nothing")


class ClassifierSettings(Section):
    """The networks that learn the data set's labels and attributes."""

    factors: Annotated[list[str], Different] = Field(
        max_length=12, description="a list of up to 12 different attribute names, such as [Smiling]"
    )
    epochs: Count
    lr: Positive
    batch_size: Several
    width: Count
