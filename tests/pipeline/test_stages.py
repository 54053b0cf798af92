"""The stages' shells: one line and a status for bad input, nothing half-written."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, run
from PIL import Image
from programs import DEADLINE_S

from gans.base import artefacts, paths
from gans.base.errors import InputError
from gans.data import arrays
from gans.data.arrays import DataShape
from gans.networks import contract, models
from gans.networks.settings import AdversarialSettings
from gans.sources import celeba
from stages import download, explore, preprocess


@pytest.fixture
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    return tmp_path


def published(folder: Path) -> list[str]:
    """Return the data files that later stages would take for whole."""
    return [str(path) for path in (folder / "data").rglob("*") if "incoming" not in path.parts and path.is_file()]


def test_stages_that_need_no_torch_do_not_import_it() -> None:
    """It takes a second and a half, in each experiment."""
    names = ("download", "preprocess", "plot", "overview", "report")
    asks = f"import sys; import {', '.join(f'stages.{name}' for name in names)}; sys.exit('torch' in sys.modules)"
    assert run(ROOT, sys.executable, "-c", asks).returncode == 0


@pytest.mark.parametrize(
    ("words", "changes", "line"),
    [
        ("train dcgn", {}, "unknown variant 'dcgn'; expected one of gan, "),
        (
            "train gan",
            {"variants.gan.init_from": "nowhere"},
            "init_from is nowhere, which holds no raw_generator.safetensors or other weights; expected",
        ),
        ("train", {}, "usage: python -m stages.train VARIANT"),
        ("report", {}, "metrics/gaussian.json is missing; expected what an earlier stage writes there"),
        (
            "download",
            {"dataset": "celeba", "data.root": "nowhere"},
            "data.root is nowhere, which is no folder; expected one that holds img_align_celeba.zip",
        ),
    ],
)
def test_bad_input_ends_with_one_line_and_a_status(
    tmp_path: Path, write_params: Callable[..., Path], words: str, changes: dict[str, object], line: str
) -> None:
    """As DVC runs a stage, with the stages of this checkout."""
    write_params(changes)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
    command = [sys.executable, "-m", *f"stages.{words}".split()]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=DEADLINE_S)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(line if line.startswith("usage") else f"{words}: {line}")
    assert [path.name for path in tmp_path.iterdir()] == ["params.yaml"]


def test_a_signal_after_the_stage_has_ended_is_answered_with_one_line() -> None:
    code = "import os, signal, stages; stages.run(lambda: None); os.kill(os.getpid(), signal.SIGINT)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "-c: stopped by SIGINT; run the same command again\n")


def test_a_local_folder_becomes_the_raw_data_and_another_leaves_nothing_of_it(
    in_folder: Path, write_params: Callable[..., Path], toyfaces_folder: Path
) -> None:
    write_params({"dataset": "celeba", "data.root": str(toyfaces_folder), "image_size": 16})
    download.main()
    assert (paths.raw("celeba") / celeba.ARCHIVE).read_bytes() == (toyfaces_folder / celeba.ARCHIVE).read_bytes()
    preprocess.main()
    packed = {path.name for path in paths.processed("celeba").iterdir()}
    assert packed == {"attributes.npy", "images.npy", "labels.npy", "meta.json"}

    bare = in_folder / "bare"
    bare.mkdir()
    shutil.copyfile(toyfaces_folder / celeba.ARCHIVE, bare / celeba.ARCHIVE)
    write_params({"dataset": "celeba", "data.root": str(bare), "data.condition_on": []})
    download.main()
    assert [path.name for path in paths.raw("celeba").iterdir()] == [celeba.ARCHIVE]


@pytest.mark.parametrize(
    ("file", "line"),
    [
        (celeba.ARCHIVE, r"is not a readable zip \(File is not a zip file\); expected CelebA's img_align_celeba.zip"),
        (celeba.PARTITION, r"list_eval_partition\.txt has no row for 0000\d\d\.jpg and \d+ more; expected one row for"),
    ],
)
def test_bad_data_are_refused_with_a_line_and_nothing_is_left_where_they_would_lie(
    in_folder: Path, write_params: Callable[..., Path], toyfaces_folder: Path, file: str, line: str
) -> None:
    damaged = shutil.copytree(toyfaces_folder, in_folder / "root") / file
    damaged.write_bytes(damaged.read_bytes()[: 14 * (damaged.stat().st_size // 28)])  # half of it, a list's whole rows
    write_params({"dataset": "celeba", "data.root": "root"})
    with pytest.raises(InputError, match=line) as caught:
        download.main()
    assert "\n" not in str(caught.value)
    assert published(in_folder) == []


def folder_of(root: Path) -> Path:
    """Write ten dark and ten light grey pictures, by class."""
    for name, shade in (("dark", 10), ("light", 200)):
        (root / name).mkdir(parents=True)
        for number in range(10):
            Image.new("L", (40, 30), shade + number).save(root / name / f"{number}.png")
    return root


def test_a_folder_of_pictures_becomes_an_array(in_folder: Path, write_params: Callable[..., Path]) -> None:
    """Grey stays one channel, and data.crop_px, which is of faces, does not matter to pictures smaller than it."""
    folder_of(in_folder / "pictures")
    write_params({"dataset": "folder", "data.root": "pictures", "image_size": 16})
    download.main()
    preprocess.main()
    packed = arrays.load(paths.processed("folder"))
    shades = [*range(10, 18), *range(200, 208), 18, 208, 19, 209]  # train, validation, test
    assert (packed.images == np.array(shades, np.uint8).reshape(20, 1, 1, 1)).all()
    assert packed.images.shape == (20, 16, 16, 1)
    assert packed.labels is not None
    assert packed.labels.tolist() == [0] * 8 + [1] * 8 + [0, 1, 0, 1]
    assert packed.meta["class_names"] == ["dark", "light"]
    assert packed.meta["class_counts"] == [8, 8]


def test_an_image_that_cannot_be_used_leaves_no_array(in_folder: Path, write_params: Callable[..., Path]) -> None:
    write_params({"dataset": "folder", "data.root": "pictures"})
    (folder_of(in_folder / "pictures") / "light" / "3.png").write_bytes(b"no image")
    download.main()
    with pytest.raises(InputError, match=r"1 of 20 images cannot be used: light/3\.png: not a JPEG or PNG"):
        preprocess.main()
    assert list(paths.processed("folder").parent.iterdir()) == []


def test_the_explorer_has_what_there_is(
    in_folder: Path, write_params: Callable[..., Path], small: AdversarialSettings, pixels: np.ndarray
) -> None:
    write_params({"active": ["dcgan", "vae"]})
    page = paths.REPORT / "explore.html"
    explore.main()
    assert "No trained generator is here yet" in page.read_text(encoding="utf-8")

    shape = DataShape(3, 16)
    for folder in (paths.ZOO / "faces", paths.model("dcgan")):
        folder.mkdir(parents=True)
        variant = contract.load("dcgan")(small, shape)
        models.save(folder, "dcgan", variant, shape, variant.generator, {0: pixels})
    artefacts.write_json(paths.ZOO / "faces/card.json", {"title": "Faces & more", "summary": "An hour of training."})
    artefacts.write_json(paths.ZOO / "faces/directions.json", {"Smiling": [0.25] * small.nz})
    explore.main()
    text = page.read_text(encoding="utf-8")
    assert re.findall(r'<option value="(\w+)">([^<]*)<', text) == [
        ("faces", "Faces &amp; more (faces)"),
        ("dcgan", "DCGAN (dcgan)"),
    ]
    faces, dcgan = json.loads(re.findall(r'id="networks">(.*)</script>', text)[0])
    assert (faces["summary"], dcgan["summary"]) == ("An hour of training.", "Trained on toyfaces.")
    assert faces["directions"] == {"Smiling": [0.25] * small.nz}
    assert next(iter(dcgan["directions"])) == "component 1"  # without a classifier no attributes
