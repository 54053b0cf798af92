"""Several revisions in one table, from a small repository with Git and DVC."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from conftest import ROOT
from PIL import Image

from gans import results
from gans.results import Run


def trained(name: str, seeds: set[int], fids: list[float], settings: str = "", rev: str = "main") -> Run:
    sd = {"sd": {"fid_lite0": float(np.std(fids, ddof=1))}} if len(fids) > 1 else {}
    quality = {"title": name.upper(), "fid_lite0": float(np.mean(fids)), "n_real": 20, "seeds": len(seeds), **sd}
    quality["best"] = {"fid_lite0": min(fids) - 1, "images": 640}
    facts = {"images_seen": 1280, "seconds": 60.0 * len(seeds), "device": "cpu"}
    return Run(rev, "0" * 40, name, name.upper(), settings, frozenset(seeds), quality, facts)


def test_runs_pool_as_if_their_trainings_had_been_one_runs() -> None:
    fids = [300.0, 320.0, 290.0, 410.0, 350.0, 305.0]
    parts = [
        trained("dcgan", {0, 1, 2}, fids[:3]),
        trained("dcgan", {3}, fids[3:4]),
        trained("dcgan", {4, 5}, fids[4:]),
    ]
    quality, facts = results.pooled(parts)
    assert quality["fid_lite0"] == pytest.approx(np.mean(fids))
    assert quality["sd"]["fid_lite0"] == pytest.approx(np.std(fids, ddof=1))
    assert quality["best"] == {"fid_lite0": 289.0, "images": 640}
    assert facts["images_seen"] == 1280
    assert facts["seconds"] == pytest.approx((3 * 180 + 60 + 2 * 120) / 6)


def test_one_training_has_no_deviation() -> None:
    quality, _ = results.pooled([trained("dcgan", {0}, [300.0])])
    assert "sd" not in quality


def test_a_row_holds_other_seeds_alone_and_each_training_once() -> None:
    first, same, other_seed, other_settings = (
        trained("dcgan", {0}, [300.0]),
        trained("dcgan", {0}, [300.0], rev="again"),
        trained("dcgan", {1}, [310.0], rev="seed-1"),
        trained("dcgan", {1}, [250.0], settings="lr", rev="lr"),
    )
    groups = results.grouped([first, same, other_seed, other_settings])
    assert groups == [[first, other_seed], [other_settings]]
    titles = [result.title for result, _ in results.ranked(groups)]
    assert titles == ["DCGAN (lr)", "DCGAN (main)"]  # the best first


def test_the_variant_that_leads_is_bold_where_the_noise_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results.revision, "told", lambda commit: "commit 0000000")
    summary = {"dataset": "toyfaces", "floor": {"fid_lite0": 71.4, "n_real": 20, "n_fake": 20}}
    runs = [trained("gan", {0}, [900.0]), trained("gan", {1}, [910.0]), trained("dcgan", {0, 1}, [300.0, 310.0])]
    text = results.markdown(results.ranked(results.grouped(runs)), summary)
    first, *_ = [line for line in text.splitlines() if line.startswith("| DCGAN")]
    assert first == "| DCGAN | **305 ± 7** |"
    assert "| GAN | 905 ± 7 |" in text
    assert "Trainings: 2 each." in text
    alone = results.markdown(results.ranked(results.grouped([*runs[1:], trained("vae", {0}, [500.0])])), summary)
    assert "**" not in alone
    assert "Trainings: DCGAN 2, VAE 1, GAN 1." in alone


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT / "src")}
    environment.pop("DVC_ROOT", None)
    return subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def done(folder: Path, *words: str) -> None:
    found = run(folder, *words)
    assert found.returncode == 0, found.stdout + found.stderr


def write_run(folder: Path, seed: int, fid: float, **summary: object) -> None:
    """Write what a run of DCGAN with this seed leaves behind, and its row of images into DVC's cache."""
    params = {**yaml.safe_load((ROOT / "params.yaml").read_text()), "seed": seed, "seeds": 1, "active": ["dcgan"]}
    quality = {"fid_lite0": fid, "n_real": 20, "n_fake": 20, "extractor": "lite0", "seeds": 1}
    told = {
        "dataset": "toyfaces",
        "data_sha256": "ab",
        "floor": {"fid_lite0": 71.4, "n_real": 20, "n_fake": 20, "extractor": "lite0"},
        "variants": {"dcgan": {"title": "DCGAN", **quality}},
        **summary,
    }
    texts = {
        "params.yaml": yaml.safe_dump(params, sort_keys=False),
        "metrics/summary.json": json.dumps(told),
        "metrics/train/dcgan.json": json.dumps({"images_seen": 1280, "device": "cpu"}),
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
    folder = tmp_path_factory.mktemp("repository")
    done(folder, "git", "init", "-q", "-b", "without")
    done(folder, "git", "config", "user.name", "tests")
    done(folder, "git", "config", "user.email", "tests@localhost")
    done(folder, "dvc", "init", "-q")
    done(folder, "git", "commit", "-q", "-m", "nothing yet")
    for branch, seed, fid, data in (("first", 0, 300.0, "ab"), ("second", 1, 320.0, "ab"), ("elsewhere", 0, 9.0, "cd")):
        done(folder, "git", "checkout", "-q", "-b", branch)
        write_run(folder, seed, fid, data_sha256=data)
        done(folder, "dvc", "add", "-q", "samples/dcgan")
        done(folder, "git", "add", ".")
        done(folder, "git", "commit", "-q", "-m", f"run {branch}")
    return folder


def tabled(folder: Path, *revisions: str) -> subprocess.CompletedProcess[str]:
    return run(folder, sys.executable, "-m", "gans.results", *revisions)


def test_two_branches_give_a_table_and_a_picture(repository: Path) -> None:
    found = tabled(repository, "first second")
    expected = "Written: report/results.md and report/results.png\n"
    assert (found.returncode, found.stdout, found.stderr) == (0, expected, "")
    text = (repository / "report/results.md").read_text()
    assert "| DCGAN | 310 ± 14 |" in text
    assert "| real images (the floor) | 71 |" in text
    assert "Trained on cpu (x86_64), 1 threads. Trainings: 2 each. first: commit" in text
    with Image.open(repository / "report/results.png") as picture:
        assert picture.height == 20
        assert picture.getpixel((picture.width - 1, 10)) == (0, 0, 0)  # the images of the first


def test_images_that_are_not_in_the_cache_are_told_of(repository: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    shutil.copytree(repository, clone, ignore=shutil.ignore_patterns("cache", "report"))
    found = tabled(clone, "first")
    assert (found.returncode, found.stdout) == (0, "Written: report/results.md\n")
    assert found.stderr == "Not drawn, as their images are not in DVC's cache: DCGAN\n"


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
    assert found.returncode == 1
    assert found.stderr.startswith(line)
    assert found.stderr.count("\n") == 1
    assert not (repository / "report").exists()


def test_a_run_of_another_version_is_one_line(repository: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    shutil.copytree(repository, clone)
    done(clone, "git", "checkout", "-q", "first")
    (clone / "metrics/summary.json").write_text(json.dumps({"variants": {"dcgan": {}}}))
    done(clone, "git", "commit", "-q", "-a", "-m", "of old")
    found = tabled(clone, "first")
    assert found.returncode == 1
    assert found.stderr == "first lacks 'title'; expected a revision that this version ran: `dvc repro` there\n"


def test_a_seed_more_than_the_named_ones_is_another_training() -> None:
    first = trained("dcgan", {0, 1}, [300.0, 310.0])
    assert results.grouped([first, replace(first, seeds=frozenset({1, 2}))]) == [[first]]  # 1 cannot be taken out of it
