"""Train an entry of the zoo as an experiment of DVC, and pack its generator: `make zoo NAME=sngan-toyfaces`."""

import shlex
import shutil
import sys
from collections.abc import Mapping
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
import yaml
from PIL import Image
from safetensors.torch import save

from gans import commands, recipes
from gans.base import artefacts, paths, publishing
from gans.base.errors import InputError
from gans.figures import grids
from gans.networks import models
from gans.pages import machines, revision, templates
from gans.params import Params
from gans.runtime import weights
from gans.scoring import generators, scores
from gans.scoring.scores import Bench, Scores
from gans.zoo import catalogue, directions, exported
from gans.zoo.generator import Generator

RECIPES = paths.ZOO / catalogue.RECIPES
EXPERIMENT = "zoo-{}"
FACES = 8  # along each side of the picture
NUM_SETS = 3  # of latents that are scored, those of seeds 0, 1 and 2: their deviation is the noise


def main(name: str = "", data_root: str = "") -> None:
    """Write zoo/<name>/ from the experiment zoo-<name>, which is carried out first where there is none."""
    recipe = recipes.named(RECIPES, name, "make zoo NAME=...")
    experiment = EXPERIMENT.format(name)
    settings = recipe["settings"]
    (variant,) = settings["active"]
    command = [*recipes.command(experiment, settings), f"evaluate@{variant}"]  # a zoo needs no pictures, and no page
    if not revision.experiments(experiment):
        commands.run([*command, "-S", f"data.root={data_root}"] if data_root else command)
    commit = revision.commit_of(experiment)
    parent = _parent(commit)
    _refuse_other_settings(experiment, commit, parent, recipe)
    with TemporaryDirectory() as folder:
        workspace = Path(folder)
        _fetch(commit, workspace)
        with chdir(workspace):
            packed = pack(name, recipe, commit=parent, command=shlex.join(command))
        with publishing.published(paths.ZOO / name) as draft:
            shutil.copytree(workspace / packed, draft)
    print(f"{paths.ZOO / name}: {sum(file.stat().st_size for file in (paths.ZOO / name).iterdir()) / 1e6:.1f} MB")


def _parent(commit: str) -> str:
    """Return the hash of the commit that an experiment started from."""
    found = revision.git("rev-parse", f"{commit}^")
    assert found is not None, "an experiment has a parent"
    return found.decode().strip()


def _refuse_other_settings(experiment: str, commit: str, parent: str, recipe: Mapping[str, Any]) -> None:
    """Raise InputError where an experiment was not made with the settings that its recipe has now."""
    values = []
    for revised, changes in ((commit, []), (parent, recipes.overrides(recipe["settings"]))):
        with TemporaryDirectory() as folder:
            file = recipes.write_params(revised, changes, Path(folder), RECIPES)
            values.append(yaml.safe_load(file.read_text(encoding="utf-8")))
        values[-1]["data"].pop("root")  # wherever the data lay
    if values[0] != values[1]:
        remedy = f"`dvc exp remove {experiment}` forgets it, and the same command then trains anew"
        raise InputError(f"the experiment {experiment} has other settings than {RECIPES} and params.yaml say; {remedy}")


def _fetch(commit: str, workspace: Path) -> None:
    """Put what a generator is scored with, and its folder, into a workspace as an experiment left them."""
    from dvc.api import DVCFileSystem  # type: ignore[import-untyped]

    files = DVCFileSystem(rev=commit)
    files.get_file(str(paths.PARAMS), str(workspace / paths.PARAMS))
    params = Params.load(workspace / paths.PARAMS)
    (variant,) = params.active
    dataset = params.dataset
    folders = [paths.processed(dataset), paths.classifier(dataset), paths.reference(dataset), paths.model(variant)]
    for folder in [*folders, Path("metrics")]:
        (workspace / folder).parent.mkdir(parents=True, exist_ok=True)
        files.get(str(folder), str(workspace / folder), recursive=True)


def pack(name: str, recipe: Mapping[str, Any], commit: str, command: str) -> Path:
    """Write the folder of an entry into the current one, where a finished run lies; return its path.

    generator.safetensors holds the averaged generator in half precision, generator.onnx the same for other programs,
    settings.json what it takes to build it, directions.json the strongest directions of its latent space, card.json and
    README.md what is to be known of it, picture.webp what it draws for seed 0.
    """
    params = Params.load()
    (variant,) = params.active
    device = torch.device("cpu")
    bench = generators.load_bench(params.dataset, params.classifier, device)
    trained = paths.model(variant)
    folder = Path(name)
    folder.mkdir()
    halved = {key: _halved(value) for key, value in weights.read(trained / models.GENERATOR).items()}
    (folder / models.GENERATOR).write_bytes(save(halved))
    record = artefacts.read_json(trained / models.SETTINGS)
    del record["frames_at"]
    record["shape"]["class_names"] = bench.data.meta["class_names"]
    artefacts.write_json(folder / models.SETTINGS, record)
    generator = catalogue.load(folder)
    (folder / "generator.onnx").write_bytes(exported.onnx(generator))
    factors = bench.judges.factors
    logits = directions.judging(factors) if factors else None
    artefacts.write_json(folder / directions.FILE, directions.found(generator, logits, params.classifier.factors))
    picture = Image.fromarray(grids.grid(generator(FACES**2), FACES))
    picture.save(folder / "picture.webp", quality=templates.WEBP_QUALITY, method=6)
    card = described(generator, bench, variant) | {
        "sha256": artefacts.sha256_of(folder / models.GENERATOR),
        "data": recipe["data"],
        "licence": recipe["licence"],
        "limits": recipe["limits"],
        "commit": commit,
        "command": command,
    }
    card["summary"] = f"{card['title']} on {card['data']}, after {card['hours']:.1f} hours ({card['device']})."
    artefacts.write_json(folder / catalogue.CARD, card)
    (folder / "README.md").write_text(templates.written("card.md", name=name, **card), encoding="utf-8")
    return folder


def _halved(value: torch.Tensor) -> torch.Tensor:
    return value.half() if value.is_floating_point() else value


def described(generator: Generator, bench: Bench, variant: str) -> dict[str, Any]:
    """Return what a run tells of a generator, and the scores that it has for the latents of several seeds."""
    facts, speed, floor = (
        artefacts.read_json(path) for path in (paths.train_metrics(variant), paths.speed_metrics(variant), paths.FLOOR)
    )
    processor = f"{facts['processor']['model'].partition(' (')[0]}, {machines.threads(facts['threads'])}"
    sets = [scored(generator, bench, seed) for seed in range(NUM_SETS)]
    sets = [{key: value for key, value in found.items() if not key.endswith("_sd")} for found in sets]
    spread = {key: float(np.std([found[key] for found in sets], ddof=1)) for key in sets[0]}
    return {
        "title": generator.title,
        "images_seen": facts["images_seen"],
        "hours": round(speed["seconds"] / 3600, 2),
        "device": facts.get("gpu") or processor,
        "processor": facts["processor"],
        "versions": facts["versions"],
        "scores": scores.rounded(sets[0]),
        "noise": scores.rounded(spread),
        "floor": {key: floor[key] for key in sets[0] if key in floor},
        "protocol": bench.protocol() | {"against": floor["against"], "sets": NUM_SETS},
    }


def scored(generator: Generator, bench: Bench, seed: int) -> Scores:
    """Return the scores of a generator's pictures of a seed; where it knows classes, of those as well."""
    images = generator(bench.num_images, seed)
    found = scores.of_images(bench, images)
    if generator.classes and bench.judges.classes:
        asked = generator.labels(bench.num_images, seed).numpy()
        found["condition_accuracy"] = bench.judges.classes.accuracy(images, asked)
    return found


if __name__ == "__main__":
    commands.ended("zoo", lambda: main(*sys.argv[1:]))
