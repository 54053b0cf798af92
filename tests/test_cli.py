"""The command `gans`, in the environment's own program."""

import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from clone import Workspace, cloned
from conftest import ROOT, run

from gans import cli

PROGRAM = str(Path(sys.executable).with_name("gans"))


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A repository in which the pipeline has trained a pair without labels, and one with them."""
    changes = {"active": ["dcgan", "cdcgan"], "lessons": [], "seeds": 1, "epochs": 1}
    clone = cloned(tmp_path_factory.mktemp("clone") / "gans", {**changes, "variants.cdcgan": {}})
    clone.run("dvc", "repro", "evaluate@dcgan", "train@cdcgan")
    return clone


def gans(workspace: Workspace, *words: str) -> tuple[int, str, str]:
    """Return the status of a command in the workspace, what it printed, and its last line on standard error."""
    done = run(workspace.folder, PROGRAM, *words)
    return done.returncode, done.stdout, (done.stderr.splitlines() or [""])[-1].rpartition("\r")[2]


@pytest.mark.slow
def test_pictures_are_drawn_listed_and_scored(workspace: Workspace, tmp_path: Path) -> None:
    listed = gans(workspace, "list")[1]
    assert {"cdcgan", "dcgan"} <= {line.split()[0] for line in listed.splitlines()}
    assert "not Smiling, Smiling" in listed

    status, said, _ = gans(workspace, "generate", "models/dcgan", "--count", "50", "--out", f"{tmp_path}/new/fakes")
    assert (status, said) == (0, f"50 pictures of DCGAN (dcgan), seed 0: {tmp_path}/new/fakes\n")
    assert len(list((tmp_path / "new" / "fakes").iterdir())) == 50
    smiling = ["generate", "cdcgan", "--class", "Smiling", "--truncation", "0.7", "--seed", "3"]
    assert gans(workspace, *smiling, "--grid", "--out", f"{tmp_path}/grid.png")[0] == 0
    assert gans(workspace, *smiling, "--out", f"{tmp_path}/x.npz")[0] == 0
    assert np.load(tmp_path / "x.npz")["arr_0"].shape == (16, 16, 16, 3)
    assert gans(workspace, *smiling, "--interpolate", "--out", f"{tmp_path}/walk.gif")[0] == 0

    status, said, _ = gans(
        workspace, "score", f"{tmp_path}/new/fakes", "--against", "toyfaces", "--json", f"{tmp_path}/scores.json"
    )
    assert status == 0
    assert [line.split()[0] for line in said.splitlines()[:3]] == ["score", "FID", "KID"]
    assert "50 pictures against 80 held-out real ones of toyfaces." in said
    assert "Fewer pictures score worse than they are" in said
    scores = json.loads((tmp_path / "scores.json").read_text())
    assert (scores["n_real"], scores["n_fake"]) == (80, 50)

    # A real picture is as good as real pictures are: what the training images score, taken for fakes, is the floor.
    processed = np.load(workspace.folder / "data/processed/toyfaces/images.npy")
    np.savez(tmp_path / "real.npz", processed[np.linspace(0, 239, 80).round().astype(int)])
    gans(workspace, "score", f"{tmp_path}/real.npz", "--against", "toyfaces", "--json", f"{tmp_path}/real.json")
    real, floor = json.loads((tmp_path / "real.json").read_text()), workspace.json("metrics/floor.json")
    assert real == {key: floor[key] for key in real}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["generate", "dcgann"], "no generator is called 'dcgann'; .*; did you mean dcgan?"),
        (["generate", "dcgan", "--count", "0"], "--count is 0; expected a whole number of at least 1"),
        (["generate", "dcgan", "--class", "Smiling"], "dcgan knows no classes, but 'Smiling' was asked for"),
        (["generate", "cdcgan", "--class", "Smilign"], "cdcgan knows no class 'Smilign'; .*; did you mean Smiling?"),
        (["generate", "src"], "src holds no generator.safetensors"),
        (["generate", "dcgan", "--out", "src"], "src is there already; .*: nothing was written"),
        (["generate", "dcgan", "--grid", "--out", "folder"], "--out is folder; expected a name in .png with --grid"),
        (["generate", "dcgan", "--out", "x.gif"], "--out is x.gif; expected"),
        (["score", "nothing", "--against", "toyfaces"], "nothing does not exist; expected a folder"),
        (["score", "src", "--against", "toyfaces"], "src holds no picture"),
        (["score", "src", "--against", "celeba"], "data/reference/celeba is missing; .* run `dvc repro reference`"),
    ],
    ids=lambda value: "-".join(value)[:40] if isinstance(value, list) else "",
)
def test_what_is_wrong_is_told_in_one_line_and_nothing_is_written(
    words: list[str],
    message: str,
    workspace: Workspace,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(workspace.folder)
    monkeypatch.setattr(sys, "argv", ["gans", *words])
    monkeypatch.setattr("gans.base.signals.heed", lambda: None)
    before = sorted(workspace.folder.iterdir())
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    last = capsys.readouterr().err.splitlines()[-1].rpartition("\r")[2]
    assert re.match(f"gans {words[0]}: .*{message}", last), last
    assert sorted(workspace.folder.iterdir()) == before


@pytest.mark.parametrize("words", [["--help"], ["generate", "--help"], ["score", "--help"], ["list", "--help"]])
def test_help_teaches(words: list[str]) -> None:
    done = run(ROOT, PROGRAM, *words)
    assert done.returncode == 0
    assert "examples:" in done.stdout or words[0] in ("--help", "list")


def test_no_command_is_told_with_what_there_is() -> None:
    done = run(ROOT, PROGRAM)
    assert done.returncode == 2
    assert "usage: gans" in done.stderr
