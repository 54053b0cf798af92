"""Two revisions side by side, in a small repository with Git and DVC."""

import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from conftest import ROOT, run

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
    return run(folder, sys.executable, "-m", "gans.pages.comparison", *revision)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with lr 0.001 on main, then lr 0.002 in the workspace."""
    folder = tmp_path_factory.mktemp("repository")
    shutil.copyfile(ROOT / "params.yaml", folder / "params.yaml")
    text = re.sub(r"^active:.*", "active:\n- dcgan\n", (folder / "params.yaml").read_text(), flags=re.M | re.S)
    (folder / "params.yaml").write_text(text)
    (folder / "dvc.yaml").write_text(DVC_YAML)
    (folder / "run.py").write_text(RUN)
    (folder / ".gitignore").write_text("/samples/\n/report/\n")
    for words in (
        ["git", "init", "-q", "-b", "main"],
        ["git", "config", "user.name", "tests"],
        ["git", "config", "user.email", "tests@localhost"],
        ["dvc", "init", "-q"],
        ["dvc", "repro", "-q"],
        ["git", "add", "."],
        ["git", "commit", "-q", "-m", "A <first> run"],
        ["sed", "-i", "s/^lr: 0.001/lr: 0.002/", "params.yaml"],
        ["dvc", "repro", "-q"],
    ):
        done = run(folder, *words)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder


class Page(HTMLParser):
    """Which tags are open, what is told, and by which names."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.cells: list[str] = []
        self.names: list[str] = []
        self.pictures: list[tuple[str, str]] = []  # alt text, address
        self.feed(text)
        assert self.open == []
        assert len(self.names) == len(set(self.names))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.names += [found["id"]] if "id" in found else []
        if tag == "img":
            self.pictures.append((found["alt"], found["src"]))
        elif tag not in ("meta", "link", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.cells += [data.strip()] if data.strip() else []


def test_a_page_shows_what_was_changed_and_what_came_of_it(repository: Path) -> None:
    done = compare(repository, "main")
    assert (done.returncode, done.stdout, done.stderr) == (0, "Written: report/compare.html\n", "")
    text = (repository / "report/compare.html").read_text()
    assert not re.search(r"https?://|@import|url\(", text)
    page = Page(text)
    cells = "|".join(page.cells)
    assert "lr|0.001|0.002|+0.001" in cells
    assert "fid_lite0|1|2|+1|▼ worse" in cells
    assert "recall" not in cells  # it is the same
    assert re.search(r"commit [0-9a-f]{7} of \d{4}-\d\d-\d\d: A <first> run", cells)
    assert re.search(r"workspace\|[0-9a-f]{12}, with changes not committed then", cells)
    losses, old, new = page.pictures
    assert losses[0] == "dcgan: the losses of both"
    assert (old[0], new[0]) == ("dcgan: generated images, main", "dcgan: generated images, workspace")
    assert old[1] != new[1]
    assert all(address.startswith("data:image/webp;base64,") for _, address in page.pictures)


def test_what_is_not_in_the_cache_is_told_and_the_rest_is_shown(repository: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    shutil.copytree(repository, clone)
    shutil.rmtree(clone / ".dvc" / "cache")
    done = compare(clone, "main")
    assert done.returncode == 0, done.stderr
    page = Page((clone / "report/compare.html").read_text())
    assert [alt for alt, _ in page.pictures] == ["dcgan: the losses of both", "dcgan: generated images, workspace"]
    assert "samples/dcgan/grid.png of main is not at hand: `dvc fetch" in "|".join(page.cells)


def test_the_same_is_called_the_same(repository: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    shutil.copytree(repository, clone)
    assert run(clone, "git", "commit", "-q", "-a", "-m", "second").returncode == 0
    done = compare(clone, "HEAD")
    assert done.returncode == 0, done.stderr
    page = Page((clone / "report/compare.html").read_text())
    assert page.pictures == []
    assert "Nothing differs" in "|".join(page.cells)


@pytest.mark.parametrize(
    ("revision", "line"),
    [
        (
            ["nowhere"],
            "REV is 'nowhere': no such revision; expected a branch, tag, commit or experiment: see git branch",
        ),
        (["--upload-pack=x"], "REV is '--upload-pack=x': that is an option; expected a branch"),
        ([], "usage: make compare REV=main"),
        ([" "], "usage: make compare REV=main"),
    ],
)
def test_a_revision_that_is_none_is_refused_with_one_line(repository: Path, revision: list[str], line: str) -> None:
    (repository / "report/compare.html").unlink(missing_ok=True)
    done = compare(repository, *revision)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert line in done.stderr
    assert not (repository / "report/compare.html").exists()


def test_outside_of_a_repository_it_says_so(tmp_path: Path) -> None:
    done = compare(tmp_path, "main")
    assert done.returncode == 1
    assert done.stderr == "not a Git and DVC repository; run from the repository's root, where .dvc lies\n"


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
    return comparison.html(comparison.Comparison("main", "a commit", "here", {}, metrics, [], []))


def test_scores_of_other_data_are_not_judged() -> None:
    metrics = {"metrics/quality/dcgan.json": QUALITY}
    assert "▲ better" in page_of(metrics)
    assert "▼ worse" in page_of(metrics)
    metrics = {"metrics/quality/dcgan.json": {**QUALITY, "n_real": {"old": 20, "new": 40}}}
    assert not comparison.comparable(metrics)
    assert "no score is called better or worse" in page_of(metrics)
    assert "▲ better" not in page_of(metrics)


def test_what_another_classifier_judged_is_not_compared() -> None:
    judges = {"metrics/classifier.json": {"accuracy": {"old": 0.8, "new": 0.9}}}
    page = page_of({"metrics/quality/dcgan.json": QUALITY, **judges})
    assert "▲ better" in page  # the distance, which asks no classifier
    assert "▼ worse" not in page


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.000123456789, "0.000123457"),
        (1234567, "1,234,567"),
        (3391.683, "3,391.68"),
        (None, "-"),
        (True, "True"),
        ("x", "x"),
    ],
)
def test_values_are_shown_with_six_digits(value: object, text: str) -> None:
    assert comparison.shown(value) == text
