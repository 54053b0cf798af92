"""Which commit the files at hand are."""

import re
import subprocess
from pathlib import Path

import pytest

from gans.pages import revision


def test_outside_of_git_it_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert revision.checked_out() == "unknown"


def test_it_is_the_commit_and_whether_code_or_settings_differ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("src", "stages"):
        (tmp_path / name).mkdir()
    for name in ("params.yaml", "dvc.yaml", "result"):
        (tmp_path / name).write_text("1")
    me = ["-c", "user.name=tests", "-c", "user.email=tests@localhost"]
    for words in (["init", "-q", "-b", "main"], ["add", "."], [*me, "commit", "-q", "-m", "first"]):
        subprocess.run(["git", *words], check=True)
    commit = revision.checked_out()
    assert re.fullmatch("[0-9a-f]{12}", commit)
    (tmp_path / "result").write_text("2")
    assert revision.checked_out() == commit
    (tmp_path / "params.yaml").write_text("2")
    assert revision.checked_out() == f"{commit}, with changes not committed then"
