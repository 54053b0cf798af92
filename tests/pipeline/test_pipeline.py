"""dvc.yaml says the truth about the code: which of it a stage needs, and which parameters it reads."""

import ast
import json
import re
import shutil
from pathlib import Path

import pytest
import yaml
from conftest import ROOT, run
from PIL import Image

from gans.networks import contract
from gans.networks.settings import AdversarialSettings, Settings
from gans.training.settings import CodesSettings

PIPELINE = (ROOT / "dvc.yaml").read_text()
STAGES = yaml.safe_load(PIPELINE)["stages"]
INTERPOLATED = set(re.findall(r"\$\{([a-z_.]+)\}", PIPELINE)) - {"item.variant"}  # keys whose values DVC puts in
CHECKED = "data/params.checked.json"
VARIANT = "${item.variant}"
VARIANTS = [f"src/gans/variants/{name}.py" for name in contract.names()]
LOADS_ONE_VARIANT = {"train", "sample", "evaluate"}
LOADS_ALL_VARIANTS = {"settings", "explore"}
LOADS_A_VARIANT_BY_NAME = {"sample_codes": {"src/gans/variants/vae.py"}}

OF_CODES = {*CodesSettings.model_fields, "init_from"}  # what autoencoders of several sizes do not take from the shared
DECIDES_NOTHING = {"run.save_seconds", "run.save_epochs"}  # of what comes out: no stage is to run again for them

# What a call in a stage reads of params.yaml, beside `params.<key>` itself.
READ_BY_CALL = {
    "params.settings_of": {*AdversarialSettings.model_fields, f"variants.{VARIANT}"},
    "params.codes.autoencoder": {"codes", *(set(Settings.model_fields) - OF_CODES)},
    "params.shared": set(AdversarialSettings.model_fields),
    "params.own": {"variants"},
    "params.known": set(),
}


def file_of(module: str) -> Path | None:
    """Return the file of a module of this project, None for any other."""
    base = (ROOT if module.split(".")[0] == "stages" else ROOT / "src") / Path(*module.split("."))
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.exists()), None)


def imported_by(path: Path) -> set[Path]:
    """Return the project's files that a file imports, with the packages around them."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    modules = {".".join(name.split(".")[:depth]) for name in names for depth in range(1, name.count(".") + 2)}
    return {file for module in modules if (file := file_of(module))}


def is_settings(name: str) -> bool:
    """Return whether a file says what a section of params.yaml may hold: `settings` checks that before all else."""
    return name == "src/gans/params.py" or bool(re.fullmatch(r"src/gans/\w+/settings\.py", name))


def is_empty(path: Path) -> bool:
    """Return whether a file holds no code for a stage, as the __init__.py of packages.

    That of the library offers `gans.load` to others.
    """
    return path == ROOT / "src/gans/__init__.py" or all(
        isinstance(node, ast.Expr) for node in ast.parse(path.read_text()).body
    )


def code_of(stage: str) -> set[str]:
    """Return the files that decide what a stage does, relative to the repository's root.

    What settings there are is not followed where it is only put together: values reach a stage as its parameters.
    """
    reached: set[str] = set()
    waiting = [ROOT / "stages" / f"{stage}.py"]
    waiting += [ROOT / name for name in VARIANTS] if stage in {*LOADS_ONE_VARIANT, *LOADS_ALL_VARIANTS} else []
    waiting += [ROOT / name for name in LOADS_A_VARIANT_BY_NAME.get(stage, ())]
    while waiting:
        name = str((path := waiting.pop()).relative_to(ROOT))
        if name not in reached and not is_empty(path):
            reached.add(name)
            waiting += imported_by(path) if stage == "settings" or name != "src/gans/params.py" else []
    if stage in LOADS_ONE_VARIANT:
        reached = {name for name in reached if name not in VARIANTS} | {f"src/gans/variants/{VARIANT}.py"}
    return reached


def declared_code(stage: str) -> set[str]:
    return {dep for dep in STAGES[stage]["deps"] if dep.startswith(("src/", "stages/"))}


def paths_of(stage: str, kind: str) -> dict[str, dict[str, object]]:
    """Return the outs, metrics or plots of a stage, with what is said of each."""
    entries = (entry if isinstance(entry, dict) else {entry: {}} for entry in STAGES[stage].get(kind, []))
    return {path: said for entry in entries for path, said in entry.items()}


def covers(declared: str, name: str) -> bool:
    return name == declared or name.startswith(f"{declared}/")


def chain(node: ast.expr) -> list[str]:
    """Return the names in an expression such as params.data.root."""
    if isinstance(node, ast.Attribute):
        return [*chain(node.value), node.attr]
    return [node.id] if isinstance(node, ast.Name) else []


def read_parameters(stage: str) -> set[str]:
    """Return the keys that a stage's script reads, found in its text."""
    if stage == "settings":  # reads all, and has to run again for what DVC puts into commands, and for variants' keys
        return INTERPOLATED | {"variants"}
    tree = ast.parse((ROOT / "stages" / f"{stage}.py").read_text())
    inner = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and id(node) not in inner and chain(node)[:1] == ["params"]:
            name = ".".join(chain(node))
            found |= READ_BY_CALL.get(name, {name.removeprefix("params.")})
    found -= DECIDES_NOTHING
    return {key for key in found if not any(key.startswith(f"{section}.") for section in found)}


def test_the_stages_are_those_of_the_pipeline_in_its_order() -> None:
    assert list(STAGES) == [
        *("settings", "download", "preprocess", "classifier", "reference", "train", "sample", "evaluate", "plot"),
        *("overview", "codes", "sample_codes", "gaussian", "report", "explore"),
    ]


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_all_code_that_it_reaches_and_on_no_other(stage: str) -> None:
    declared, reached = declared_code(stage), code_of(stage)
    lacking = {name for name in reached if not any(covers(dep, name) for dep in declared)}
    assert {name for name in lacking if stage == "settings" or not is_settings(name)} == set()
    assert {dep for dep in declared if not any(covers(dep, name) for name in reached)} == set()


@pytest.mark.parametrize("stage", STAGES)
def test_declared_parameters_are_what_the_stage_reads(stage: str) -> None:
    assert sorted(set(STAGES[stage].get("params", []))) == sorted(read_parameters(stage))


TRAINS = {"train", "codes", "gaussian", "classifier"}


@pytest.mark.parametrize(
    ("edited", "run_again"),
    [
        ("src/gans/pages/report.py", {"report", "explore"}),
        ("src/gans/pages/report.html", {"report", "explore"}),
        ("src/gans/zoo/directions.py", {"explore"}),
        ("src/gans/figures/pictures.py", {"sample", "sample_codes", "plot", "overview", "report"}),
        ("src/gans/figures/plots.py", {"plot", "overview", "sample_codes", "report"}),
        ("src/gans/scoring/scores.py", {"reference", "evaluate"}),
        ("src/gans/scoring/generators.py", {"evaluate"}),
        ("src/gans/params.py", {"settings"}),
        ("src/gans/scoring/settings.py", {"settings", "evaluate"}),
        ("src/gans/training/settings.py", {"settings", "train", "codes"}),
        ("src/gans/figures/settings.py", {"settings", "plot", "overview", "sample_codes", "report"}),
        ("src/gans/gaussian/settings.py", {"settings", "gaussian"}),
        ("src/gans/sources/settings.py", {"settings", "download", "preprocess"}),
        ("src/gans/sources/celeba.py", {"download", "preprocess"}),
        ("src/gans/training/loop.py", {"train", "codes"}),
        ("src/gans/gaussian/lesson.py", {"gaussian"}),
        ("src/gans/variants/wgan_gp.py", {"settings", "explore"}),
    ],
)
def test_an_edit_runs_no_more_again_than_what_depends_on_it(edited: str, run_again: set[str]) -> None:
    """`train@wgan_gp` depends on its own file by name, which no other variant's does."""
    found = {stage for stage in STAGES if any(covers(dep, edited) for dep in declared_code(stage))}
    assert found == run_again
    if "training" not in edited and "gaussian" not in edited:
        assert not found & TRAINS


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_runs_its_own_module(stage: str) -> None:
    launcher = "${run.launcher}" if stage == "train" else "python"
    matrix = STAGES[stage].get("matrix")
    assert STAGES[stage]["cmd"] == f"{launcher} -m stages.{stage}" + (f" {VARIANT}" if matrix else "")
    assert matrix in (None, {"variant": "${active}"})


def test_no_command_is_run_with_a_value_that_was_not_checked() -> None:
    """A shell would run what stands in a value: commands come after `settings`, by its out or by those of `train`."""
    of_train = {path for kind in ("outs", "metrics", "plots") for path in paths_of("train", kind)}
    commands = [name for name, stage in STAGES.items() if "${" in stage["cmd"]]
    assert commands == ["train", "sample", "evaluate", "plot"]
    assert CHECKED in STAGES["train"]["deps"]
    assert CHECKED in STAGES["settings"]["outs"]
    for name in commands[1:]:
        assert of_train & set(STAGES[name]["deps"]), name


def test_what_a_stage_reads_is_found_in_any_place() -> None:
    assert chain(ast.parse("params.data.root", mode="eval").body) == ["params", "data", "root"]
    assert "src/gans/sources/toyfaces.py" in code_of("download")
    assert "src/gans/sources/toyfaces.py" not in code_of("train")
    assert "src/gans/variants/vae.py" in code_of("codes")


def test_the_pipeline_can_be_read_from_top_to_bottom() -> None:
    assert PIPELINE.count("\n") <= 250
    assert (ROOT / "params.yaml").read_text().count("\n") <= 145


def test_ignored_artefacts_are_listed_by_hand() -> None:
    ignored = (ROOT / ".gitignore").read_text().split()
    for stage in STAGES:
        for path, options in paths_of(stage, "outs").items():
            assert (f"/{path.split('/')[0]}/" in ignored) == options.get("cache", True), path


def test_the_editor_is_given_losses_scores_and_pictures_by_name(tmp_path: Path) -> None:
    assert run(tmp_path, "dvc", "init", "--no-scm", "--quiet").returncode == 0
    shutil.copytree(ROOT / ".dvc/plots", tmp_path / ".dvc/plots", dirs_exist_ok=True)
    (tmp_path / "dvc.yaml").write_text(PIPELINE)
    params = yaml.safe_load((ROOT / "params.yaml").read_text()) | {"active": ["vae"]}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    for folder in ("metrics/losses", "metrics/scores", "samples/codes", "samples/vae"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "metrics/losses/vae.csv").write_text("images,loss_d,loss_g\n16,,3.5\n")
    (tmp_path / "metrics/scores/vae.csv").write_text("images,fid_lite0\n16,4000\n")
    Image.new("RGB", (4, 4)).save(tmp_path / "samples/vae/grid.png")
    done = run(tmp_path, "dvc", "plots", "show", "--json")
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    assert "errors" not in shown, shown["errors"]
    assert {path: plots[0]["type"] for path, plots in shown["data"].items()} == {
        "metrics/losses/vae.csv": "vega", "metrics/scores/vae.csv": "vega", "samples/vae/grid.png": "image"
    }  # fmt: skip
    losses, scores = (json.dumps(shown["data"][f"metrics/{name}/vae.csv"]) for name in ("losses", "scores"))
    assert "vae: losses" in losses
    assert "loss of D" in losses  # by the repository's own template
    assert "vae: FID" in scores
    assert "<DVC_METRIC" not in losses + scores
