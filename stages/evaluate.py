"""Score one trained variant."""

import numpy as np

import stages
from gans import artefacts, classifier, config, devices, distances, features, models, paths, sampling


def main(variant: str) -> None:
    """Write the distances between as many fakes as there are held-out real images in the reference, and those."""
    params = config.load()
    config.known_variant(params, variant)
    device = devices.prepare(params.run.device, params.run.deterministic)
    real = np.load(paths.reference(params.dataset) / "features.npy")
    sampler, settings = models.load_sampler(paths.model(variant), device)
    fakes = sampler(sampling.latents(len(real), settings, "evaluation", device))
    extractor = features.Lite0(device)
    scores = distances.scores(real, extractor(fakes), extractor.name)
    judge, asked = classifier.load(paths.classifier(params.dataset), device), sampler.labels(len(real))
    if judge and asked is not None:
        scores["condition_accuracy"] = round(judge.accuracy(fakes, asked.numpy()), 4)
    artefacts.write_json(paths.quality_metrics(variant), scores)


if __name__ == "__main__":
    stages.run(main, "VARIANT")
