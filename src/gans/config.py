"""params.yaml as frozen, validated settings."""

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from gans import launchers
from gans.errors import InputError

PARAMS = Path("params.yaml")
VARIANTS = Path(__file__).with_name("variants")
T = TypeVar("T")


def _number_in_text(value: object) -> object:
    """Return the float in a text such as '1e-05': what `-S lr=1e-5` writes, and what YAML 1.1 reads as text."""
    if not isinstance(value, str):
        return value
    try:
        return float(value)
    except ValueError:
        return value


def _power_of_two(value: int) -> int:
    if value & (value - 1):
        raise ValueError("not a power of two")
    return value


def _without_repeats(values: list[T]) -> list[T]:
    if len(set(values)) < len(values):
        raise ValueError("something stands there twice")
    return values


def _switch(value: object) -> object:
    """Return 'on' and 'off' for what YAML 1.1 makes of them."""
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else value


Real = Annotated[float, BeforeValidator(_number_in_text), Field(allow_inf_nan=False)]


class Section(BaseModel):
    """A part of params.yaml. Each field's description is what an error says was expected."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Training(Section):
    """The settings that every variant shares and that its own entry may override."""

    lr: Real = Field(gt=0, description="a number above 0")
    beta1: Real = Field(ge=0, lt=1, description="a number from 0 to below 1")
    beta2: Real = Field(ge=0, lt=1, description="a number from 0 to below 1")
    nz: int = Field(ge=1, description="a whole number, at least 1")
    epochs: int = Field(ge=1, description="a whole number, at least 1")
    batch_size: int = Field(ge=2, description="a whole number, at least 2")
    width: int = Field(ge=1, description="a whole number, at least 1")
    random_flip: Literal["auto", True, False] = Field(description="auto, true or false")
    ema_half_life: Real = Field(ge=0, le=1, description="a share from 0 to 1")
    optimizer: Literal["adam", "sgd"] = Field(description="adam or sgd")
    momentum: Real = Field(ge=0, lt=1, description="a number from 0 to below 1")
    init_from: str | None = Field(description="a folder with weights, or nothing")


class Settings(Training):
    """Everything that one variant is trained with: shared values under its own. Variants add keys by subclassing."""

    image_size: Annotated[int, AfterValidator(_power_of_two)] = Field(
        ge=16, le=128, description="a power of two from 16 to 128"
    )
    seed: int = Field(ge=0, lt=2**32, description="a whole number from 0 to 4294967295")

    def for_data(self, symmetric: bool) -> Self:
        """Return these settings with `random_flip: auto` decided: whether a mirrored image is as likely as itself."""
        return self.model_copy(update={"random_flip": symmetric}) if self.random_flip == "auto" else self


class PairSettings(Settings):
    """What a variant of two players has besides."""

    discriminator_steps: int = Field(ge=1, description="a whole number, at least 1")
    lr_d: Real | None = Field(gt=0, description="a number above 0, or nothing")
    lr_g: Real | None = Field(gt=0, description="a number above 0, or nothing")
    lr_end: Real | None = Field(gt=0, description="a number above 0, or nothing")
    ramp: Real = Field(gt=0, le=1, description="a share above 0, up to 1")
    augment: Annotated[list[Literal["color", "translation", "cutout"]], AfterValidator(_without_repeats)] = Field(
        description="a list of color, translation and cutout, or of some of them"
    )


class AdversarialSettings(PairSettings):
    """What a pair that learns by cross-entropy has besides: Goodfellow et al. 2014, Salimans et al. 2016."""

    generator_loss: Literal["non_saturating", "minimax"] = Field(description="non_saturating or minimax")
    label_smoothing: Real = Field(ge=0, lt=0.5, description="a number from 0 to below 0.5")


class Data(Section):
    """Where the images come from, and what is kept of them."""

    num_toyfaces: int = Field(ge=20, le=999_999, description="a whole number from 20 to 999999")
    root: str | None = Field(description="a folder, or nothing")
    url: str = Field(pattern=r"^https?://\S+$", description="an address that begins with https:// or http://")
    sha256: str | None = Field(pattern=r"^[0-9a-fA-F]{64}$", description="64 hexadecimal digits in quotes, or nothing")
    crop_px: int | None = Field(ge=1, description="a whole number of pixels, at least 1, or nothing")
    max_images: int | None = Field(ge=20, description="a whole number, at least 20, or nothing")
    shard_images: int = Field(ge=1, description="a whole number, at least 1")
    condition_on: Annotated[list[str], AfterValidator(_without_repeats)] = Field(
        max_length=8, description="a list of up to 8 different attribute names, such as [Smiling]"
    )
    emnist_split: Literal["byclass", "bymerge", "balanced", "letters", "digits", "mnist"] = Field(
        description="byclass, bymerge, balanced, letters, digits or mnist"
    )


class Sample(Section):
    """The pictures made of a trained variant."""

    progress_frames: int = Field(ge=2, le=200, description="a whole number from 2 to 200")
    interpolation_rows: int = Field(ge=1, le=64, description="a whole number from 1 to 64")
    interpolation_steps: int = Field(ge=2, le=64, description="a whole number from 2 to 64")


class Evaluate(Section):
    """The protocol of the scores."""

    max_images: int = Field(ge=2, description="a whole number, at least 2")
    every_epochs: Real | None = Field(gt=0, description="a number above 0, or nothing")
    inception_weights: str | None = Field(description="a file, an address that begins with https://, or nothing")


class Classifier(Section):
    """The networks that learn the data set's labels and attributes."""

    factors: Annotated[list[str], AfterValidator(_without_repeats)] = Field(
        max_length=12, description="a list of up to 12 different attribute names, such as [Smiling]"
    )
    epochs: int = Field(ge=1, description="a whole number, at least 1")
    lr: Real = Field(gt=0, description="a number above 0")
    batch_size: int = Field(ge=2, description="a whole number, at least 2")
    width: int = Field(ge=1, description="a whole number, at least 1")


class Codes(Section):
    """The variational autoencoders of several latent sizes."""

    nz: Annotated[list[Annotated[int, Field(ge=1)]], AfterValidator(_without_repeats)] = Field(
        min_length=1, description="a list of different whole numbers, each at least 1"
    )
    lr: Real = Field(gt=0, description="a number above 0")
    epochs: int = Field(ge=1, description="a whole number, at least 1")
    batch_size: int = Field(ge=2, description="a whole number, at least 2")
    width: int = Field(ge=1, description="a whole number, at least 1")


class Gaussian(Section):
    """The one-dimensional lesson."""

    steps: int = Field(ge=30, description="a whole number, at least 30")
    seeds: int = Field(ge=1, le=64, description="a whole number from 1 to 64")
    lr: Real = Field(gt=0, description="a number above 0")
    beta1: Real = Field(ge=0, lt=1, description="a number from 0 to below 1")
    beta2: Real = Field(ge=0, lt=1, description="a number from 0 to below 1")
    label_smoothing: Real = Field(ge=0, lt=0.5, description="a number from 0 to below 0.5")
    weight_decay: Real = Field(ge=0, description="a number, at least 0")


class Run(Section):
    """How the computer runs it: nothing here changes what is computed, but for rounding, of which bf16 does much."""

    device: Literal["auto", "cuda", "mps", "cpu"] = Field(description="auto, cuda, mps or cpu")
    deterministic: bool = Field(description="true or false")
    precision: Literal["auto", "fp32", "bf16"] = Field(description="auto, fp32 or bf16")
    compile: Annotated[Literal["auto", "off", "on"], BeforeValidator(_switch)] = Field(description="auto, off or on")
    launcher: str = Field(pattern=launchers.PATTERN, description=launchers.EXPECTED)
    sync_batchnorm: bool = Field(description="true or false")
    save_seconds: Real = Field(ge=0, description="a number of seconds, at least 0")
    save_epochs: Real = Field(gt=0, description="a number above 0")


class Params(AdversarialSettings):
    """The whole of params.yaml."""

    seeds: int = Field(ge=1, le=100, description="a whole number from 1 to 100")
    dataset: Literal["toyfaces", "celeba", "folder", "mnist", "emnist", "fashion_mnist", "cifar10"] = Field(
        description="toyfaces, celeba, folder, mnist, emnist, fashion_mnist or cifar10"
    )
    variants: dict[str, dict[str, Any] | None] = Field(description="an entry for each variant")
    data: Data = Field(description="a section")
    sample: Sample = Field(description="a section")
    evaluate: Evaluate = Field(description="a section")
    classifier: Classifier = Field(description="a section")
    codes: Codes = Field(description="a section")
    gaussian: Gaussian = Field(description="a section")
    run: Run = Field(description="a section")
    active: Annotated[list[str], AfterValidator(_without_repeats)] = Field(
        min_length=1, description="a list of different variants, at least one"
    )


S = TypeVar("S", bound=Section)
V = TypeVar("V", bound=Settings)


def load(path: Path = PARAMS) -> Params:
    """Return the settings in `path`; raise InputError naming the first key that is unknown, missing or mistyped."""
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path} is missing; run from the repository's root, where it lies") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not YAML: {' '.join(str(error).split())}") from None
    params = _validated(Params, values, str(path), "")
    if params.seed + params.seeds > 2**32:
        raise InputError(f"{path}: seed is {params.seed} and seeds {params.seeds}; expected a sum of at most {2**32}")
    ranks = launchers.num_ranks(params.run.launcher)
    for name in params.active:
        batch_size = own_settings(params, name).get("batch_size", params.batch_size)
        if ranks and isinstance(batch_size, int) and batch_size % ranks:
            raise InputError(
                f"{path}: {name} has batches of {batch_size} images, which the {ranks} ranks of run.launcher share; "
                f"expected a batch_size that {ranks} divides"
            )
    for name in params.variants:
        if not (VARIANTS / f"{name}.py").is_file():
            raise InputError(f"{path}: variants.{name} has no file; expected {name}.py in src/gans/variants")
        known = {k: value for k, value in own_settings(params, name).items() if k in AdversarialSettings.model_fields}
        _merged(AdversarialSettings, params, name, known, path)
    return params


def known_variant(params: Params, name: str) -> str:
    """Return `name` when it is a variant of params.yaml, else raise InputError with those that are."""
    if name not in params.variants:
        raise InputError(f"unknown variant {name!r}; expected one of {', '.join(params.variants)}")
    return name


def settings_of(params: Params, variant: str, model: type[V]) -> V:
    """Return what `variant` is trained with, as its own `model`: its entry where filled in, shared values elsewhere."""
    for key, value in (params.variants[known_variant(params, variant)] or {}).items():
        place = f"{PARAMS}: variants.{variant}.{key}"
        if key not in model.model_fields and key in AdversarialSettings.model_fields:
            raise InputError(f"{place} is {value!r}, but {variant} does not take it; remove the key")
        if key not in model.model_fields:
            near = _nearest(key, model.model_fields)
            raise InputError(f"{PARAMS}: unknown key variants.{variant}.{key} ({value!r}){near}")
        if key in ("image_size", "seed"):
            raise InputError(f"{place} cannot differ between variants; set {key} itself")
    return _merged(model, params, variant, own_settings(params, variant), PARAMS)


def codes_settings(params: Params, nz: int, at_most: int) -> Settings:
    """Return what the autoencoder with a code of `nz` numbers is trained with; a batch has `at_most` so many images."""
    shared = {key: getattr(params, key) for key in Settings.model_fields}
    own = {**params.codes.model_dump(), "nz": nz, "init_from": None}
    own["batch_size"] = min(own["batch_size"], at_most)
    return Settings.model_validate(shared | own)


def own_settings(params: Params, variant: str) -> dict[str, Any]:
    """Return the keys of a variant's entry that are filled in."""
    entry = params.variants[known_variant(params, variant)] or {}
    return {key: value for key, value in entry.items() if value is not None}


def shared_settings(params: Params) -> dict[str, Any]:
    """Return the settings that hold for every variant that does not fill in its own."""
    return {key: getattr(params, key) for key in AdversarialSettings.model_fields}


def _merged(model: type[V], params: Params, variant: str, own: Mapping[str, Any], path: Path) -> V:
    shared = {key: value for key, value in shared_settings(params).items() if key in model.model_fields}
    return _validated(model, {**shared, **own}, str(path), f"variants.{variant}.")


def _validated(model: type[S], values: object, where: str, prefix: str) -> S:
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
            return f"unknown key {key} ({error['input']!r}){_nearest(step, section.model_fields)}"
        if field is None:
            break
        expected = field.description or expected
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            section = field.annotation
    if error["type"] == "missing":
        return f"{key} is missing; expected {expected}"
    return f"{key or 'the file'} is {error['input']!r}; expected {expected}"


def _nearest(name: str, known: Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]}?" if near else ""
