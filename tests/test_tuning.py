"""The tuning budget: what is tried, who goes on, what is told of it, and a sweep that is interrupted."""

import csv
import itertools
import math
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from conftest import ROOT, run

from gans.base.errors import InputError
from gans.networks import contract
from gans.networks.settings import VARIANTS
from gans.params import Params
from gans.tuning import findings, recipe, sweep
from gans.tuning.recipe import Recipe

NAMES = sorted(path.stem for path in VARIANTS.glob("[!_]*.py"))
COMMITTED = yaml.safe_load((ROOT / recipe.RECIPE).read_text())


def recipe_with(folder: Path, **changes: Any) -> Recipe:
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump({**COMMITTED, **changes}))
    return Recipe.load(path)


def trials_of(name: str, found: Recipe, params: Path = ROOT / "params.yaml") -> list[dict[str, Any]]:
    return found.trials_of(name, Params.load(params).settings_of(name, contract.load(name).Settings))


@pytest.mark.parametrize("name", NAMES)
def test_every_variant_has_as_many_different_trials_that_it_can_train(name: str) -> None:
    found = trials_of(name, Recipe.load(ROOT / recipe.RECIPE))
    assert len(found) == COMMITTED["trials"]
    assert found[0] == {}
    assert len({str(sorted(trial.items())) for trial in found}) == len(found)
    params = Params.load(ROOT / "params.yaml")
    for trial in found:
        entries = {**params.variants, name: {**(params.variants[name] or {}), **trial}}
        params.model_copy(update={"variants": entries}).settings_of(name, contract.load(name).Settings)


def test_trials_are_drawn_by_the_seed_with_each_value_equally_often(tmp_path: Path) -> None:
    found = trials_of("dcgan", recipe_with(tmp_path))
    assert found == trials_of("dcgan", recipe_with(tmp_path)) == trials_of("dcgan", recipe_with(tmp_path))
    assert found != trials_of("dcgan", recipe_with(tmp_path, seed=1))
    assert found == trials_of("lsgan", recipe_with(tmp_path)), "it has DCGAN's settings"
    lrs = Counter(trial.get("lr", 0.001) for trial in found[1:])
    assert sorted(lrs) == COMMITTED["values"]["lr"]
    assert set(lrs.values()) == {2, 3}
    ratios = Counter(trial.get("lr_d", trial.get("lr", 0.001)) / trial.get("lr", 0.001) for trial in found[1:])
    assert sorted(ratios) == [0.5, 1.0, 2.0]
    assert set(ratios.values()) == {3, 4}


def test_step_sizes_that_go_with_lr_keep_their_proportion(tmp_path: Path) -> None:
    values = {"lr": [0.001], "ratio": [0.5]}
    expected = {"lr": 0.001, "lr_d": 0.0005, "lr_end": 0.00025}  # 0.004 falls to 0.001 in params.yaml
    assert trials_of("r3gan", recipe_with(tmp_path, trials=2, values=values)) == [{}, expected]


def test_step_sizes_of_a_variant_s_own_are_changed_as_well(tmp_path: Path) -> None:
    entries = yaml.safe_load((ROOT / "params.yaml").read_text())
    entries["variants"]["dcgan"] = {"lr_d": 0.004, "lr_g": 0.001}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(entries))
    found = trials_of("dcgan", recipe_with(tmp_path, trials=2, values={"lr": [0.0005]}), tmp_path / "params.yaml")
    assert found == [{}, {"lr": 0.0005, "lr_g": 0.0005, "lr_d": 0.002}]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"values": {"lr": []}},
            "values.lr is []; expected a list of at least one value that params.yaml takes, the smallest f",
        ),
        ({"values": {"lr": [0.01, 0.001]}}, r"values.lr is [0.01, 0.001]; expected .* the smallest first"),
        ({"values": {"batch_size": [8, 8]}}, "values.batch_size is [8, 8]; expected a list of at least one value"),
        ({"values": {"lrr": [1.0]}}, "unknown key values.lrr ([1.0]); did you mean lr?"),
        ({"values": {"batch_size": [1]}}, "values.batch_size is 1; expected a list of at least one value"),
        ({"rungs": [3, 1]}, "rungs is [3, 1]; expected a list of at least one number of epochs"),
        ({"trials": 1}, "trials is 1; expected a whole number, at least 2"),
        ({"keep": 1}, "keep is 1; expected a whole number, at least 2"),
    ],
)
def test_a_recipe_that_makes_no_sense_is_refused_in_a_line(changes: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=re.escape(said).replace(r"\.\*", ".*")):
        recipe_with(tmp_path, **changes)


def test_a_variant_without_tunable_keys_or_with_too_few_values_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"vae has no tunable key: .* has values for ratio; expec"):
        trials_of("vae", recipe_with(tmp_path, values={"ratio": [0.5, 2.0]}))
    with pytest.raises(InputError, match="trials is 12, for which dcgan has too few values"):
        trials_of("dcgan", recipe_with(tmp_path, values={"lr": [0.1, 0.2]}))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["dcgn"], "VARIANT is 'dcgn'; expected some of gan, .*; did you mean dcgan?"),
        (["dcgan", "toyface"], "DATASET is 'toyface'; expected one of toyfaces, .*; did you mean toyfaces?"),
        (["dcgan", "", "", "two"], "JOBS is 'two'; expected how many variants are tuned at a time"),
        (["dcgan", "", "", "0"], "JOBS is '0'; expected"),
    ],
)
def test_a_wrong_command_is_answered_in_a_line(words: list[str], said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    with pytest.raises(InputError, match=said):
        sweep.main(*words)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("widht=16", "tuning/recipe.yaml: settings: Could not override 'widht'"),
        ("width=wide", "params.yaml: width is 'wide'; expected a whole number, at least 1"),
    ],
)
def test_a_setting_that_no_trial_could_take_is_refused_before_any(
    setting: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe_of = Recipe.load(ROOT / recipe.RECIPE)
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(Recipe, "load", lambda: recipe_of.model_copy(update={"settings": dict([setting.split("=")])}))
    with pytest.raises(InputError, match=said):
        sweep.main("dcgan")


def test_the_better_third_goes_on_and_the_first_trial_in_any_case() -> None:
    assert sweep.better({0: 9.0, 1: 5.0, 2: 7.0, 3: 1.0, 4: 8.0, 5: 3.0}, keep=3) == [0, 3, 5]
    assert sweep.better({0: 1.0, 2: 7.0}, keep=3) == [0]


def test_what_diverged_never_goes_on() -> None:
    assert sweep.better({0: math.inf, 1: math.inf, 2: math.inf}, keep=2) == []
    assert sweep.better({0: math.inf, 1: math.inf, 2: 4.0}, keep=2) == [2]


@pytest.mark.parametrize("values", [[3.0], [5.0, 1.0], [4.0, 1.0, 9.0, 9.0, 2.0, 7.0]])
def test_the_expected_best_is_that_of_all_ways_to_draw(values: list[float]) -> None:
    expected, low, high = findings.expected_best(values)
    for n in range(1, len(values) + 1):
        smallest = [min(drawn) for drawn in itertools.combinations(values, n)]
        assert expected[n - 1] == pytest.approx(np.mean(smallest), rel=1e-12)
        quartiles = np.quantile(smallest, findings.BAND, method="inverted_cdf")
        assert [low[n - 1], high[n - 1]] == quartiles.tolist()


def test_a_diverged_training_counts_as_the_worst() -> None:
    for found, same in zip(findings.expected_best([1, math.inf, 3]), findings.expected_best([1, 3, 3]), strict=True):
        assert found.tolist() == same.tolist()


def rows(*fids: list[float], dataset: str = "toyfaces") -> list[findings.Row]:
    longest = max(map(len, fids))
    return [
        {
            "dataset": dataset,
            "trial": number,
            "changes": "" if number == 1 else f"lr=0.00{number} batch_size=8",
            "images": 100 * len(each),
            **{f"{findings.SCORE}{epochs}": fid for epochs, fid in zip((1, 3), each, strict=False)},
            "outcome": findings.KEPT if len(each) == longest else findings.STOPPED,
        }
        for number, each in enumerate(fids, start=1)
    ]


def test_the_best_is_of_those_that_trained_longest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    findings.write_rows("dcgan", "toyfaces", rows([900.0, 800.0], [700.0, 750.0], [720.0], [math.inf]))
    findings.write_rows("dcgan", "celeba", rows([5.0], [4.0], dataset="celeba"))  # beside it
    findings.write_rows("sngan", "toyfaces", rows([600.0, 500.0], [650.0]))
    unfinished = rows([1.0], [2.0])
    unfinished[1]["outcome"] = ""
    findings.write_rows("gan", "toyfaces", unfinished)
    sngan, dcgan = findings.Trials.all_of("toyfaces")
    assert dcgan.fids == [800, 750, 750, math.inf], "the one that was stopped at 720 counts as no better than the best"
    assert findings.table([dcgan])[1] == ["DCGAN", "800", "750", "3", "750", "1", "lr=0.002 batch_size=8"]
    findings.write("toyfaces")
    best, table, picture = findings.places("toyfaces")
    assert yaml.safe_load(best.read_text()) == {
        "sngan": "",
        "dcgan": "-S ++variants.dcgan.lr=0.002 -S ++variants.dcgan.batch_size=8",
    }
    assert "| DCGAN | 800 | 750 | 3 |" in table.read_text()
    (axes,) = findings.figure([sngan, dcgan]).axes
    assert [line.get_label() for line in axes.get_lines()] == ["SNGAN", "DCGAN"]
    assert axes.get_lines()[1].get_ydata()[-1] == 750
    assert picture.read_bytes().startswith(b"\x89PNG")


# A pipeline of the same names that takes no time: half the FID for twice the epochs, 0.002 the better step size, 0.004
# one that diverges. Each training notes that it ran; the second hangs.
STAND_IN = """
stages:
  settings: {cmd: "true", deps: [train.py]}
  reference: {cmd: "true", deps: [train.py]}
  train:
    matrix: {variant: "${active}"}
    cmd: python train.py ${item.variant}
    deps: [train.py]
    params: [image_size, "variants.${item.variant}"]
    outs: ["models/${item.variant}"]
    metrics: ["metrics/train/${item.variant}.json": {cache: false}]
  evaluate:
    matrix: {variant: "${active}"}
    cmd: mkdir -p metrics/quality && cp models/${item.variant} metrics/quality/${item.variant}.json
    deps: ["models/${item.variant}"]
    metrics: ["metrics/quality/${item.variant}.json": {cache: false}]
"""
TRAIN = """
import json, os, pathlib, sys, time, yaml
params = yaml.safe_load(open("params.yaml"))
entry = params["variants"][sys.argv[1]]
ran = pathlib.Path(os.environ["RAN"])
print(entry.get("lr"), entry["epochs"], params["image_size"], file=ran.open("a"))
pathlib.Path(os.environ["GANS_SCRATCH"]).mkdir(parents=True, exist_ok=True)
if len(ran.read_text().splitlines()) == 2:
    time.sleep(60)
if entry.get("lr") == 0.004:
    sys.exit("train: the loss is nan at step 7; expected a finite number: lower lr")
for folder in ("models", "metrics/train"):
    os.makedirs(folder, exist_ok=True)
better = 500 if entry.get("lr") == 0.002 else 900
json.dump({"fid_lite0": better / entry["epochs"]}, open(f"models/{sys.argv[1]}", "w"))
json.dump({"images_seen": 100 * entry["epochs"]}, open(f"metrics/train/{sys.argv[1]}.json", "w"))
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a pipeline that takes no time, and a recipe of three trials."""
    folder = tmp_path / "gans"
    (folder / "tuning").mkdir(parents=True)
    shutil.copy(ROOT / "params.yaml", folder)
    (folder / "dvc.yaml").write_text(STAND_IN)
    (folder / "train.py").write_text(TRAIN)
    small = {"trials": 3, "rungs": [1, 2], "values": {"lr": [0.002, 0.004]}, "settings": {"image_size": 32}}
    (folder / recipe.RECIPE).write_text(yaml.safe_dump({**COMMITTED, **small}))
    (folder / ".gitignore").write_text("/scratch/\n/models/\n/metrics/\n")
    for command in ("git init -q", "git config user.name t", "git config user.email t@localhost", "dvc init -q"):
        run(folder, *command.split())
    run(folder, "git", "add", "--all")
    run(folder, "git", "commit", "-qm", "all")
    return folder


@pytest.mark.slow
def test_an_interrupted_sweep_goes_on_and_repeats_no_training(repository: Path) -> None:
    ran = repository / "scratch" / "ran"
    ran.parent.mkdir()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT / "src"), "RAN": str(ran)}
    words = [sys.executable, "-m", "gans.tuning.sweep", "dcgan"]

    def start() -> subprocess.Popen[str]:
        return subprocess.Popen(
            words, cwd=repository, env=environment, stdout=-1, stderr=-1, text=True, start_new_session=True
        )

    with start() as interrupted:
        until = time.monotonic() + 120
        while not ran.exists() or len(ran.read_text().splitlines()) < 2:
            assert interrupted.poll() is None, interrupted.communicate()
            assert time.monotonic() < until
            time.sleep(0.05)
        os.killpg(interrupted.pid, signal.SIGINT)
        _, said = interrupted.communicate(timeout=60)
    assert interrupted.returncode == 130
    assert said == "tune: stopped by SIGINT; run the same command again\n"
    with (repository / "metrics/tuning/dcgan.csv").open() as file:
        assert file.read().startswith("dataset,trial,changes,images,fid_lite0_epochs_1,outcome\ntoyfaces,1,,100,900,\n")

    (repository / "scratch/tuning/clones/1/dvc.lock").write_text("stages:\n  half")  # as where DVC is killed
    with start() as again:
        told, said = again.communicate(timeout=120)
    assert again.returncode == 0, said
    trainings = Counter(ran.read_text().splitlines())
    assert sum(trainings.values()) == 6, "of five one ran twice, the one that was stopped"
    assert trainings["None 1 32"] == trainings["None 2 32"] == trainings["0.002 2 32"] == trainings["0.004 1 32"] == 1
    with (repository / "metrics/tuning/dcgan.csv").open(newline="") as file:
        found = {row["changes"]: row for row in csv.DictReader(file)}
    assert [found[""][f"{findings.SCORE}{epochs}"] for epochs in (1, 2)] == ["900", "450"]
    assert [found["lr=0.002"][f"{findings.SCORE}{epochs}"] for epochs in (1, 2)] == ["500", "250"]
    assert found["lr=0.004"][f"{findings.SCORE}1"] == "inf"
    assert [found[key]["outcome"] for key in ("", "lr=0.002", "lr=0.004")] == ["kept", "kept", "stopped"]
    assert yaml.safe_load((repository / "tuning/toyfaces.yaml").read_text()) == {
        "dcgan": "-S ++variants.dcgan.lr=0.002"
    }
    assert "DCGAN" in told
    assert [*(repository / ".dvc/cache/runs").iterdir()], "the clone shares the cache of the repository"
    places = {path.name for path in (repository / "scratch/tuning/toyfaces/dcgan").iterdir()}
    assert places == {"1", found["lr=0.002"]["trial"]}, "what a stopped trial would go on from is removed"
    assert run(repository, "git", "status", "--porcelain", "params.yaml", "dvc.lock").stdout == ""
