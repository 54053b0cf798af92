"""Each kind of data through all stages, called one after another in this process."""

import importlib
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import yaml
from clone import SMALL, Workspace
from conftest import ROOT
from idx_files import published
from PIL import Image

pytestmark = pytest.mark.slow
STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
READ_NO_IMAGES = ("plot", "overview", "sample_codes", "gaussian", "report", "explore")
Run = Callable[..., Workspace]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_params: Callable[..., Path]) -> Run:
    """A function that runs stages in the order of dvc.yaml with these variants and settings, and returns where."""
    monkeypatch.delenv("DVC_ROOT", raising=False)
    monkeypatch.chdir(tmp_path)

    def run(active: list[str], changes: dict[str, object], without: Sequence[str] = ()) -> Workspace:
        write_params({**SMALL, "active": active, "seeds": 1, "evaluate.every_epochs": None, **changes})
        for name in (name for name in STAGES if name not in without):
            stage = importlib.import_module(f"stages.{name}")
            for words in [[variant] for variant in active] if "matrix" in STAGES[name] else [[]]:
                stage.main(*words)
        return Workspace(tmp_path)

    return run


def test_grey_digits(run: Run, tmp_path: Path) -> None:
    root = published(tmp_path / "digits", gzipped=True)  # 20 to train on and 10 held out, of ten classes
    found = run(["cdcgan", "vae"], {"dataset": "mnist", "data.root": str(root), "lessons": ["codes", "gaussian"]})
    meta = found.json("data/processed/mnist/meta.json")
    assert (meta["channels"], meta["class_counts"]) == (1, [2] * 10)
    assert meta["splits"] == {"train": [0, 20], "test": [20, 30]}
    assert found.json("metrics/classifier.json")["num_classes"] == 10
    quality = found.json("metrics/quality/cdcgan.json")
    assert set(quality) > {"condition_accuracy", "classification_accuracy_score"}
    assert not {"combination_share", "sd", "best"} & set(quality)  # no attributes, one seed, no moments
    with Image.open(tmp_path / "samples/cdcgan/classes.png") as picture:
        assert picture.height == 10 * (16 + 4)
    assert not (tmp_path / "samples/vae/arithmetic.png").exists()  # no attributes, no arithmetic
    gaussian = found.json("metrics/gaussian.json")
    assert list(gaussian) == ["mean", "sd", "wasserstein_1", "seeds", "published"]
    assert len(gaussian["seeds"]) == 2  # type: ignore[arg-type]
    assert set(found.json("metrics/codes.json")) == {"nz_2", "nz_3"}
    page = (tmp_path / "report/index.html").read_text()
    assert "mnist" in page
    # Of each variant grid, thumbnail, film, losses, neighbours, interpolation and row, and of one classes; of all
    # together the opening, the overview, the Gaussian lesson, the codes.
    assert page.count("data:image/webp;base64,") == 7 * 2 + 1 + 2 + 2 + 2 + 2


def test_real_photographs(run: Run, tmp_path: Path, real_faces: Path) -> None:
    found = run(["dcgan"], {"data.root": str(real_faces), "dataset": "celeba", "data.max_images": 600})
    kept = [int(count * 600 / 12_756) for count in (10_205, 1_276, 1_275)]  # of the splits of the folder's README
    assert found.json("data/processed/celeba/meta.json")["num_images"] == sum(kept)
    assert 0 < float(str(found.json("metrics/quality/dcgan.json")["fid_lite0"])) < 1e5
    assert "celeba" in (tmp_path / "report/index.html").read_text()


def test_shards_are_what_one_array_would_be(run: Run, tmp_path: Path, toyfaces_folder: Path) -> None:
    def made(shard_images: int) -> dict[str, bytes]:
        changes = {"dataset": "celeba", "data.root": str(toyfaces_folder), "data.shard_images": shard_images}
        run(["dcgan"], {**changes, "batch_size": 8, "epochs": 1, "lessons": ["codes"], "codes.nz": [2]}, READ_NO_IMAGES)
        files = [path for path in tmp_path.rglob("*") if path.suffix in (".json", ".png", ".safetensors")]
        same = (path for path in files if not {"data", "live", "speed"} & set(path.relative_to(tmp_path).parts))
        return {str(path): path.read_bytes() for path in same}

    whole, sharded = made(1000), made(7)
    assert len(list((tmp_path / "data/processed/celeba").glob("images_*.npy"))) == 7
    assert len(whole) > 15
    assert whole == sharded
