"""Several revisions in one table, from a small repository with Git and DVC."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from conftest import ROOT, run
from PIL import Image
from repositories import begun, called, done

from gans.pages import results
from gans.pages.results import Revision, Trainings


def trained(name: str, seeds: set[int], fids: list[float], decisive: str = "", rev: str = "main") -> Trainings:
    sd = {"sd": {"fid_lite0": float(np.std(fids, ddof=1))}} if len(fids) > 1 else {}
    quality = {"title": name.upper(), "fid_lite0": float(np.mean(fids)), "n_real": 20, "seeds": len(seeds), **sd}
    quality["best"] = {"fid_lite0": min(fids) - 1, "images": 640}
    facts = {"images_seen": 1280, "seconds": 10.0 * fids[0], "images_per_second": 1.0, "device": "cpu"}
    weights = f"{name} {sorted(seeds)} {decisive}"
    return Trainings(rev, "0" * 40, name, name.upper(), decisive, frozenset(seeds), weights, quality, facts)


def revision(fid_of_judge: float = 1.0, accuracy: float = 0.9, name: str = "main") -> Revision:
    floor = {"fid_lite0": 71.4, "fid_classifier": fid_of_judge, "n_real": 20, "n_fake": 20}
    return Revision(name, [], floor, {"accuracy": accuracy}, {"dataset": "toyfaces", "n_real": 20})


@pytest.fixture
def no_git(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results.revision, "described", lambda commit: "commit 0000000")


def test_runs_pool_as_if_their_trainings_had_been_one_runs() -> None:
    fids = [300.0, 320.0, 290.0, 410.0, 350.0, 305.0]
    parts = (trained("dcgan", {*range(a, b)}, fids[a:b]) for a, b in ((0, 3), (3, 4), (4, 6)))
    quality, facts = results.pooled([*parts])
    assert quality["fid_lite0"] == pytest.approx(np.mean(fids))
    assert quality["sd"]["fid_lite0"] == pytest.approx(np.std(fids, ddof=1))
    assert quality["best"] == {"fid_lite0": 289.0, "images": 640}
    assert facts["images_seen"] == 1280
    assert facts["seconds"] == pytest.approx((3 * 3000 + 4100 + 2 * 3500) / 6)
    assert facts["images_per_second"] == pytest.approx(1280 / facts["seconds"])
    assert "sd" not in results.pooled([trained("dcgan", {0}, [300.0])])[0]  # one training


def test_a_score_that_one_of_the_runs_lacks_is_not_pooled() -> None:
    more, less = trained("dcgan", {0}, [300.0]), trained("dcgan", {1}, [310.0])
    more.quality["probe_accuracy"] = 0.5  # type: ignore[index]
    for group in ([more, less], [less, more]):
        assert "probe_accuracy" not in results.pooled(group)[0]


def test_a_row_holds_other_seeds_alone_and_the_same_weights_once() -> None:
    first, same, other_seed, other_settings = (
        trained("dcgan", {0}, [300.0]),
        trained("dcgan", {0}, [300.0], rev="again"),
        trained("dcgan", {1}, [310.0], rev="seed-1"),
        trained("dcgan", {1}, [250.0], decisive="lr", rev="lr"),
    )
    groups, left_out = results.grouped([first, same, other_seed, other_settings])
    assert (groups, left_out) == ([[first, other_seed], [other_settings]], [])
    titles = [result.title for result, _ in results.ranked(groups)]
    assert titles == ["DCGAN (lr)", "DCGAN (main)"]  # the best first


@pytest.mark.parametrize("order", [1, -1])
def test_of_runs_that_share_seeds_the_larger_counts_and_the_other_is_named(order: int) -> None:
    two = trained("dcgan", {0, 1}, [300.0, 310.0], rev="two")
    three = trained("dcgan", {0, 1, 2}, [300.0, 310.0, 290.0], rev="three")
    assert results.grouped([two, three][::order]) == ([[three]], [two])


@pytest.mark.usefixtures("no_git")
def test_the_variant_that_leads_is_bold_where_the_noise_is_known() -> None:
    runs = [trained("gan", {0}, [900.0]), trained("gan", {1}, [910.0]), trained("dcgan", {0, 1}, [300.0, 310.0])]
    text = results.markdown(results.ranked(results.grouped(runs)[0]), [revision()])
    assert "| DCGAN | **305 ± 7** |" in text
    assert "| GAN | 905 ± 7 |" in text
    assert "Trainings: 2 each." in text
    groups, _ = results.grouped([*runs[1:], trained("vae", {0}, [500.0])])
    alone = results.markdown(results.ranked(groups), [revision()])
    assert "**" not in alone
    assert "Trainings: DCGAN 2, VAE 1, GAN 1." in alone


@pytest.mark.usefixtures("no_git")
def test_trainings_on_two_kinds_of_processor_are_told_of() -> None:
    first, second = trained("gan", {0}, [900.0]), trained("gan", {1}, [910.0], rev="other")
    for each, model in ((first, "AMD EPYC"), (second, "Xeon")):
        each.facts.update({"processor": {"model": model, "vector_extensions": "avx2"}, "threads": 2})  # type: ignore[attr-defined]
    for found, told in (([first, second], True), ([first], False)):
        assert (
            "main on AMD EPYC, 2 threads; other on Xeon" in results.markdown(results.ranked([found]), [revision()])
        ) == told


@pytest.mark.usefixtures("no_git")
@pytest.mark.parametrize(("accuracy", "shown"), [(0.9, True), (0.8, False)])
def test_what_other_classifiers_judge_is_left_out(accuracy: float, shown: bool) -> None:
    found = trained("gan", {0}, [900.0])
    found.quality["fid_classifier"] = 12.5  # type: ignore[index]
    text = results.markdown(results.ranked([[found]]), [revision(), revision(accuracy=accuracy, name="other")])
    assert ("| 12.50 |" in text) == shown
    assert ("what they judge is left out" in text) != shown


def write_run(folder: Path, seed: int, fid: float, code: str = "aa", **summary: object) -> None:
    """Write what a run of DCGAN with this seed leaves behind, and its row of images into DVC's cache."""
    params = {**yaml.safe_load((ROOT / "params.yaml").read_text()), "seed": seed, "seeds": 1, "active": ["dcgan"]}
    quality = {"fid_lite0": fid, "n_real": 20, "n_fake": 20, "extractor": "lite0", "seeds": 1}
    summary = {
        "dataset": "toyfaces",
        "data_sha256": "ab",
        "floor": {"fid_lite0": 71.4, "n_real": 20, "n_fake": 20, "extractor": "lite0"},
        "classifier": {"accuracy": 0.9},
        "variants": {"dcgan": {"title": "DCGAN", **quality}},
        **summary,
    }
    stage = {
        "cmd": "python -m stages.train dcgan",
        "deps": [{"path": "src/gans/losses.py", "md5": code}],
        "params": {"params.yaml": {"lr": 0.001, "seed": seed, "seeds": 1}},
        "outs": [{"path": "models/dcgan", "md5": f"{code} {seed}.dir"}],
    }
    texts = {
        "dvc.lock": yaml.safe_dump({"schema": "2.0", "stages": {"train@dcgan": stage}}),
        "params.yaml": yaml.safe_dump(params, sort_keys=False),
        "metrics/summary.json": json.dumps(summary),
        "metrics/train/dcgan.json": json.dumps({"images_seen": 1280, "device": "cpu", "arithmetic": "fp32"}),
        "metrics/speed/dcgan.json": json.dumps({"seconds": 60.0, "device": "cpu (x86_64), 1 threads"}),
    }
    for path, text in texts.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    (folder / "samples/dcgan").mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (120, 20), (40 * seed, 0, 0)).save(folder / "samples/dcgan/row.png")


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The branches first, second (another seed), elsewhere (other data) and without (no run)."""
    folder = begun(tmp_path_factory.mktemp("repository"), "without")
    done(folder, "git commit -q -m 'nothing yet'")
    for branch, seed, fid, data in (("first", 0, 300.0, "ab"), ("second", 1, 320.0, "ab"), ("elsewhere", 0, 9.0, "cd")):
        done(folder, f"git checkout -q -b {branch}")
        write_run(folder, seed, fid, data_sha256=data)
        done(folder, "dvc add -q samples/dcgan", "git add .", f"git commit -q -m 'run {branch}'")
    return folder


@pytest.fixture
def without_cache(repository: Path, tmp_path: Path) -> Path:
    """A copy in which nothing lies in DVC's cache."""
    return shutil.copytree(repository, tmp_path / "clone", ignore=shutil.ignore_patterns("cache", "report"))


def tabled(folder: Path, *revisions: str) -> subprocess.CompletedProcess[str]:
    return called(folder, results.main, *revisions)


def test_two_branches_give_a_table_and_a_picture(repository: Path) -> None:
    found = run(repository, sys.executable, "-m", "gans.pages.results", "first second")
    assert (found.returncode, found.stderr) == (0, "")
    assert re.search(r"^DCGAN +310 ± 14$", found.stdout, re.M)
    assert found.stdout.endswith("\n\nWritten: report/results.md and report/results.png\n")
    text = (repository / "report/results.md").read_text()
    assert "| DCGAN | 310 ± 14 |" in text
    assert "| real images (the floor) | 71 |" in text
    assert "Trained on cpu (x86_64), 1 threads. Trainings: 2 each. first: commit" in text
    with Image.open(repository / "report/results.png") as picture:
        assert picture.height == 20
        assert picture.getpixel((picture.width - 1, 10)) == (0, 0, 0)  # the images of the first


def test_images_that_are_not_in_the_cache_are_named(without_cache: Path) -> None:
    found = tabled(without_cache, "first")
    assert found.returncode == 0
    assert found.stdout.endswith("\n\nWritten: report/results.md\n")
    assert found.stderr == "Not drawn, as their images are not in DVC's cache: DCGAN\n"
    assert "| DCGAN | 300 |" in (without_cache / "report/results.md").read_text()


def test_no_picture_of_other_revisions_stays(without_cache: Path) -> None:
    (without_cache / "report").mkdir()
    (without_cache / "report/results.png").write_text("of others")
    assert tabled(without_cache, "first").returncode == 0
    assert not (without_cache / "report/results.png").exists()


@pytest.mark.parametrize(
    ("revisions", "line"),
    [
        ([], "usage: make results REVS="),
        (["nonsense"], "REV is 'nonsense': no such revision"),
        (["without"], "without has no metrics/summary.json; expected a revision whose pipeline ran"),
        (["first", "elsewhere"], "data_sha256 is cd in elsewhere but ab in first; expected runs scored alike"),
    ],
)
def test_what_cannot_be_one_table_is_one_line(repository: Path, revisions: list[str], line: str) -> None:
    shutil.rmtree(repository / "report", ignore_errors=True)
    found = tabled(repository, *revisions)
    assert (found.returncode, found.stderr.count("\n")) == (1, 1)
    assert found.stderr.startswith(line)
    assert not (repository / "report").exists()


def changed(repository: Path, tmp_path: Path, path: str, text: str) -> Path:
    """Return a copy whose branch `changed` is `first` with another text in a file."""
    clone = shutil.copytree(repository, tmp_path / "clone")
    done(clone, "git checkout -q -b changed first")
    (clone / path).write_text(text)
    done(clone, "git commit -q -a -m changed")
    return clone


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        ("metrics/summary.json", '{"variants": {"dcgan": {}}}', "KeyError 'title'"),
        ("metrics/summary.json", '{"variants": {}}', "KeyError 'floor'"),
        ("metrics/summary.json", '{"variants', "JSONDecodeError"),
        ("metrics/summary.json", "[]", "TypeError"),
        ("params.yaml", "seed: [", "ParserError"),
        ("params.yaml", "seed: many", "ValueError"),
        ("dvc.lock", "stages: {}", "KeyError 'train@dcgan'"),
    ],
)
def test_what_is_not_a_run_of_this_version_is_one_line(
    repository: Path, tmp_path: Path, path: str, text: str, line: str
) -> None:
    found = tabled(changed(repository, tmp_path, path, text), "first", "changed")
    assert (found.returncode, found.stderr.count("\n")) == (1, 1)
    assert found.stderr.startswith(f"changed is not as this version writes runs ({line}")


def test_other_code_has_a_row_of_its_own(repository: Path, tmp_path: Path) -> None:
    write_run(tmp_path, 0, 300.0, code="bb")
    clone = changed(repository, tmp_path, "dvc.lock", (tmp_path / "dvc.lock").read_text())
    assert tabled(clone, "first", "changed").returncode == 0
    text = (clone / "report/results.md").read_text()
    assert "| DCGAN (first) | 300 |" in text
    assert "| DCGAN (changed) | 300 |" in text
