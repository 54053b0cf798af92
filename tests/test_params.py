"""params.yaml: what is accepted, and the one line that refuses the rest."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import Field

from gans.base.errors import InputError
from gans.networks.settings import AdversarialSettings, Settings
from gans.params import Params

EXPECTED_DATASET = "expected toyfaces, celeba, folder, mnist, emnist, fashion_mnist or cifar10"


def test_the_committed_file_is_valid() -> None:
    params = Params.load(Path(__file__).parents[1] / "params.yaml")
    assert params.image_size == 64
    assert set(params.active) <= set(params.variants)


def test_a_float_that_yaml_reads_as_text_is_a_float(write_params: Callable[..., Path]) -> None:
    path = write_params({})
    path.write_text(path.read_text().replace("lr: 0.001\n", "lr: 1e-05\n", 1))
    lr = Params.load(path).lr
    assert isinstance(lr, float)
    assert lr == 0.00001


def test_a_variants_own_value_stands_over_the_shared_one(write_params: Callable[..., Path]) -> None:
    params = Params.load(write_params({"variants.dcgan.lr": "1e-3", "lr": 0.5}))
    settings = params.settings_of("dcgan", AdversarialSettings)
    assert settings.lr == 0.001
    assert settings.beta1 == params.beta1
    assert params.own("dcgan") == {"lr": "1e-3"}


def test_a_variant_may_add_settings(write_params: Callable[..., Path]) -> None:
    class WithPenalty(AdversarialSettings):
        penalty_weight: float = Field(gt=0, description="a number above 0")

    params = Params.load(write_params({"variants.dcgan.penalty_weight": 10.0}))
    assert params.settings_of("dcgan", WithPenalty).penalty_weight == 10.0
    with pytest.raises(InputError, match=r"unknown key variants\.dcgan\.penalty_weight \(10\.0\)"):
        params.settings_of("dcgan", AdversarialSettings)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"lrr": 1}, "unknown key lrr (1); did you mean lr?"),
        ({"data.crop": 1}, "unknown key data.crop (1); did you mean crop_px?"),
        ({"nz": ...}, "nz is missing; expected a whole number, at least 1"),
        ({"data.crop_px": ...}, "data.crop_px is missing; expected a whole number of pixels, at least 1, or nothing"),
        ({"lr": "fast"}, "lr is 'fast'; expected a number above 0"),
        ({"lr": True}, "lr is True; expected a number above 0"),
        ({"lr": float("nan")}, "lr is nan; expected a number above 0"),
        ({"lr": 0}, "lr is 0; expected a number above 0"),
        ({"lr": 0, "nz": 0}, "lr is 0; expected a number above 0 (and 1 more)"),
        ({"epochs": 2.5}, "epochs is 2.5; expected a whole number, at least 1"),
        ({"epochs": "8"}, "epochs is '8'; expected a whole number, at least 1"),
        ({"random_flip": "yes"}, "random_flip is 'yes'; expected auto, true or false"),
        ({"nz": 0}, "nz is 0; expected a whole number, at least 1"),
        ({"discriminator_steps": 0}, "discriminator_steps is 0; expected a whole number, at least 1"),
        ({"variants.gan.discriminator_steps": 0}, "variants.gan.discriminator_steps is 0; expected a whole number"),
        ({"variants.gan.optimizer": "adagrad"}, "variants.gan.optimizer is 'adagrad'; expected adam or sgd"),
        ({"generator_loss": "mse"}, "generator_loss is 'mse'; expected non_saturating or minimax"),
        ({"label_smoothing": 0.5}, "label_smoothing is 0.5; expected a number from 0 to below 0.5"),
        ({"codes.nz": [2, 2]}, "codes.nz is [2, 2]; expected a list of different whole numbers, each at least 1"),
        ({"codes.nz": [0]}, "codes.nz is 0; expected a list of different whole numbers, each at least 1"),
        ({"data.emnist_split": "all"}, "data.emnist_split is 'all'; expected byclass, bymerge, balanced"),
        ({"image_size": 60}, "image_size is 60; expected a power of two from 16 to 128"),
        ({"image_size": 256}, "image_size is 256; expected a power of two from 16 to 128"),
        ({"dataset": "imagenet"}, f"dataset is 'imagenet'; {EXPECTED_DATASET}"),
        ({"dataset": "x; touch y"}, f"dataset is 'x; touch y'; {EXPECTED_DATASET}"),
        ({"seed": 2**32 - 1, "seeds": 2}, "seed is 4294967295 and seeds 2; expected a sum of at most 4294967296"),
        ({"evaluate.every_epochs": 0}, "evaluate.every_epochs is 0; expected a number above 0, or nothing"),
        ({"classifier.factors": ["Bald", "Bald"]}, "expected a list of up to 12 different attribute names"),
        ({"active": ["dcgn"]}, "unknown variant 'dcgn'; expected one of gan, cgan, dcgan"),
        ({"active": []}, "active is []; expected a list of different variants, at least one"),
        ({"variants.dcgan.lr": "x"}, "variants.dcgan.lr is 'x'; expected a number above 0"),
        ({"data": 3}, "data is 3; expected a section"),
        ({"data.sha256": "abc"}, "data.sha256 is 'abc'; expected 64 hexadecimal digits in quotes, or nothing"),
        ({"data.condition_on": ["Smiling", "Smiling"]}, "expected a list of up to 8 different attribute names"),
        ({"variants.foo": {"lr": 1}}, "variants.foo has no file; expected foo.py in src/gans/variants"),
        ({"run.device": "tpu"}, "run.device is 'tpu'; expected auto, cuda, mps or cpu"),
    ],
)
def test_what_is_wrong_is_named_in_one_line(
    write_params: Callable[..., Path], changes: dict[str, object], line: str
) -> None:
    with pytest.raises(InputError) as caught:
        Params.load(write_params(changes))
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_key_that_is_no_name_is_refused(write_params: Callable[..., Path]) -> None:
    path = write_params({})
    path.write_text(path.read_text() + "5: 1\n")
    with pytest.raises(InputError, match="unknown key 5; expected a name"):
        Params.load(path)


@pytest.mark.parametrize("content", [b"lr: [", b"just words", b"", b"lr: \xff"])
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "params.yaml"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        Params.load(path)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is missing; run from the repository's root"):
        Params.load(tmp_path / "params.yaml")


def test_settings_cannot_be_changed(small: Settings) -> None:
    with pytest.raises(ValueError, match="frozen"):
        small.lr = 1.0  # type: ignore[misc]


def test_mirroring_follows_the_data_unless_it_is_decided(small: Settings) -> None:
    undecided = small.model_copy(update={"random_flip": "auto"})
    assert undecided.for_data(symmetric=True).random_flip is True
    assert undecided.for_data(symmetric=False).random_flip is False
    assert small.for_data(symmetric=False).random_flip is True


def test_the_codes_have_settings_of_their_own(write_params: Callable[..., Path]) -> None:
    params = Params.load(write_params({"codes.lr": 0.5, "codes.width": 7, "beta1": 0.25, "width": 99}))
    settings = params.codes.autoencoder(5, params, at_most=16)
    assert settings.batch_size == 16
    assert (settings.nz, settings.lr, settings.width, settings.beta1) == (5, 0.5, 7, 0.25)
