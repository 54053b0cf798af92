"""Two revisions side by side, in a small repository with Git and DVC."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, run
from markup import Markup
from repositories import begun, called, done

from gans.pages import comparison

DVC_YAML = """stages:
  evaluate:
    cmd: python run.py
    deps: [run.py]
    params: [lr]
    outs: [samples/dcgan]
    metrics:
    - metrics/quality/dcgan.json: {cache: false}
    plots:
    - metrics/losses/dcgan.csv: {cache: false}
"""
RUN = """import json, re
from pathlib import Path
from PIL import Image

lr = float(re.search("^lr: ([^ ]+)", Path("params.yaml").read_text(), re.M)[1])
for folder in ("metrics/quality", "metrics/losses", "samples/dcgan"):
    Path(folder).mkdir(parents=True, exist_ok=True)
scores = {"fid_lite0": 1000 * lr, "recall": 0.25, "n_real": 20, "sd": {"fid_lite0": 0.5, "recall": 0.01}}
Path("metrics/quality/dcgan.json").write_text(json.dumps(scores))
rows = "".join(f"{step},{step * 10},0,{lr},{step},.5,.5\\n" for step in range(1, 40))
Path("metrics/losses/dcgan.csv").write_text("step,images,epoch,loss_d,loss_g,d_real,d_fake\\n" + rows)
Image.new("RGB", (64, 64), (int(1e5 * lr), 0, 0)).save("samples/dcgan/grid.png")
"""


def compare(folder: Path, *revision: str) -> subprocess.CompletedProcess[str]:
    return called(folder, comparison.main, *revision)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with lr 0.001 on main, then lr 0.002 in the workspace."""
    folder = begun(tmp_path_factory.mktemp("repository"), "main")
    text = (ROOT / "params.yaml").read_text()
    (folder / "params.yaml").write_text(re.sub(r"^active:.*", "active:\n- dcgan\n", text, flags=re.M | re.S))
    (folder / "dvc.yaml").write_text(DVC_YAML)
    (folder / "run.py").write_text(RUN)
    (folder / ".gitignore").write_text("/samples/\n/report/\n")
    done(folder, "dvc repro -q", "git add .", "git commit -q -m 'A <first> run'")
    done(folder, "sed -i 's/^lr: 0.001/lr: 0.002/' params.yaml", "dvc repro -q")
    return folder


@pytest.fixture
def clone(repository: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return shutil.copytree(repository, tmp_path / "clone")


def compared(folder: Path, revision: str) -> Markup:
    """Return the page that a command writes which goes well."""
    found = compare(folder, revision)
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout.endswith("Written: report/compare.html\n")
    return Markup((folder / "report/compare.html").read_text())


def test_a_page_shows_what_was_changed_and_what_came_of_it(repository: Path) -> None:
    found = run(repository, sys.executable, "-m", "gans.pages.comparison", "main")
    assert (found.returncode, found.stderr) == (0, "")
    page = Markup((repository / "report/compare.html").read_text())
    assert "lr|0.001|0.002|+0.001" in page.text
    assert "fid_lite0|1|2|+1|▼ worse" in page.text
    assert "recall" not in page.text  # it is the same
    assert re.search(r"commit [0-9a-f]{7} of \d{4}-\d\d-\d\d: A <first> run", page.text)
    assert re.search(r"workspace\|[0-9a-f]{12}, with changes not committed then", page.text)
    assert page.text.index("generated images, main") < page.text.index("lr|0.001|0.002")  # pictures lead
    old, new, losses = page.pictures
    assert losses[0] == "dcgan: the losses of both"
    assert (old[0], new[0]) == ("dcgan: generated images, main", "dcgan: generated images, workspace")
    assert old[1] != new[1]


def test_a_terminal_shows_what_was_changed_and_each_variants_distance(repository: Path) -> None:
    assert compare(repository, "main").stdout.splitlines() == [
        "lr: 0.001 -> 0.002",
        "",
        "FID (lite0)   main  workspace   difference",
        "dcgan        1 ± 0      2 ± 0  +1, ▼ worse",
        "",
        "Written: report/compare.html",
    ]


def test_what_is_not_in_the_cache_is_named_and_the_rest_is_shown(clone: Path) -> None:
    shutil.rmtree(clone / ".dvc" / "cache")
    page = compared(clone, "main")
    assert [alt for alt, _ in page.pictures] == ["dcgan: generated images, workspace", "dcgan: the losses of both"]
    assert "samples/dcgan/grid.png of main is not at hand: `dvc fetch" in page.text


def test_what_one_side_has_alone_is_named(clone: Path) -> None:
    text = (clone / "params.yaml").read_text()
    (clone / "params.yaml").write_text(text.replace("- dcgan\n", "- vae\n"))
    (clone / "metrics/losses/vae.csv").write_bytes((clone / "metrics/losses/dcgan.csv").read_bytes())
    page = compared(clone, "main")
    assert "|vae is not among the active variants of main.|samples/vae/grid.png of the workspace is not at" in page.text
    assert "|dcgan is not among the active variants of the workspace.|" in page.text
    assert page.text.index("What one side alone has: vae, dcgan") < page.text.index("|vae is not among the active")
    assert [alt for alt, _ in page.pictures] == ["dcgan: generated images, main"]


def test_the_same_is_called_the_same(clone: Path) -> None:
    done(clone, "git commit -q -a -m second")
    page = compared(clone, "HEAD")
    assert page.pictures == []
    assert "Nothing differs" in page.text
    assert "The same losses and images in both: dcgan." in page.text


@pytest.mark.parametrize(
    ("revision", "line"),
    [
        (["nowhere"], "REV is 'nowhere': no such revision; expected a branch, tag, commit or experiment: see git"),
        (["--upload-pack=x"], "REV is '--upload-pack=x': that is an option; expected a branch"),
        ([], "usage: make compare REV=main"),
        ([" "], "usage: make compare REV=main"),
    ],
)
def test_a_revision_that_is_none_is_refused_with_one_line(repository: Path, revision: list[str], line: str) -> None:
    (repository / "report/compare.html").unlink(missing_ok=True)
    found = compare(repository, *revision)
    assert (found.returncode, found.stderr.count("\n")) == (1, 1)
    assert line in found.stderr
    assert not (repository / "report/compare.html").exists()


def test_outside_of_a_repository_it_says_so(tmp_path: Path) -> None:
    found = run(tmp_path, sys.executable, "-m", "gans.pages.comparison", "main")
    assert found.returncode == 1
    assert found.stderr == "not a Git and DVC repository; run from the repository's root, where .dvc lies\n"


def test_a_gain_within_the_noise_of_the_seeds_is_none() -> None:
    scores = {"fid_lite0": {"old": 100.0, "new": 96.0}, "diversity": {"old": 1.0, "new": 2.0}}
    for old, new, expected in (
        (3.0, 3.0, "within the noise"),  # the difference has a deviation of 4.2
        (2.0, 2.0, "▲ better"),
        (3.0, None, "noise unknown"),
    ):
        assert comparison.verdict({**scores, "sd.fid_lite0": {"old": old, "new": new}}, "fid_lite0") == expected
    assert comparison.verdict(scores, "fid_lite0") == "noise unknown"
    assert comparison.verdict(scores, "diversity") == ""


QUALITY = {
    **{key: {"old": 0.9, "new": 0.1} for key in ("fid_lite0", "condition_accuracy")},
    **{f"sd.{key}": {"old": 0.01, "new": 0.01} for key in ("fid_lite0", "condition_accuracy")},
}


def page_of(metrics: dict[str, dict[str, dict[str, float]]]) -> str:
    return comparison.html(comparison.Comparison("main", "a commit", "here", {}, metrics, {}, []))


def test_scores_of_other_data_are_not_judged() -> None:
    metrics = {"metrics/quality/dcgan.json": QUALITY}
    assert "▲ better" in page_of(metrics)
    assert "▼ worse" in page_of(metrics)
    metrics = {"metrics/quality/dcgan.json": {**QUALITY, "n_real": {"old": 20, "new": 40}}}
    assert not comparison.comparable(metrics)
    assert "no score is called better or worse" in page_of(metrics)
    assert "▲ better" not in page_of(metrics)


def test_scores_that_one_side_has_alone_are_folded_away() -> None:
    alone = {"probe_accuracy": {"old": None, "new": 0.75}}
    page = page_of({"metrics/quality/dcgan.json": {**QUALITY, **alone}, "metrics/quality/vae.json": alone})
    told, folded = page.split("<details>")
    assert "fid_lite0" in told
    assert "probe_accuracy" not in told
    assert folded.count("probe_accuracy") == 2
    assert "fid_lite0" not in folded


def test_two_kinds_of_processor_are_told_in_one_line_and_nowhere_else() -> None:
    kinds = {"metrics/train/dcgan.json": {"processor.model": {"old": "AMD", "new": "Xeon"}}}
    page = comparison.html(comparison.Comparison("main", "a commit", "here", {}, kinds, {}, [], "Two kinds."))
    assert page.count("Two kinds.") == 1
    assert "Xeon" not in page


def test_what_another_classifier_judged_is_not_compared() -> None:
    judges = {"metrics/classifier.json": {"accuracy": {"old": 0.8, "new": 0.9}}}
    page = page_of({"metrics/quality/dcgan.json": QUALITY, **judges})
    assert "▲ better" in page  # the distance, which asks no classifier
    assert "▼ worse" not in page


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.000123456789, "0.000123457"), (1234567, "1,234,567"), (3391.683, "3,391.68"), (None, "-"), (True, "True")],
)
def test_values_are_shown_with_six_digits(value: object, text: str) -> None:
    assert comparison.shown(value) == text
