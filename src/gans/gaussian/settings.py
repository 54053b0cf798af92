"""The section `gaussian`: the one-dimensional lesson."""

from pydantic import Field

from gans.base import kinds
from gans.base.settings import Section


class GaussianSettings(Section):
    """The one-dimensional lesson."""

    steps: int = Field(ge=30, description="a whole number, at least 30")
    seeds: int = Field(ge=1, le=64, description="a whole number from 1 to 64")
    lr: kinds.Positive
    beta1: kinds.Decay
    beta2: kinds.Decay
    label_smoothing: kinds.Smoothing
    weight_decay: kinds.NotNegative
