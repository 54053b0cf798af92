"""Score one trained variant."""

import numpy as np

import stages
from gans import artefacts, config, devices, distances, features, models, paths, sampling


def main(variant: str) -> None:
    """Write the distances between as many fakes as there are held-out real images in the reference, and those."""
    params = config.load()
    config.known_variant(params, variant)
    device = devices.prepare(params.run.device, params.run.deterministic)
    real = np.load(paths.reference(params.dataset) / "features.npy")
    generator, settings = models.load_generator(paths.model(variant), device)
    z = sampling.latents(len(real), settings, "evaluation", device)
    extractor = features.Lite0(device)
    fake = extractor(sampling.generate(generator, z))
    artefacts.write_json(paths.quality_metrics(variant), distances.scores(real, fake, extractor.name))


if __name__ == "__main__":
    stages.run(main, "VARIANT")
