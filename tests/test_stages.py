"""The stages' shells: one line and a status for bad input, nothing half-written."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import ROOT

from gans import celeba, paths
from gans.errors import InputError
from stages import download, preprocess


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a stage as DVC does, with the stages of this checkout, in `folder`."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
    command = [sys.executable, "-m", *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    return tmp_path


def published(folder: Path) -> list[str]:
    """Return the data files that later stages would take for whole."""
    return [str(path) for path in (folder / "data").rglob("*") if "incoming" not in path.parts and path.is_file()]


@pytest.mark.parametrize(
    ("words", "changes", "line"),
    [
        (["stages.train", "dcgn"], {}, "train dcgn: unknown variant 'dcgn'; expected one of dcgan"),
        (["stages.train"], {}, "usage: python -m stages.train VARIANT"),
        (["stages.download"], {"image_size": 60}, "params.yaml: image_size is 60; expected a power of two"),
        (["stages.preprocess"], {"dataset": "faces"}, "params.yaml: dataset is 'faces'; expected toyfaces or celeba"),
        (
            ["stages.download"],
            {"dataset": "celeba", "data.root": "nowhere"},
            "download: data.root is nowhere, which is no folder; expected one that holds img_align_celeba.zip",
        ),
    ],
)
def test_bad_input_ends_with_one_line_and_a_status(
    tmp_path: Path, write_params: Callable[..., Path], words: list[str], changes: dict[str, object], line: str
) -> None:
    write_params(changes)
    done = run(tmp_path, *words)
    assert done.returncode != 0
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert line in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["params.yaml"]


def test_a_local_folder_becomes_the_raw_data(
    in_folder: Path, write_params: Callable[..., Path], toyfaces_folder: Path
) -> None:
    write_params({"dataset": "celeba", "data.root": str(toyfaces_folder), "image_size": 16})
    download.main()
    assert (paths.raw("celeba") / celeba.ARCHIVE).read_bytes() == (toyfaces_folder / celeba.ARCHIVE).read_bytes()
    preprocess.main()
    assert sorted(path.name for path in paths.processed("celeba").iterdir()) == ["images.npy", "meta.json"]


def test_another_root_leaves_nothing_of_the_first(
    in_folder: Path, write_params: Callable[..., Path], toyfaces_folder: Path
) -> None:
    bare = in_folder / "bare"
    bare.mkdir()
    shutil.copyfile(toyfaces_folder / celeba.ARCHIVE, bare / celeba.ARCHIVE)
    write_params({"dataset": "celeba", "data.root": str(toyfaces_folder)})
    download.main()
    write_params({"dataset": "celeba", "data.root": str(bare)})
    download.main()
    assert [path.name for path in paths.raw("celeba").iterdir()] == [celeba.ARCHIVE]


@pytest.mark.parametrize("fault", ["no zip", "no images", "truncated", "lists disagree", "another hash"])
def test_a_bad_archive_is_refused_and_nothing_is_left_where_data_would_lie(
    in_folder: Path, write_params: Callable[..., Path], toyfaces_folder: Path, fault: str
) -> None:
    root = in_folder / "root"
    shutil.copytree(toyfaces_folder, root)
    archive = root / celeba.ARCHIVE
    changes: dict[str, object] = {"dataset": "celeba", "data.root": "root"}
    if fault == "no zip":
        archive.write_bytes(b"<html>Quota exceeded</html>")
    elif fault == "no images":
        shutil.make_archive(str(archive.with_suffix("")), "zip", ROOT / "docs" / "decisions")
    elif fault == "truncated":
        archive.write_bytes(archive.read_bytes()[: archive.stat().st_size // 2])
    elif fault == "lists disagree":
        (root / celeba.PARTITION).write_text("000001.jpg 0\n")
    else:
        changes["data.sha256"] = "0" * 64
    write_params(changes)
    with pytest.raises(InputError):
        download.main()
    assert published(in_folder) == []


def test_a_bad_image_leaves_no_array(in_folder: Path, write_params: Callable[..., Path], toyfaces_folder: Path) -> None:
    shutil.copytree(toyfaces_folder, paths.raw("celeba"))
    archive = paths.raw("celeba") / celeba.ARCHIVE
    data = bytearray(archive.read_bytes())
    data[3000] ^= 1
    archive.write_bytes(data)
    write_params({"dataset": "celeba"})
    with pytest.raises(InputError, match=r"1 of 48 images cannot be used: 000001\.jpg: Bad CRC-32"):
        preprocess.main()
    assert not paths.processed("celeba").exists()
    assert list(paths.processed("celeba").parent.iterdir()) == []
