"""A section of params.yaml, and the one line that refuses what is in it.

Each package keeps its own section in its `settings.py`; `gans.params` puts them together.
"""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from gans.base.errors import InputError


class Section(BaseModel):
    """A part of params.yaml. Each field's description is what an error says was expected."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


S = TypeVar("S", bound=Section)


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
