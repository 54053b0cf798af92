"""An entry of the zoo from an experiment to its card, and the command `gans` that draws from it."""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml
from clone import Workspace, cloned
from conftest import ROOT, run
from PIL import Image

from gans import cli, packing
from gans.base.errors import InputError
from gans.zoo import catalogue, directions, exported

pytestmark = pytest.mark.slow
PROGRAM = str(Path(sys.executable).with_name("gans"))
ENTRY = "cdcgan-toyfaces"
SETTINGS = {
    "active": ["cdcgan"],
    "++variants.cdcgan.epochs": 1,
    "lessons": [],
    "seeds": 1,
    "evaluate.every_epochs": None,
}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, prepared_cache: Path) -> Workspace:
    """A repository in which `make zoo` has trained an entry that takes seconds."""
    clone = cloned(tmp_path_factory.mktemp("clone") / "gans", cache=prepared_cache)
    recipes = clone.folder / packing.RECIPES
    values = yaml.safe_load(recipes.read_text())
    values[ENTRY]["settings"] = SETTINGS
    recipes.write_text(yaml.safe_dump(values, sort_keys=False))
    clone.commit()
    clone.run(sys.executable, "-m", "gans.packing", ENTRY)
    clone.run("dvc", "repro", "reference")  # what the experiment left in the cache
    return clone


@pytest.fixture(scope="module")
def entry(workspace: Workspace) -> Path:
    return workspace.folder / "zoo" / ENTRY


def test_an_entry_has_all_that_is_promised(workspace: Workspace, entry: Path) -> None:
    names = {"generator.safetensors", "generator.onnx", "settings.json", "directions.json", "card.json"}
    assert {path.name for path in entry.iterdir()} == names | {"README.md", "picture.webp"}
    with Image.open(entry / "picture.webp") as picture:
        assert picture.size == (8 * 18 + 2, 8 * 18 + 2)
    card = catalogue.card(entry)
    assert card["images_seen"] == 240
    assert card["title"] == "cDCGAN"
    assert card["commit"] == workspace.run("git", "rev-parse", "HEAD").strip()
    assert card["command"].startswith("dvc exp run --temp -n zoo-cdcgan-toyfaces -S 'active=[cdcgan]' -S ++variants.")
    assert card["command"].endswith(" -S evaluate.every_epochs=null evaluate@cdcgan")
    assert set(card["scores"]) == set(card["noise"]) == set(card["floor"])
    assert {"fid_lite0", "precision", "combination_share", "condition_accuracy"} <= set(card["scores"])
    page = (entry / "README.md").read_text()
    assert f"| fid_lite0 | {card['scores']['fid_lite0']:.4g} | " in page
    assert "`z`, `label` to `images`" in page


def test_it_draws_as_the_training_did_but_for_half_precision_and_so_does_the_onnx_file(
    workspace: Workspace, entry: Path, tmp_path: Path
) -> None:
    from dvc.api import DVCFileSystem

    files = DVCFileSystem(str(workspace.folder), rev=f"zoo-{ENTRY}")
    files.get("models/cdcgan", str(tmp_path / "cdcgan"), recursive=True)
    packed, trained = catalogue.load(entry), catalogue.load(tmp_path / "cdcgan")
    assert packed.classes == ("not Smiling", "Smiling")
    assert np.abs(packed(32).astype(int) - trained(32)).max() <= 2
    content = (entry / "generator.onnx").read_bytes()
    assert exported.difference(content, packed) < exported.NEAR
    found = json.loads((entry / directions.FILE).read_text())
    assert {len(axis) for axis in found.values()} == {packed.nz}


def test_a_second_time_trains_nothing_and_gives_the_same_bytes(workspace: Workspace, entry: Path) -> None:
    before = {path.name: path.read_bytes() for path in entry.iterdir()}
    output = workspace.run(sys.executable, "-m", "gans.packing", ENTRY)
    assert "Running stage" not in output
    assert {path.name: path.read_bytes() for path in entry.iterdir()} == before


def test_an_experiment_with_other_settings_than_its_recipe_is_not_packed(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(workspace.folder)
    sound = packing.RECIPES.read_text()
    values = yaml.safe_load(sound)
    values[ENTRY]["settings"] = SETTINGS | {"nz": 9}
    packing.RECIPES.write_text(yaml.safe_dump(values, sort_keys=False))
    with pytest.raises(InputError, match=f"experiment zoo-{ENTRY} has other settings than {packing.RECIPES}") as told:
        packing.main(ENTRY)
    packing.RECIPES.write_text(sound)
    assert f"`dvc exp remove zoo-{ENTRY}` forgets it" in str(told.value)


def test_a_wrong_name_is_told_with_the_nearest(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workspace.folder)
    with pytest.raises(InputError, match=r"NAME is .vae-toyface.; expected one of .*did you mean vae-toyfaces\?"):
        packing.main("vae-toyface")
    assert "zoo: no NAME; expected make zoo NAME=..., one of" in workspace.run(
        sys.executable, "-m", "gans.packing", "", "", check=False
    )


@pytest.fixture
def gans(
    workspace: Workspace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., str]:
    """A function that carries out a command in the workspace, in this process, and returns what it printed."""
    monkeypatch.chdir(workspace.folder)
    monkeypatch.setattr("gans.base.signals.heed", lambda: None)

    def gans(*words: str) -> str:
        monkeypatch.setattr(sys, "argv", ["gans", *words])
        cli.main()
        return capsys.readouterr().out

    return gans


def test_pictures_are_drawn_listed_and_scored(workspace: Workspace, tmp_path: Path, gans: Callable[..., str]) -> None:
    listed = gans("list")
    assert ENTRY in {line.split()[0] for line in listed.splitlines()}  # one table, without a blank line
    assert max(map(len, listed.splitlines())) <= 120
    assert "not Smiling, Smiling" in listed

    fifty = ["generate", f"zoo/{ENTRY}", "--count", "50", "--out", f"{tmp_path}/new/fakes"]
    done = run(workspace.folder, PROGRAM, *fifty)
    assert (done.returncode, done.stdout) == (0, f"50 pictures of cDCGAN ({ENTRY}), seed 0: {tmp_path}/new/fakes\n")
    assert len(list((tmp_path / "new" / "fakes").iterdir())) == 50
    smiling = ["generate", ENTRY, "--class", "Smiling", "--truncation", "0.7", "--seed", "3"]
    gans(*smiling, "--grid", "--out", f"{tmp_path}/grid.png")
    gans(*smiling, "--out", f"{tmp_path}/x.npz")
    assert np.load(tmp_path / "x.npz")["arr_0"].shape == (16, 16, 16, 3)
    gans(*smiling, "--interpolate", "--out", f"{tmp_path}/walk.gif")
    assert {path.name for path in tmp_path.iterdir()} >= {"grid.png", "walk.gif"}
    for way, count in (([], "2"), (["--interpolate"], "5")):  # from picture 0, in its class
        gans("generate", ENTRY, "--count", count, *way, "--out", f"{tmp_path}/{count}.npz")
    first, walk = (np.load(tmp_path / f"{count}.npz")["arr_0"] for count in (2, 5))
    assert (walk[0] == first[0]).all()

    said = gans("score", f"{tmp_path}/new/fakes", "--against", "toyfaces", "--json", f"{tmp_path}/scores.json")
    assert [line.split()[0] for line in said.splitlines()[:3]] == ["score", "FID", "KID"]
    assert "50 pictures against 80 real ones of toyfaces." in said
    assert "Fewer pictures score worse than they are" in said
    scores = json.loads((tmp_path / "scores.json").read_text())
    assert (scores["n_real"], scores["n_fake"]) == (80, 50)

    # A real picture is as good as real pictures are: what the training images score, taken for fakes, is the floor.
    processed = np.load(workspace.folder / "data/processed/toyfaces/images.npy")
    np.savez(tmp_path / "real.npz", processed[np.linspace(0, 239, 80).round().astype(int)])
    score = ["score", f"{tmp_path}/real.npz", "--against", "toyfaces", "--json", f"{tmp_path}/real.json"]
    assert run(workspace.folder, PROGRAM, *score).returncode == 0
    real, floor = json.loads((tmp_path / "real.json").read_text()), workspace.json("metrics/floor.json")
    assert real == {key: floor[key] for key in real}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["generate", "cdcgan-toyface"], "no generator is called .*; did you mean cdcgan-toyfaces?"),
        (["generate", ENTRY, "--count", "0"], "--count is 0; expected a whole number of at least 1"),
        (
            ["generate", f"{ROOT}/zoo/dcgan-toyfaces", "--class", "Smiling"],
            "dcgan-toyfaces knows no classes, but 'Smiling' was asked for",
        ),
        (["generate", ENTRY, "--class", "Smilign"], f"{ENTRY} knows no class 'Smilign'; .*; did you mean Smiling?"),
        (["generate", "src"], "src holds no generator.safetensors"),
        (["generate", ENTRY, "--out", "src"], "src is there already; .*: nothing was written"),
        (["generate", ENTRY, "--grid", "--out", "folder"], "--out is folder; expected a name in .png with --grid"),
        (["generate", ENTRY, "--out", "x.gif"], "--out is x.gif; expected"),
        (["score", "nothing", "--against", "toyfaces"], "nothing does not exist; expected a folder"),
        (["score", "src", "--against", "toyfaces"], "src holds no picture"),
        (["score", "src", "--against", "celeba"], "data/reference/celeba is missing; .* run `dvc repro reference`"),
    ],
    ids=lambda value: "-".join(value)[:40] if isinstance(value, list) else "",
)
def test_what_is_wrong_is_told_in_one_line_and_nothing_is_written(
    words: list[str], message: str, workspace: Workspace, gans: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(workspace.folder.iterdir())
    with pytest.raises(SystemExit) as ended:
        gans(*words)
    assert ended.value.code == 1
    last = capsys.readouterr().err.splitlines()[-1].rpartition("\r")[2]
    assert re.match(f"gans {words[0]}: .*{message}", last), last
    assert sorted(workspace.folder.iterdir()) == before


COMMANDS = [["--help"], *([name, "--help"] for name in ("generate", "export", "list", "score"))]


@pytest.mark.parametrize("words", COMMANDS)
def test_help_teaches(words: list[str]) -> None:
    done = run(ROOT, PROGRAM, *words)
    assert done.returncode == 0
    assert "examples:" in done.stdout or words[0] in ("--help", "export", "list")


def test_no_command_is_told_with_what_there_is() -> None:
    done = run(ROOT, PROGRAM)
    assert done.returncode == 2
    assert "usage: gans" in done.stderr


def test_a_generator_is_exported_once_its_images_agree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "vae.onnx"

    def export(*words: str) -> int:
        monkeypatch.setattr(sys, "argv", ["gans", "export", *words])
        try:
            cli.main()
        except SystemExit as end:
            return int(end.code or 0)
        return 0

    assert export("vae-toyfaces", "--out", str(out)) == 0
    assert exported.difference(out.read_bytes(), catalogue.load("vae-toyfaces")) < exported.NEAR
    assert export("vae-toyfaces", "--out", str(out)) == 1
    assert export("vae-toyfaces", "--out", str(tmp_path / "vae.pt")) == 1
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert export("vae-toyfaces", "--out", str(tmp_path / "other.onnx")) == 1
    existing, suffix, missing = capsys.readouterr().err.splitlines()
    assert "vae.onnx" in existing
    assert suffix.endswith("vae.pt; expected a name in .onnx")
    assert missing.endswith("onnx is not installed; expected the extra zoo: pip install -e '.[zoo]'")
    assert list(tmp_path.iterdir()) == [out]
