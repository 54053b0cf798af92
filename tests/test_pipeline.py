"""dvc.yaml says the truth about the code: which files a stage imports, and which parameters it reads."""

import ast
import re
from pathlib import Path

import pytest
import yaml
from conftest import ROOT

from gans import variants
from gans.config import AdversarialSettings, Codes, Settings

PIPELINE = (ROOT / "dvc.yaml").read_text()
STAGES = yaml.safe_load(PIPELINE)["stages"]
INTERPOLATED = set(re.findall(r"\$\{([a-z_.]+)\}", PIPELINE)) - {"item.variant"}  # keys whose values DVC puts in
CHECKED = "data/params.schema.json"
VARIANT = "${item.variant}"
VARIANTS = "src/gans/variants"
LOADS_ONE_VARIANT = {"train", "sample", "evaluate"}
LOADS_ALL_VARIANTS = {"overview", "report"}

OF_CODES = {*Codes.model_fields, "init_from"}  # what the autoencoders of several sizes do not take from the shared ones

DECIDES_NOTHING = {"run.save_seconds", "run.save_epochs"}  # of what comes out: no stage is to run again for them

# What a call in a stage reads of params.yaml, beside `params.<key>` itself.
READ_BY_CALL = {
    "settings_of": {*AdversarialSettings.model_fields, f"variants.{VARIANT}"},
    "codes_settings": {*(set(Settings.model_fields) - OF_CODES), *(f"codes.{key}" for key in Codes.model_fields)},
    "shared_settings": set(AdversarialSettings.model_fields),
    "own_settings": {"variants"},
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


def code_of(*roots: Path) -> set[str]:
    """Return all files of the project that importing `roots` reads, relative to its root."""
    reached: set[Path] = set()
    waiting = list(roots)
    while waiting:
        if (path := waiting.pop()) not in reached:
            reached.add(path)
            waiting += imported_by(path)
    return {str(path.relative_to(ROOT)) for path in reached}


def expected_code(stage: str) -> set[str]:
    found = code_of(ROOT / "stages" / f"{stage}.py")
    files = [ROOT / VARIANTS / f"{name}.py" for name in variants.names()]
    if stage in LOADS_ONE_VARIANT:
        own = {str(path.relative_to(ROOT)) for path in files}
        return found | (code_of(*files) - own) | {f"{VARIANTS}/{VARIANT}.py"}
    if stage in LOADS_ALL_VARIANTS:  # the folder itself is listed
        return {name for name in found | code_of(*files) if not name.startswith(VARIANTS)} | {VARIANTS}
    return found


def declared_code(stage: str) -> list[str]:
    code = [dep for dep in STAGES[stage]["deps"] if dep.startswith(("src/", "stages/"))]
    return [dep for dep in code if not dep.endswith((".css", ".html", ".js"))]


def chain(node: ast.expr) -> list[str]:
    """Return the names in an expression such as params.data.root."""
    if isinstance(node, ast.Attribute):
        return [*chain(node.value), node.attr]
    return [node.id] if isinstance(node, ast.Name) else []


def read_parameters(stage: str) -> set[str]:
    """Return the keys that a stage's script reads, found in its text."""
    tree = ast.parse((ROOT / "stages" / f"{stage}.py").read_text())
    inner = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    found = INTERPOLATED if stage == "settings" else set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and id(node) not in inner and chain(node)[:1] == ["params"]:
            found.add(".".join(chain(node)[1:]))
        if isinstance(node, ast.Call):
            found |= READ_BY_CALL.get(chain(node.func)[-1] if chain(node.func) else "", set())
    found = found - DECIDES_NOTHING
    return {key for key in found if not any(key.startswith(f"{section}.") for section in found)}


def test_the_stages_are_those_of_the_pipeline_in_its_order() -> None:
    assert list(STAGES) == [
        *("settings", "download", "preprocess", "classifier", "reference"),
        *("train", "sample", "evaluate", "plot", "overview", "codes", "gaussian", "report"),
    ]


@pytest.mark.parametrize("stage", STAGES)
def test_declared_code_is_what_the_stage_imports(stage: str) -> None:
    assert sorted(declared_code(stage)) == sorted(expected_code(stage))


@pytest.mark.parametrize("stage", STAGES)
def test_declared_parameters_are_what_the_stage_reads(stage: str) -> None:
    assert sorted(STAGES[stage].get("params", [])) == sorted(read_parameters(stage))


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_runs_its_own_module(stage: str) -> None:
    launcher = "${run.launcher}" if stage == "train" else "python"
    matrix = STAGES[stage].get("matrix")
    assert STAGES[stage]["cmd"] == f"{launcher} -m stages.{stage}" + (f" {VARIANT}" if matrix else "")
    assert matrix in (None, {"variant": "${active}"})


def test_no_command_is_run_with_a_value_that_was_not_checked() -> None:
    """A shell would run what stands in a value: commands come after `settings`, by its out or by those of `train`."""
    of_train = [*STAGES["train"]["outs"], *(path for entry in STAGES["train"]["metrics"] for path in entry)]
    of_train += [path for entry in STAGES["train"]["plots"] for path in entry]
    commands = [name for name, stage in STAGES.items() if "${" in stage["cmd"]]
    assert commands == ["train", "sample", "evaluate", "plot"]
    assert CHECKED in STAGES["train"]["deps"]
    assert STAGES["settings"]["outs"] == [CHECKED]
    for name in commands[1:]:
        assert set(of_train) & set(STAGES[name]["deps"]), name


def test_what_a_stage_reads_is_found_in_any_place(tmp_path: Path) -> None:
    assert chain(ast.parse("params.data.root", mode="eval").body) == ["params", "data", "root"]
    assert "src/gans/toyfaces.py" in code_of(ROOT / "stages" / "download.py")
    assert "src/gans/toyfaces.py" not in code_of(ROOT / "stages" / "train.py")


def test_ignored_artefacts_are_listed_by_hand() -> None:
    ignored = (ROOT / ".gitignore").read_text().split()
    for stage in STAGES.values():
        for out in stage.get("outs", []):
            path, options = next(iter(out.items())) if isinstance(out, dict) else (out, {})
            cached = options.get("cache", True)
            assert (f"/{path.split('/')[0]}/" in ignored) == cached, path
