"""What the end of `make repro` says of the committed scores."""

import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from conftest import run

from gans.base import paths
from gans.pages import reproduced

SCORES = {"fid_lite0": 1000.0, "precision": 0.0, "diversity": 0.8, "n_real": 20, "extractor": "lite0"}
KIND = {"device": "cpu", "processor": {"model": "AMD EPYC", "vector_extensions": "avx2"}, "threads": 2}
OTHER = KIND | {"processor": {"model": "Xeon", "vector_extensions": "avx2"}}


@pytest.fixture(scope="module")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository whose one commit holds the scores of two variants."""
    folder = tmp_path_factory.mktemp("committed")
    (folder / "params.yaml").write_text("lr: 0.001\nactive: [gan, dcgan]\n")
    for variant in ("gan", "dcgan"):
        write(folder, variant, SCORES, KIND)
    for words in ("init -q", "add .", "-c user.name=tests -c user.email=tests@localhost commit -q -m first"):
        assert run(folder, "git", *words.split()).returncode == 0
    return folder


@pytest.fixture
def here(committed: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return shutil.copytree(committed, tmp_path / "here")


def write(folder: Path, variant: str, scores: Mapping[str, Any], train: Mapping[str, Any]) -> None:
    for place, values in ((paths.quality_metrics, scores), (paths.train_metrics, train)):
        (folder / place(variant)).parent.mkdir(parents=True, exist_ok=True)
        (folder / place(variant)).write_text(json.dumps(values))


def said(folder: Path) -> list[str]:
    """Return the lines of a command that never fails."""
    found = run(folder, sys.executable, "-m", "gans.pages.reproduced")
    assert (found.returncode, found.stderr) == (0, "")
    return found.stdout.splitlines()


def test_the_same_scores_are_called_the_committed_ones(committed: Path) -> None:
    assert said(committed) == ["reproduced: all 6 scores are the committed ones"]


def test_on_another_processor_it_counts_what_lies_within_the_noise(here: Path) -> None:
    write(here, "gan", SCORES | {"fid_lite0": 1190.0, "precision": 0.004}, OTHER)  # of 1000: 0.07 each, 0.107 together
    write(here, "dcgan", SCORES | {"fid_lite0": 700.0}, OTHER)
    lines = said(here)
    assert lines[0] == "reproduced: 5 of 6 scores within two deviations of the committed ones"
    assert lines[1] == "  beyond: dcgan fid_lite0: 700 here, 1000 committed, deviation 85"
    assert lines[2].startswith("Two kinds of processor")
    assert lines[2].endswith("committed on AMD EPYC, 2 threads; here on Xeon, 2 threads.")
    assert len(lines) == 3


def test_on_the_same_processor_a_difference_is_a_broken_promise(here: Path) -> None:
    write(here, "gan", SCORES | {"fid_lite0": 1000.1}, KIND)
    first, second = said(here)
    assert first == "reproduced: 6 of 6 scores within two deviations of the committed ones"
    assert "all should be the same" in second


def test_a_deviation_over_seeds_counts_where_it_is_the_larger() -> None:
    (pair,) = reproduced.pairs("gan", {"fid_lite0": 1000.0, "sd": {"fid_lite0": 200.0}}, {"fid_lite0": 1400.0})
    assert pair.deviation == pytest.approx((200**2 + 98**2) ** 0.5)
    assert pair.within
    (pair,) = reproduced.pairs("gan", {"fid_lite0": 1000.0, "sd": {"fid_lite0": 1.0}}, {"fid_lite0": 1400.0})
    assert not pair.within


def test_a_variant_of_which_nothing_is_committed_is_named(here: Path) -> None:
    (here / "params.yaml").write_text("lr: 0.001\nactive: [gan, dcgan, sngan]\n")
    words = "-c user.name=tests -c user.email=tests@localhost commit -q -a -m more"
    assert run(here, "git", *words.split()).returncode == 0
    write(here, "sngan", SCORES, KIND)
    assert said(here)[1:] == ["not compared, as nothing is committed of them: sngan"]


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        ("params.yaml", "lr: 0.1\nactive: [gan]\n", "code or settings here are not the committed ones"),
        ("src/new.py", "", "code or settings here are not the committed ones"),
        (".git/HEAD", "nothing", "there is no commit"),
        ("metrics/quality/gan.json", "{", "not compared with the committed scores: JSONDecodeError"),
    ],
)
def test_what_cannot_be_compared_is_one_line(here: Path, path: str, text: str, line: str) -> None:
    (here / path).parent.mkdir(exist_ok=True)
    (here / path).write_text(text)
    (found,) = said(here)
    assert line in found
