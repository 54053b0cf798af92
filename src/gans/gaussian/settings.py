"""The section `gaussian`: the one-dimensional lesson."""

from pydantic import Field

from gans.base import kinds
from gans.base.settings import Section


class PlayerSettings(Section):
    """How the two players of one training learn."""

    lr: kinds.Positive
    lr_d: kinds.Positive
    beta1: kinds.Decay
    beta2: kinds.Decay
    label_smoothing: kinds.Smoothing
    weight_decay: kinds.NotNegative


class GaussianSettings(PlayerSettings):
    """The one-dimensional lesson: its own values are those of the D that sees one value at a time."""

    steps: int = Field(ge=30, description="a whole number, at least 30")
    seeds: int = Field(ge=1, le=64, description="a whole number from 1 to 64")
    published: PlayerSettings = Field(description="a section")
