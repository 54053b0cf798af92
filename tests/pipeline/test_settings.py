"""The first stage: what it refuses before anything runs, and what it leaves for those that come later."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import ROOT

from gans.base import paths
from gans.base.errors import InputError
from gans.networks import contract
from stages import settings


@pytest.fixture
def checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_params: Callable[..., Path]) -> Callable[..., bytes]:
    """A function that checks the committed settings with some changed, and returns what later stages depend on."""
    monkeypatch.chdir(tmp_path)

    def check(**changes: object) -> bytes:
        write_params({key.replace("__", "."): value for key, value in changes.items()})
        settings.main()
        return paths.CHECKED.read_bytes()

    return check


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"variants__dcgan__lrr": 1e-4}, r"unknown key variants\.dcgan\.lrr \(0\.0001\); did you mean lr\?"),
        (
            {"variants__wgan_gp__penalty": 5},
            r"unknown key variants\.wgan_gp\.penalty \(5\); did you mean penalty_weight\?",
        ),
        ({"variants__vae__lr_d": 1e-4}, r"variants\.vae\.lr_d is 0\.0001, but vae does not take it; remove the key"),
        ({"variants__r3gan__gamma": -1}, r"variants\.r3gan\.gamma is -1; expected a number, at least 0"),
    ],
)
def test_an_entry_is_checked_by_its_own_variant(
    checked: Callable[..., bytes], changes: dict[str, object], line: str
) -> None:
    with pytest.raises(InputError, match=line):
        checked(**changes)
    assert not paths.CHECKED.exists()


def test_what_later_stages_depend_on_is_the_same_for_all_settings_that_are_right(checked: Callable[..., bytes]) -> None:
    assert checked() == checked(active=["vae"], lr=0.5, variants__dcgan={"lr": 1e-4}, dataset="mnist")


def test_an_editor_finds_every_key_of_a_variant_and_no_other(checked: Callable[..., bytes]) -> None:
    checked()
    schema = json.loads(paths.SCHEMA.read_text())
    assert set(schema["properties"]["variants"]["properties"]) == set(contract.names())
    entries = {name: set(entry["properties"]) for name, entry in schema["properties"]["variants"]["properties"].items()}
    assert entries["dcgan"] | {"penalty_weight"} == entries["wgan_gp"] | {"generator_loss", "label_smoothing"}
    assert "seed" not in entries["dcgan"]
    assert schema["properties"]["lr"]["description"] == "a number above 0"
    assert f"$schema={paths.SCHEMA}" in (ROOT / "params.yaml").read_text().splitlines()[0]
