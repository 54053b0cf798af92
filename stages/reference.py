"""Score real images against held-out real images: the floor of every variant's scores, and their reference."""

import numpy as np

import stages
from gans import arrays, artefacts, config, devices, distances, features, paths


def main() -> None:
    """Write the held-out images' features for `evaluate`, and the distances of as many training images to them."""
    params = config.load()
    device = devices.prepare(params.run.device, params.run.deterministic)
    data = arrays.load(paths.processed(params.dataset))
    held_out, train = data.images[data.held_out], data.images[data.train]
    count = min(params.evaluate.max_images, len(held_out), len(train))
    extractor = features.Lite0(device)
    real = extractor(arrays.spread(held_out, count))
    floor = distances.scores(real, extractor(arrays.spread(train, count)), extractor.name)
    with paths.published(paths.reference(params.dataset)) as draft:
        draft.mkdir()
        np.save(draft / "features.npy", real)
    artefacts.write_json(paths.FLOOR, floor)


if __name__ == "__main__":
    stages.run(main)
