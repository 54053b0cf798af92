"""The pipeline itself, run by DVC in a temporary clone."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest
from clone import Workspace, cloned, stages_run, write_params
from PIL import Image

pytestmark = pytest.mark.slow

# A variant more: one file and one entry are all that it takes.
TWIN = '''"""A second conditional GAN."""

from torch import nn

from gans.data.arrays import DataShape
from gans.networks.settings import AdversarialSettings
from gans.networks.layers import DCGANGenerator, Labelled, leaky_relu
from gans.networks.contract import Adversarial


class Twin(Adversarial):
    """DCGAN's generator against a small fully connected discriminator."""

    title, source, conditional = "Twin", "a test", True

    def build(self, settings: AdversarialSettings, shape: DataShape) -> tuple[nn.Module, nn.Module]:
        generator = DCGANGenerator(settings.nz + shape.num_classes, shape.channels, shape.size, settings.width)
        first = nn.Linear(shape.channels * shape.size**2 + shape.num_classes, 32)
        discriminator = nn.Sequential(first, leaky_relu(), nn.Linear(32, 1), nn.Flatten(0))
        return Labelled(generator, shape.num_classes), Labelled(discriminator, shape.num_classes)
'''


ACTIVE = ["twin", "vae"]  # a conditional pair, and no pair; the notebook's test has one without conditions


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, prepared_cache: Path) -> Workspace:
    """A repository in which all stages have run once, with a variant more, and a library that says which one it is."""
    changes = {"variants.twin": {}, "active": ACTIVE}
    clone = cloned(tmp_path_factory.mktemp("clone") / "gans", changes, cache=prepared_cache)
    variants = clone.folder / "src/gans/variants"
    (variants / "twin.py").write_text(TWIN)
    with (variants / "__init__.py").open("a") as file:
        file.write('\n\nprint("library:", __file__)\n')
    output = clone.run("env", "PYTHONPATH=src", sys.executable, "-m", "gans.repro")
    # What comes before a training is in the cache: the fixture that filled it saw those stages run.
    some = {"settings", "train@twin", "sample@vae", "codes", "gaussian", "report", "explore"}
    assert set(stages_run(output)) >= some
    clone.commit()
    return clone


PICTURES = {f"{name}.png" for name in ("grid", "real_vs_fake", "progress", "interpolation", "neighbours", "row")}
PICTURES |= {"progress.gif"}
SCORES = {
    *("fid_lite0", "kid_lite0", "kid_lite0_sd", "fid_classifier", "kid_classifier", "kid_classifier_sd"),
    *("fid_rotation", "kid_rotation", "kid_rotation_sd"),
    *("precision", "recall", "density", "coverage", "diversity", "combination_share", "probe_accuracy"),
}
OF_CLASSES = {"condition_accuracy", "classification_accuracy_score"}


@pytest.mark.parametrize(("variant", "picture"), [("twin", "classes.png"), ("vae", "arithmetic.png")])
def test_every_artefact_of_a_variant_is_there(workspace: Workspace, variant: str, picture: str) -> None:
    train = workspace.json(f"metrics/train/{variant}.json")
    assert {"images_seen", "steps_g", "parameters_g", "loss_g"} <= set(train)
    assert train["images_seen"] == 2 * 240
    speed = workspace.json(f"metrics/speed/{variant}.json")
    assert set(speed) == {"images_per_second", "seconds", "peak_memory_mb", "device"}
    quality = workspace.json(f"metrics/quality/{variant}.json")
    scores = SCORES | OF_CLASSES if variant == "twin" else SCORES
    assert set(quality) == scores | {"n_real", "n_fake", "extractor", "seeds", "sd", "best"}
    assert (quality["n_real"], quality["n_fake"], quality["extractor"], quality["seeds"]) == (80, 80, "lite0", 2)
    assert set(quality["sd"]) == {name for name in scores if not name.endswith("_sd")}  # type: ignore[call-overload]
    curve = (workspace.folder / f"metrics/scores/{variant}.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in curve] == ["images", "240", "480"]
    assert quality["best"]["images"] in (240, 480)  # type: ignore[index]
    drawn = workspace.folder / "samples" / variant
    assert {path.name for path in drawn.iterdir()} == PICTURES | {picture}
    for path in drawn.iterdir():
        with Image.open(path) as image:
            assert min(image.size) >= 16 + 2 * 2  # a row of images, with gaps
    with Image.open(workspace.folder / f"report/figures/{variant}_losses.png") as figure:
        assert figure.width > 500
    model = workspace.folder / "models" / variant
    kept = ["generator.safetensors", "snapshots/240.safetensors", "repeat_1/generator.safetensors"]
    assert len({(model / name).read_bytes() for name in kept}) == 3
    assert workspace.json(f"models/{variant}/repeat_1/settings.json")["seed"] == 1


def test_a_pairs_curve_has_both_players_and_an_autoencoders_its_own_columns(workspace: Workspace) -> None:
    pair = (workspace.folder / "metrics/losses/twin.csv").read_text().splitlines()
    assert pair[0] == "step,images,epoch,loss_d,loss_g,d_real,d_fake"
    assert len(pair) == 1 + 30
    header, first, *_ = (workspace.folder / "metrics/losses/vae.csv").read_text().splitlines()
    assert header == "step,images,epoch,loss_d,loss_g,d_real,d_fake,reconstruction,kl"
    row = dict(zip(header.split(","), first.split(","), strict=True))
    assert {name for name, value in row.items() if not value} == {"loss_d", "d_real", "d_fake"}
    facts = workspace.json("metrics/train/vae.json")
    assert "parameters_encoder" in facts
    assert "steps_d" not in facts


def test_data_and_report_are_there(workspace: Workspace) -> None:
    meta = workspace.json("data/processed/toyfaces/meta.json")
    assert meta["splits"] == {"train": [0, 240], "validation": [240, 280], "test": [280, 320]}
    array = np.load(workspace.folder / "data/processed/toyfaces/images.npy")
    assert array.shape == (320, 16, 16, 3)
    summary = workspace.json("metrics/summary.json")
    assert list(summary["variants"]) == ACTIVE
    assert "fid_lite0" in workspace.json("metrics/floor.json")
    assert workspace.json("metrics/classifier.json")["num_classes"] == 2
    assert workspace.json("metrics/gaussian.json") == workspace.json("metrics/codes.json") == {}  # no lessons
    page = (workspace.folder / "report/index.html").read_text()
    # Of each variant grid, thumbnail, film, losses, neighbours, classes or arithmetic, interpolation and row; of all
    # together the opening and the overview.
    assert page.count("data:image/webp;base64,") == 8 * len(ACTIVE) + 2 + 2
    assert "Twin" in (workspace.folder / "report/index.md").read_text()
    assert '<option value="twin">Twin (twin)' in (workspace.folder / "report/explore.html").read_text()


def test_a_second_repro_runs_nothing_and_git_sees_no_change(workspace: Workspace) -> None:
    output = workspace.run("dvc", "repro")
    assert stages_run(output) == []
    assert "up to date" in output
    assert workspace.run("git", "status", "--porcelain") == ""


def test_an_override_of_one_variant_runs_that_variant_alone_and_arrives_as_a_number(workspace: Workspace) -> None:
    output = workspace.experiment("++variants.twin.lr=1e-5")
    own = {f"{stage}@twin" for stage in ("train", "sample", "evaluate", "plot")}
    assert set(stages_run(output)) == own | {"settings", "overview", "report", "explore"}
    assert workspace.json("models/twin/settings.json")["lr"] == 0.00001
    assert "lr: 1e-05" in (workspace.folder / "params.yaml").read_text()
    changed = workspace.run("git", "diff", "--unified=0", "params.yaml").splitlines()
    assert [line for line in changed if re.match(r"[+-][^+-]", line)] == ["-  twin: {}", "+  twin:", "+    lr: 1e-05"]
    assert "fid_lite0" in workspace.run("dvc", "metrics", "diff")

    # The table of `make experiments` shows what was changed and what came of it, and can be read.
    assert "gans.pages.experiments" in workspace.run("make", "--dry-run", "experiments")
    table = workspace.run("python", "-m", "gans.pages.experiments").splitlines()
    assert max(map(len, table)) <= 120
    assert any("variants.twin.lr" in line for line in table)


def test_the_way_back_to_the_committed_run_trains_nothing(workspace: Workspace) -> None:
    workspace.run("git", "checkout", "--quiet", ".")
    workspace.run("touch", "params.yaml")
    output = workspace.run("dvc", "repro")
    assert set(stages_run(output)) <= {"report"}  # whose speed figures are those of the last training
    assert workspace.json("models/twin/settings.json")["lr"] == 0.001
    workspace.run("git", "commit", "--quiet", "--all", "--message=back", check=False)


def test_a_temporary_run_imports_its_own_copy_of_the_code(workspace: Workspace) -> None:
    output = workspace.experiment("++variants.twin.lr=1e-4", words=["--temp", "--name", "apart", "settings"])
    libraries = re.findall(r"library: (.*)", output)
    assert libraries
    assert all(f"{workspace.folder}/.dvc/tmp/exps/" in library for library in libraries)
    assert "apart" in workspace.run("dvc", "exp", "show", "--csv")
    assert workspace.run("git", "status", "--porcelain") == ""


def test_a_shorter_list_of_variants_runs_the_pages_alone(workspace: Workspace) -> None:
    write_params(workspace.folder, {"active": ["vae"]})
    output = workspace.run("dvc", "repro", "--dry")
    assert set(stages_run(output)) == {"settings", "overview", "report", "explore"}
    workspace.run("python", "-m", "stages.report")
    assert list(workspace.json("metrics/summary.json")["variants"]) == ["vae"]  # type: ignore[call-overload]
    workspace.run("git", "checkout", "--quiet", ".")
    workspace.run("dvc", "checkout", "--force")


def test_a_stage_that_refuses_its_input_fails_the_run(workspace: Workspace) -> None:
    params = workspace.folder / "params.yaml"
    text = params.read_text()
    params.write_text(text.replace("image_size: 16", "image_size: 60"))
    output = workspace.run("dvc", "repro", check=False)
    params.write_text(text)
    assert "preprocess: params.yaml: image_size is 60; expected a power of two from 16 to 128" in output
    assert "ERROR: failed to reproduce 'preprocess'" in output


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("active", ["dcgan; touch oops"], "unknown variant 'dcgan; touch oops'; expected one of gan, "),
        ("run.launcher", "touch oops; python", "params.yaml: run.launcher is 'touch oops; python'; expected python"),
    ],
)
def test_a_value_that_would_be_a_command_is_refused_unrun(
    workspace: Workspace, key: str, value: object, line: str
) -> None:
    write_params(workspace.folder, {key: value})
    output = workspace.run("dvc", "repro", check=False)
    assert f"settings: {line}" in output or f"download: {line}" in output
    assert not list(workspace.folder.rglob("oops"))
    workspace.run("git", "checkout", "--quiet", ".")
