"""What a variant is trained with: the values that all share, and under them those of its own entry."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import AfterValidator, Field

from gans.base import kinds
from gans.base.errors import InputError
from gans.base.paths import PARAMS
from gans.base.settings import Section, nearest, validated

VARIANTS = Path(__file__).parents[1] / "variants"
SHARED_BY_ALL = ("image_size", "seed")  # so that variants stay comparable


def _power_of_two(value: int) -> int:
    if value & (value - 1):
        raise ValueError("not a power of two")
    return value


class Settings(Section):
    """Everything that one variant is trained with. Variants add keys by subclassing."""

    lr: kinds.Positive
    beta1: kinds.Decay
    beta2: kinds.Decay
    nz: kinds.Count
    epochs: kinds.Count
    batch_size: kinds.Several
    width: kinds.Count
    random_flip: Literal["auto", True, False] = Field(description="auto, true or false")
    ema_half_life: kinds.Share
    optimizer: Literal["adam", "sgd"] = Field(description="adam or sgd")
    momentum: kinds.Decay
    init_from: str | None = Field(description="a folder with weights, or nothing")
    image_size: Annotated[int, AfterValidator(_power_of_two)] = Field(
        ge=16, le=128, description="a power of two from 16 to 128"
    )
    seed: int = Field(ge=0, lt=2**32, description="a whole number from 0 to 4294967295")

    def for_data(self, symmetric: bool) -> Self:
        """Return these settings with `random_flip: auto` decided: whether a mirrored image is as likely as itself."""
        return self.model_copy(update={"random_flip": symmetric}) if self.random_flip == "auto" else self

    def tied_to_length(self) -> list[str]:
        """Return the keys by which a step depends on how long the training is to be: a longer one cannot go on then."""
        return []


class PairSettings(Settings):
    """What a variant of two players has besides."""

    discriminator_steps: kinds.Count
    lr_d: kinds.PositiveOrNothing
    lr_g: kinds.PositiveOrNothing
    lr_end: kinds.PositiveOrNothing
    ramp: kinds.PositiveShare
    augment: Annotated[list[Literal["color", "translation", "cutout"]], kinds.Different] = Field(
        description="a list of color, translation and cutout, or of some of them"
    )

    def tied_to_length(self) -> list[str]:
        """Return the keys by which a step depends on how long the training is to be."""
        return [] if self.lr_end in (None, self.lr) else ["lr_end"]


class AdversarialSettings(PairSettings):
    """What a pair that learns by cross-entropy has besides: Goodfellow et al. 2014, Salimans et al. 2016."""

    generator_loss: Literal["non_saturating", "minimax"] = Field(description="non_saturating or minimax")
    label_smoothing: kinds.Smoothing


V = TypeVar("V", bound=Settings)


class SharedSettings(AdversarialSettings):
    """The values that stand at the top of params.yaml, and the entry of each variant."""

    variants: dict[str, dict[str, Any] | None] = Field(description="an entry for each variant")

    def shared(self) -> dict[str, Any]:
        """Return the values that hold for every variant that has none of its own."""
        return {key: getattr(self, key) for key in AdversarialSettings.model_fields}

    def known(self, variant: str) -> str:
        """Return `variant` when params.yaml has an entry for it, else raise InputError with those that it has."""
        if variant not in self.variants:
            raise InputError(f"unknown variant {variant!r}; expected one of {', '.join(self.variants)}")
        return variant

    def own(self, variant: str) -> dict[str, Any]:
        """Return the values in a variant's entry."""
        entry = self.variants[self.known(variant)] or {}
        return {key: value for key, value in entry.items() if value is not None}

    def settings_of(self, variant: str, model: type[V]) -> V:
        """Return what `variant` is trained with, as its own `model`; raise InputError on a key it does not take."""
        for key, value in (self.variants[self.known(variant)] or {}).items():
            place = f"{PARAMS}: variants.{variant}.{key}"
            if key not in model.model_fields and key in AdversarialSettings.model_fields:
                raise InputError(f"{place} is {value!r}, but {variant} does not take it; remove the key")
            if key not in model.model_fields:
                near = nearest(key, model.model_fields)
                raise InputError(f"{PARAMS}: unknown key variants.{variant}.{key} ({value!r}){near}")
            if key in SHARED_BY_ALL:
                raise InputError(f"{place} cannot differ between variants; set {key} itself")
        values = {key: value for key, value in self.shared().items() if key in model.model_fields}
        return validated(model, values | self.own(variant), str(PARAMS), f"variants.{variant}.")

    def check_entries(self, path: Path) -> None:
        """Raise InputError on an entry without a file, and on a wrong value of a key that all variants may have."""
        for variant in self.variants:
            if not (VARIANTS / f"{variant}.py").is_file():
                raise InputError(f"{path}: variants.{variant} has no file; expected {variant}.py in src/gans/variants")
            known = {key: value for key, value in self.own(variant).items() if key in AdversarialSettings.model_fields}
            validated(AdversarialSettings, self.shared() | known, str(path), f"variants.{variant}.")
