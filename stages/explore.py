"""Write the page in which a person moves through the latent space of the trained generators."""

from pathlib import Path
from typing import Any

import stages
from gans.base import artefacts, paths, publishing
from gans.base.errors import in_one_line
from gans.networks import models
from gans.pages import explorer
from gans.params import Params
from gans.runtime import devices
from gans.scoring import classifier
from gans.zoo import catalogue, directions, graph


def main() -> None:
    """Write report/explore.html over the zoo, and over those of the active variants that are trained."""
    params = Params.load()
    logits, names = None, params.classifier.factors
    if (learnt := paths.classifier(params.dataset)).is_dir():
        factors = classifier.load(learnt, devices.prepare("cpu", deterministic=True)).factors
        logits = directions.judging(factors) if factors else None
    networks = {}
    for folder in catalogue.entries(paths.ZOO):
        networks[folder.name] = network(folder, {})
    for folder in map(paths.model, params.active):
        if folder.name not in networks and (folder / models.GENERATOR).exists():
            card = {"summary": f"Trained on {params.dataset}."}
            networks[folder.name] = network(folder, card, logits=logits, names=names)
    with publishing.published(paths.REPORT / "explore.html") as draft:
        draft.write_text(explorer.html(list(networks.values())), encoding="utf-8")


def network(folder: Path, card: dict[str, Any], **judge: Any) -> explorer.Network:
    """Return a generator as the page has it; one of the zoo brings its card and directions."""
    generator = catalogue.load(folder)
    axes = folder / directions.FILE
    card = {"title": generator.title, "summary": ""} | card | catalogue.card(folder)
    layers: list[graph.Layer] = []
    found: dict[str, list[float]] = {}
    lacking = ""
    try:
        layers = graph.traced(generator.sampler.generator, generator.nz, len(generator.classes))
        if axes.exists():
            found = artefacts.read_json(axes)
        elif explorer.num_weights(layers) <= explorer.MAX_WEIGHTS:
            found = directions.found(generator, **judge)
    except Exception as error:  # a person's own variant may have what torch.export or the engine does not know
        lacking = in_one_line(error)
    return explorer.Network.of(
        generator,
        title=str(card["title"]),
        summary=str(card["summary"]),
        directions=found,
        layers=layers,
        lacking=lacking,
    )


if __name__ == "__main__":
    stages.run(main)
