"""Every setting that the README and docs/ tell to change can be changed so, by DVC."""

import re
import shlex
import shutil
from contextlib import nullcontext
from pathlib import Path

import pytest
import yaml
from clone import cloned
from conftest import ROOT
from dvc.utils.hydra import apply_overrides, get_hydra_sweeps

import stages.settings
from gans.base.errors import InputError

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
REFUSED = {"dcgan; touch y": "touch y", "first:29400": "nothing answers at first"}  # what stands in it, and the line
SETTING = re.compile(r"""-S\s+('[^']*'|"[^"]*"|[^\s'"`;)]+)""")


def commands(page: Path) -> list[list[str]]:
    """Return the settings, such as `lr=1e-4`, of each command line or piece of code on a page that has any."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.M | re.S)
    prose = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    found = [SETTING.findall(line) for line in lines]
    found += [SETTING.findall(code) for code in re.findall(r"`([^`]+)`", prose)]
    return [[shlex.split(setting)[0] for setting in settings] for settings in found if settings]


FOUND = {f"{page.relative_to(ROOT)}: {' '.join(found)}": found for page in PAGES for found in commands(page)}


@pytest.fixture
def params(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the committed settings in the working directory."""
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copy(ROOT / "params.yaml", tmp_path))


def test_they_are_found() -> None:
    assert ["dataset=celeba", "data.condition_on=[]", "active=[dcgan]"] in FOUND.values()
    assert ['run.launcher="torchrun --standalone --nproc-per-node=2"'] in FOUND.values()
    assert ["lr=1e-4,2e-4,4e-4"] in FOUND.values()
    for page in PAGES:
        written = re.findall(r"-S\s+['\"]?(?:[\w+.]+=|~)", page.read_text(encoding="utf-8"))
        assert len(written) == sum(map(len, commands(page))), page


@pytest.mark.parametrize("settings", FOUND.values(), ids=FOUND.keys())
def test_each_gives_settings_that_are_accepted(settings: list[str], params: Path) -> None:
    committed = params.read_bytes()
    for sweep in get_hydra_sweeps({"params.yaml": settings}):
        params.write_bytes(committed)
        apply_overrides(params, sweep["params.yaml"])
        lines = [line for part, line in REFUSED.items() if part in " ".join(settings)]
        with pytest.raises(InputError, match=lines[0]) if lines else nullcontext():
            stages.settings.main()


def lists(values: dict[str, object], *above: str) -> list[str]:
    """Return the dotted keys of all lists."""
    found = []
    for key, value in values.items():
        found += lists(value, *above, key) if isinstance(value, dict) else []
        found += [".".join([*above, key])] if isinstance(value, list) else []
    return found


@pytest.mark.parametrize("key", lists(yaml.safe_load((ROOT / "params.yaml").read_text())))
def test_a_list_can_be_emptied_also_after_it_was_changed(key: str, params: Path) -> None:
    """A comment behind the key would swallow the next line's break when DVC empties a list."""
    for setting in (f"{key}=[a,b]", f"{key}=[]", f"{key}=[c]", f"{key}=[]"):
        apply_overrides(params, [setting])
        yaml.safe_load(params.read_text())


@pytest.mark.slow
def test_dvc_itself_takes_one(tmp_path: Path) -> None:
    clone = cloned(tmp_path)
    clone.experiment("dataset=celeba", "data.condition_on=[]", "active=[dcgan]", words=["settings"])
    found = yaml.safe_load((tmp_path / "params.yaml").read_text())
    assert (found["data"]["condition_on"], found["active"]) == ([], ["dcgan"])
