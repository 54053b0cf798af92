"""The section `gaussian`: the one-dimensional lesson."""

from pydantic import Field

from gans.base.settings import Decay, NotNegative, Positive, Section, Smoothing


class GaussianSettings(Section):
    """The one-dimensional lesson."""

    steps: int = Field(ge=30, description="a whole number, at least 30")
    seeds: int = Field(ge=1, le=64, description="a whole number from 1 to 64")
    lr: Positive
    beta1: Decay
    beta2: Decay
    label_smoothing: Smoothing
    weight_decay: NotNegative
