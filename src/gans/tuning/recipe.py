"""What is tried: tuning/recipe.yaml, and the trials that it gives a variant."""

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar

import numpy as np
import yaml
from pydantic import AfterValidator, Field

from gans.base import kinds
from gans.base.errors import InputError, in_one_line
from gans.base.settings import Section, validated
from gans.networks.settings import Settings

RECIPE = Path("tuning/recipe.yaml")
DIGITS = 6  # significant, of a step size that is computed
DRAWS = 1000  # of trials, until no two are the same

T = TypeVar("T", int, float)


def _ascending(values: list[T]) -> list[T]:
    if not values or any(one >= other for one, other in itertools.pairwise(values)):
        raise ValueError("not a range")
    return values


Ascending = AfterValidator(_ascending)
RANGE = "a list of at least one value that params.yaml takes, the smallest first"


class Values(Section):
    """The values of each key that may be tried; a key that is left out is not tuned."""

    lr: Annotated[list[kinds.Positive], Ascending] | None = Field(None, description=RANGE)
    ratio: Annotated[list[kinds.Positive], Ascending] | None = Field(None, description=RANGE)
    batch_size: Annotated[list[kinds.Several], Ascending] | None = Field(None, description=RANGE)
    discriminator_steps: Annotated[list[kinds.Count], Ascending] | None = Field(None, description=RANGE)
    beta1: Annotated[list[kinds.Decay], Ascending] | None = Field(None, description=RANGE)


class Recipe(Section):
    """How many trials a variant has, how long they train, and what they may change."""

    trials: kinds.Several
    seed: int = Field(ge=0, description="a whole number, at least 0")
    rungs: Annotated[list[kinds.Count], Ascending] = Field(
        description="a list of at least one number of epochs, the smallest first"
    )
    keep: kinds.Several
    values: Values = Field(description="a section")
    settings: dict[str, Any] = Field(description="keys of params.yaml and values, as `dvc exp run -S` takes them")

    @classmethod
    def load(cls, path: Path = RECIPE) -> Self:
        """Return the recipe in a file; raise InputError on the first thing in it that is wrong."""
        try:
            return validated(cls, yaml.safe_load(path.read_text(encoding="utf-8")), str(path))
        except FileNotFoundError:
            raise InputError(f"{path} is missing; run from the repository's root, where it lies") from None
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise InputError(f"{path} is not YAML: {in_one_line(error)}") from None

    def trials_of(self, variant: str, own: Settings) -> list[dict[str, Any]]:
        """Return what each trial changes in the entry of a variant whose settings are `own`; the first changes nothing.

        No two trials are the same; those of variants with the same keys and own settings are.
        """
        kept = _point(own)
        values = {key: value for key, value in self.values.model_dump(exclude_none=True).items() if key in kept}
        if not values:
            asked = ", ".join(self.values.model_dump(exclude_none=True)) or "nothing"
            raise InputError(f"{variant} has no tunable key: {RECIPE} has values for {asked}; expected some for lr")
        kept = {key: kept[key] for key in values}
        for attempt in range(DRAWS):
            points = _sample(values, self.trials - 1, np.random.default_rng([self.seed, attempt]))
            if all(point not in [kept, *points[:place]] for place, point in enumerate(points)):
                return [{}, *(_changes(own, point) for point in points)]
        found = f"{RECIPE}: trials is {self.trials}, for which {variant} has too few values to try"
        raise InputError(f"{found}; expected fewer trials, or more values of {', '.join(values)}")


def _sample(values: Mapping[str, Sequence[float]], number: int, random: np.random.Generator) -> list[dict[str, Any]]:
    """Return points of the grid in which each value of each key comes equally often: a Latin hypercube sample.

    McKay et al. 1979, doi:10.2307/1268522, section 2.
    """
    columns = [random.permutation(np.resize(random.permutation(each), number)).tolist() for each in values.values()]
    return [dict(zip(values, point, strict=True)) for point in zip(*columns, strict=True)]


def _point(own: Settings) -> dict[str, Any]:
    """Return a variant's own settings in the recipe's terms: the keys that it takes, and their values."""
    values = own.model_dump()
    lr = values.get("lr_g") or own.lr
    found = {"lr": lr, "batch_size": own.batch_size, "beta1": own.beta1}
    if "lr_d" in values:
        found |= {"ratio": (values["lr_d"] or own.lr) / lr, "discriminator_steps": values["discriminator_steps"]}
    return found


def _changes(own: Settings, chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys of a variant's entry, and their values, that make it what was chosen.

    `lr_end` keeps its proportion to `lr`.
    """
    values, point = own.model_dump(), {**_point(own), **chosen}
    wanted = {key: value for key, value in point.items() if key != "ratio"}
    if values.get("lr_g"):
        wanted["lr_g"] = point["lr"]
    if values.get("lr_end"):
        wanted["lr_end"] = values["lr_end"] / own.lr * point["lr"]
    if values.get("lr_d") or point.get("ratio", 1) != 1:
        wanted["lr_d"] = point["ratio"] * point["lr"]
    wanted = {key: float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value for key, value in wanted.items()}
    return {key: value for key, value in wanted.items() if value != values[key]}
