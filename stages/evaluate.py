"""Score one trained variant."""

import stages
from gans.base import artefacts, paths
from gans.networks import models
from gans.params import Params
from gans.runtime import devices
from gans.scoring import generators


def main(variant: str) -> None:
    """Write the scores of the variant's trainings, and the distances along the first of them."""
    params = Params.load()
    params.known(variant)
    device = devices.prepare(params.run.device, params.run.deterministic)
    bench = generators.load_bench(params.dataset, params.classifier, device)
    folders = models.repeats(paths.model(variant))
    repeats = [generators.of_generator(bench, folder) for folder in folders]
    curve = generators.curve(bench, folders[0], at_the_end=repeats[0])
    quality = generators.summarised(repeats) | bench.protocol() | {"seeds": len(repeats)}
    if len(curve) > 1:
        quality["best"] = generators.best(curve, bench.extractors[0].name)
    artefacts.write_csv(paths.scores(variant), curve, ["images"])
    artefacts.write_json(paths.quality_metrics(variant), quality)


if __name__ == "__main__":
    stages.run(main, "VARIANT")
