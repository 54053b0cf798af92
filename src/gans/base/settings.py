"""What a section of params.yaml is made of, and the one line that refuses a value.

Each package keeps its own section in its `settings.py`; `gans.params` puts them together.
"""

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from gans.base.errors import InputError, in_one_line

T = TypeVar("T")


class Section(BaseModel):
    """A part of params.yaml. Each field's description is what an error says was expected."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


S = TypeVar("S", bound=Section)


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


# Kinds of values, each with its bounds and the words for them.
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


def read(path: Path) -> object:
    """Return what is in a YAML file; raise InputError where there is none, or it is not YAML."""
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path} is missing; run from the repository's root, where it lies") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not YAML: {in_one_line(error)}") from None


def validated(model: type[S], values: object, where: str, prefix: str = "") -> S:
    """Return `values` as a `model`; raise InputError with one line on the first thing that is wrong."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first, *others = error.errors()
        more = f" (and {len(others)} more)" if others else ""
        raise InputError(f"{where}: {_explained(model, first, prefix)}{more}") from None


def _explained(model: type[Section], error: Mapping[str, Any], prefix: str) -> str:
    """Return what was found at the place of a pydantic error, and what was expected there."""
    if error["type"] == "invalid_key":
        return f"unknown key {prefix}{'.'.join(str(step) for step in error['loc'] if step != '[key]')}; expected a name"
    steps = [step for step in error["loc"] if isinstance(step, str) and step != "[key]"]
    key = prefix + ".".join(steps)
    section, expected = model, "keys and values"
    for depth, step in enumerate(steps):
        field = section.model_fields.get(step)
        if error["type"] == "extra_forbidden" and depth == len(steps) - 1:
            return f"unknown key {key} ({error['input']!r}){nearest(step, section.model_fields)}"
        if field is None:
            break
        expected = field.description or expected
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            section = field.annotation
    if error["type"] == "missing":
        return f"{key} is missing; expected {expected}"
    return f"{key or 'the file'} is {error['input']!r}; expected {expected}"


def nearest(name: str, known: Iterable[str]) -> str:
    """Return which of the known names was perhaps meant, as the end of a message; nothing where none is near."""
    near = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]}?" if near else ""
