"""The section `sample`: the pictures made of a trained variant."""

from pydantic import Field

from gans.base.settings import Section


class SampleSettings(Section):
    """The pictures made of a trained variant."""

    progress_frames: int = Field(ge=2, le=200, description="a whole number from 2 to 200")
    interpolation_rows: int = Field(ge=1, le=64, description="a whole number from 1 to 64")
    interpolation_steps: int = Field(ge=2, le=64, description="a whole number from 2 to 64")
