"""The generators that come with the repository: each draws, and is as good as its card says."""

import json
from io import BytesIO

import numpy as np
import pytest
import torch
import yaml
from conftest import ROOT
from PIL import Image

import gans
from gans import packing
from gans.base import artefacts, processors
from gans.data import arrays
from gans.figures import grids
from gans.params import Params
from gans.preprocess import crop_and_shrink
from gans.scoring import distances, features
from gans.scoring.distances import Known
from gans.scoring.scores import distances_of
from gans.sources import toyfaces
from gans.zoo import catalogue, exported

CPU = torch.device("cpu")
ZOO = ROOT / "zoo"
NAMES = sorted(path.parent.name for path in ZOO.glob("*/card.json"))
MEGABYTE = 1e6


def test_each_has_a_recipe_and_the_zoo_is_small() -> None:
    assert set(NAMES) == set(yaml.safe_load((ZOO / "recipes.yaml").read_text()))
    assert sum(path.stat().st_size for path in ZOO.rglob("*") if path.is_file()) < 28 * MEGABYTE
    for name in NAMES:
        assert (ZOO / name / "generator.safetensors").stat().st_size < 3 * MEGABYTE


def test_registries_see_each_of_them_and_the_variants_of_the_quick_run() -> None:
    declared = yaml.safe_load((ROOT / "dvc.yaml").read_text())["artifacts"]
    wanted = {
        **{name: f"zoo/{name}" for name in NAMES},
        **{name: f"models/{name}" for name in Params.load(ROOT / "params.yaml").active},
    }
    assert {name: declared[name]["path"] for name in wanted} == wanted
    assert all(entry["type"] == "model" and entry["desc"] and entry["labels"] for entry in declared.values())


@pytest.mark.parametrize("name", NAMES)
def test_an_entry_draws_and_its_page_tells_its_card(name: str) -> None:
    generator = gans.load(name)
    card = catalogue.card(ZOO / name)
    images = generator(32, seed=0)
    assert images.shape == (32, generator.size, generator.size, generator.channels)
    assert len(np.unique(images.reshape(32, -1), axis=0)) == 32
    assert exported.difference((ZOO / name / "generator.onnx").read_bytes(), generator) < exported.NEAR
    page = (ZOO / name / "README.md").read_text()
    for key, value in card["scores"].items():
        assert f"| {key} | {value:.4g} |" in page
    assert card["command"] in page
    assert card["sha256"] == artefacts.sha256_of(ZOO / name / "generator.safetensors")
    picture = np.asarray(Image.open(ZOO / name / "picture.webp").convert("RGB"))
    drawn = grids.grid(generator(packing.FACES**2), packing.FACES)
    assert np.abs(picture.astype(float) - drawn).mean() < 6  # WebP costs 3; the same picture upside down has over 30
    axes = json.loads((ZOO / name / "directions.json").read_text())
    assert {len(axis) for axis in axes.values()} == {generator.nz}


FIRST_HELD_OUT, NUM_HELD_OUT = 24_577, 8192  # of the 32,768 drawn faces that the zoo's were trained on
NUM_SCORED = 2048


@pytest.mark.slow
def test_the_best_entry_has_the_scores_of_its_card() -> None:
    """Against the held-out faces that the cards' scores come from, drawn again; all cards are written in one way."""
    numbers = FIRST_HELD_OUT + arrays.spread(np.arange(NUM_HELD_OUT), NUM_SCORED)
    jpegs = [toyfaces.encode(number, number)[0][0] for number in numbers.tolist()]
    faces = [crop_and_shrink(Image.open(BytesIO(jpeg)), 64, 178) for jpeg in jpegs]
    card, extract = catalogue.card(ZOO / "sngan-toyfaces"), features.Lite0(CPU)
    real, fake = Known(extract(np.stack(faces))), extract(gans.load("sngan-toyfaces")(NUM_SCORED, seed=0))
    found = distances_of("lite0", real, fake)
    found["precision"], found["recall"] = distances.precision_and_recall(real, fake, distances.PRECISION_NEIGHBOURS)
    same = processors.kind()["model"] == card["processor"]["model"]
    for key in ("fid_lite0", "kid_lite0"):
        assert found[key] == pytest.approx(card["scores"][key], rel=1e-3 if same else 0.02)
    for key in ("precision", "recall"):
        assert found[key] == pytest.approx(card["scores"][key], abs=0.002 if same else 0.02)
