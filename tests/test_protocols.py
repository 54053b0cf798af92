"""Published protocols as settings."""

import shutil
from pathlib import Path

import pytest
import yaml
from conftest import ROOT
from dvc.utils.hydra import apply_overrides

import stages.settings
from gans import commands, protocols
from gans.base.errors import InputError

NAMES = list(yaml.safe_load((ROOT / protocols.PROTOCOLS).read_text()))


@pytest.fixture
def experiment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """What DVC would be told, in a folder with this checkout's settings."""
    (tmp_path / "docs").mkdir()
    for path in (protocols.PROTOCOLS, Path("params.yaml")):
        shutil.copy(ROOT / path, tmp_path / path)
    monkeypatch.chdir(tmp_path)
    told: list[str] = []
    monkeypatch.setattr(commands, "run", told.extend)
    return told


@pytest.mark.parametrize("dry", ["", "1"])
@pytest.mark.parametrize("name", NAMES)
def test_each_is_an_experiment_with_settings_that_are_accepted(experiment: list[str], name: str, dry: str) -> None:
    protocols.main(name, "some/folder", dry)
    assert experiment[:6] == ["dvc", "exp", "run", "--temp", "-n", f"{name}-dry" if dry else name]
    apply_overrides(Path("params.yaml"), experiment[7::2])
    stages.settings.main()  # refuses what no variant knows
    values = yaml.safe_load(Path("params.yaml").read_text())
    (variant,) = values["active"]
    assert values["data"]["root"] == "some/folder"
    assert values["evaluate"]["max_images"] == (64 if dry else 50_000)
    assert (values["evaluate"]["inception_weights"] is None) == bool(dry)
    entry = values["variants"][variant]
    assert (entry["epochs"] == 1) == bool(dry)
    # What stands in the entry counts: a protocol has to set it there.
    given = {option.partition("=")[0].lstrip("+") for option in experiment[7::2]}
    assert [key for key in given & entry.keys() if f"variants.{variant}.{key}" not in given] == []


def test_a_wrong_name_is_told_with_the_nearest(experiment: list[str]) -> None:
    with pytest.raises(InputError, match=r"NAME is .mimicri.; expected one of .*yaml; did you mean mimicry\?"):
        protocols.main("mimicri")
    with pytest.raises(InputError, match=r"no NAME; expected make protocol NAME=\.\.\., one of mimicry, ttur, r3gan"):
        protocols.main()
    with pytest.raises(InputError, match="DRY=1 fetches nothing; expected DATA_ROOT="):
        protocols.main("mimicry", "", "1")
    assert not experiment
