"""What DVC tells of experiments, in the width of a terminal."""

import json
import sys
from pathlib import Path

from conftest import run
from repositories import begun, done

from gans.pages import experiments
from gans.pages.experiments import Run

DVC_YAML = """stages:
  evaluate:
    cmd: mkdir -p metrics/quality && echo '{"fid_lite0":' ${run.lr}00.4 '}' > metrics/quality/dcgan.json
    metrics:
    - metrics/quality/dcgan.json: {cache: false}
"""


def test_an_experiment_has_a_row_and_what_it_changed_is_said(tmp_path: Path) -> None:
    folder = begun(tmp_path, "main")
    (folder / "params.yaml").write_text("run:\n  lr: 1\nother: {}\n")
    (folder / "dvc.yaml").write_text(DVC_YAML)
    done(folder, "dvc repro -q", "git add .", "git commit -q -m first", "dvc exp run -q -n faster -S run.lr=2")
    done(folder, "git checkout -q HEAD -- .", "dvc exp run -q --queue -n later -S run.lr=3")
    found = run(folder, sys.executable, "-m", "gans.pages.experiments")
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout.splitlines() == [
        "FID (lite0)     dcgan",
        "workspace         100",
        "main              100",
        "faster            200",
        "later (queued)      -",
        "",
        "What was changed:",
        "faster: run.lr=2",
        "later (queued): run.lr=3",
    ]


def test_no_line_is_wider_than_the_terminal() -> None:
    settings = {f"section.key{n}": [n, n + 1] for n in range(60)}
    variants = {f"variant_{n}": 1000.0 * n for n in range(20)}
    text = experiments.text([Run("workspace", {}, {}), Run("main", {}, variants), Run("other", settings, variants)])
    lines = text.splitlines()
    assert max(map(len, lines)) <= 120
    assert all(any(name in line for line in lines) for name in variants)
    assert len(lines) - lines.index("What was changed:") == 1 + experiments.LINES
    assert text.endswith(" ...")


def test_an_experiment_that_failed_says_so() -> None:
    place = {"rev": "0" * 40, "name": "main", "data": None, "experiments": None}
    broken = {**place, "name": "broken"}
    group = {"executor": {"state": "failed"}, "revs": [broken]}
    runs = experiments.read(json.loads(json.dumps([place, {**place, "experiments": [group]}])))
    assert [each.name for each in runs] == ["main", "main", "broken (failed)"]


def test_outside_of_a_repository_it_is_one_line(tmp_path: Path) -> None:
    found = run(tmp_path, sys.executable, "-m", "gans.pages.experiments")
    assert (found.returncode, found.stderr.count("\n")) == (1, 1)
    assert found.stderr.startswith("dvc exp show --json failed: ERROR: you are not inside of a DVC repository")
