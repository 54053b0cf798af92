"""The first stage: what it refuses before anything runs, and what it leaves for those that come later."""

import json
import re
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

    def check(changes: dict[str, object]) -> bytes:
        write_params(changes)
        settings.main()
        return paths.CHECKED.read_bytes()

    return check


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("dcgan.lrr", 1e-4, "unknown key {} (0.0001); did you mean lr?"),
        ("dcgan.beta_1", None, "unknown key {} (None); did you mean beta1?"),
        ("wgan_gp.penalty", 5, "unknown key {} (5); did you mean penalty_weight?"),
        ("vae.lr_d", 1e-4, "{} is 0.0001, but vae does not take it; remove the key"),
        ("vae.generator_loss", "minimax", "{} is 'minimax', but vae does not take it; remove the key"),
        ("r3gan.gamma", -1, "{} is -1; expected a number, at least 0"),
        ("dcgan.seed", 1, "{} cannot differ between variants; set seed itself"),
    ],
)
def test_an_entry_is_checked_by_its_variant(checked: Callable[..., bytes], key: str, value: object, line: str) -> None:
    with pytest.raises(InputError, match=re.escape(line.format(f"variants.{key}"))):
        checked({f"variants.{key}": value})
    assert not paths.CHECKED.exists()


def test_what_later_stages_depend_on_is_the_same_for_all_settings_that_are_right(checked: Callable[..., bytes]) -> None:
    others = {"active": ["vae"], "lr": 0.5, "variants.dcgan": {"lr": 1e-4}, "dataset": "mnist"}
    assert checked({}) == checked(others)


def test_an_editor_finds_every_key_of_a_variant_and_no_other(checked: Callable[..., bytes]) -> None:
    checked({})
    schema = json.loads(paths.SCHEMA.read_text())
    assert set(schema["properties"]["variants"]["properties"]) == set(contract.names())
    entries = {name: set(entry["properties"]) for name, entry in schema["properties"]["variants"]["properties"].items()}
    assert entries["dcgan"] | {"penalty_weight"} == entries["wgan_gp"] | {"generator_loss", "label_smoothing"}
    assert "seed" not in entries["dcgan"]
    assert schema["properties"]["lr"]["description"] == "a number above 0"
    assert f"$schema={paths.SCHEMA}" in (ROOT / "params.yaml").read_text().splitlines()[0]
