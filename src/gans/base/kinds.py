"""The kinds of values in params.yaml, each with its bounds and the words for them."""

from typing import Annotated, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field

T = TypeVar("T")


def _number_in_text(value: object) -> object:
    """Return the float in a text such as '1e-05': what `-S lr=1e-5` writes, and what YAML 1.1 reads as text."""
    if not isinstance(value, str):
        return value
    try:
        return float(value)
    except ValueError:
        return value


def _without_repeats(values: list[T]) -> list[T]:
    if len(set(values)) < len(values):
        raise ValueError("something stands there twice")
    return values


Real = Annotated[float, BeforeValidator(_number_in_text), Field(allow_inf_nan=False)]
Positive = Annotated[Real, Field(gt=0, description="a number above 0")]
PositiveOrNothing = Annotated[Real | None, Field(gt=0, description="a number above 0, or nothing")]
NotNegative = Annotated[Real, Field(ge=0, description="a number, at least 0")]
Decay = Annotated[Real, Field(ge=0, lt=1, description="a number from 0 to below 1")]
Smoothing = Annotated[Real, Field(ge=0, lt=0.5, description="a number from 0 to below 0.5")]
Share = Annotated[Real, Field(ge=0, le=1, description="a share from 0 to 1")]
PositiveShare = Annotated[Real, Field(gt=0, le=1, description="a share above 0, up to 1")]
Count = Annotated[int, Field(ge=1, description="a whole number, at least 1")]
Several = Annotated[int, Field(ge=2, description="a whole number, at least 2")]
Switch = Annotated[bool, Field(description="true or false")]
Different = AfterValidator(_without_repeats)  # of lists
