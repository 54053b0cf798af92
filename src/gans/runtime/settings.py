"""The section `run`: how the computer carries a run out."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from gans.base import kinds, launchers
from gans.base.settings import Section


def _on_or_off(value: object) -> object:
    """Return 'on' and 'off' for what YAML 1.1 makes of them."""
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else value


class RunSettings(Section):
    """Nothing here changes what is computed, but for rounding, of which bf16 does much."""

    device: Literal["auto", "cuda", "mps", "cpu"] = Field(description="auto, cuda, mps or cpu")
    deterministic: kinds.Switch
    precision: Literal["auto", "fp32", "bf16"] = Field(description="auto, fp32 or bf16")
    compile: Annotated[Literal["auto", "off", "on"], BeforeValidator(_on_or_off)] = Field(description="auto, off or on")
    launcher: str = Field(pattern=launchers.PATTERN, description=launchers.EXPECTED)
    sync_batchnorm: kinds.Switch
    save_seconds: kinds.NotNegative = Field(description="a number of seconds, at least 0")
    save_epochs: kinds.Positive
