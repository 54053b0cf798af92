"""Score one trained variant."""

import stages
from gans import artefacts, config, devices, models, paths, scoring


def main(variant: str) -> None:
    """Write the scores of the variant's trainings, and the distances along the first of them."""
    params = config.load()
    config.known_variant(params, variant)
    device = devices.prepare(params.run.device, params.run.deterministic)
    bench = scoring.load_bench(params.dataset, params.classifier, device)
    folders = models.repeats(paths.model(variant))
    repeats = [scoring.of_generator(bench, folder) for folder in folders]
    curve = scoring.curve(bench, folders[0], at_the_end=repeats[0])
    quality = scoring.summarised(repeats) | bench.protocol() | {"seeds": len(repeats)}
    if len(curve) > 1:
        quality["best"] = scoring.best(curve, bench.extractors[0].name)
    artefacts.write_csv(paths.scores(variant), curve, ["images"])
    artefacts.write_json(paths.quality_metrics(variant), quality)


if __name__ == "__main__":
    stages.run(main, "VARIANT")
