"""Score real images against held-out real images: the floor of every variant's scores, and their reference."""

import numpy as np

import stages
from gans import arrays, artefacts, classifier, config, devices, inception, paths, scoring


def main() -> None:
    """Write real images' features for `sample` and `evaluate`, and what as many training images score."""
    params = config.load()
    device = devices.prepare(params.run.device, params.run.deterministic)
    data = arrays.load(paths.processed(params.dataset))
    judges = classifier.load(paths.classifier(params.dataset), device)
    held_out, train = data.images[data.held_out], data.images[data.train]
    count = min(params.evaluate.max_images, len(held_out), len(train))
    source = params.evaluate.inception_weights
    with paths.published(paths.reference(params.dataset)) as draft:
        draft.mkdir()
        weights = inception.place_weights(source, draft / paths.INCEPTION_WEIGHTS) if source else None
        extractors = scoring.extractors(judges.classes, weights, device)
        real = {extractor.name: extractor(arrays.spread(held_out, count)) for extractor in extractors}
        for name, found in real.items():
            artefacts.write_array(draft / f"{name}.npy", found)
        artefacts.write_array(draft / paths.TRAINING_FEATURES, extractors[0](train).astype(np.float16))
        bench = scoring.Bench(data, real, extractors, judges, params.classifier, device)
        floor = scoring.floor(bench, params.seed)
    artefacts.write_json(paths.FLOOR, scoring.rounded(floor) | bench.protocol())


if __name__ == "__main__":
    stages.run(main)
