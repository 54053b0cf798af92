"""Score real images against other real images: the floor of every variant's scores, and their reference."""

import shutil
from pathlib import Path

import numpy as np

import stages
from gans.base import artefacts, paths, publishing
from gans.data import arrays
from gans.params import Params
from gans.runtime import devices
from gans.scoring import classifier, scores
from gans.scoring.distances import Known
from gans.sources import downloads

PUBLISHED = "published"  # FID's Inception weights, from where they were published


def main() -> None:
    """Write real images' features for `sample` and `evaluate`, and what as many other real images score."""
    params = Params.load()
    device = devices.prepare(params.run.device, params.run.deterministic)
    data = arrays.load(paths.processed(params.dataset))
    judges = classifier.load(paths.classifier(params.dataset), device)
    against = params.evaluate.against
    compared, others = scores.compared(data, against, params.evaluate.max_images)
    source = params.evaluate.inception_weights
    with publishing.published(paths.reference(params.dataset)) as draft:
        draft.mkdir()
        weights = place_weights(source, draft / paths.INCEPTION_WEIGHTS) if source else None
        extractors = scores.extractors(judges, weights, device)
        real = {extractor.name: Known(extractor(data.images[compared])) for extractor in extractors}
        for name, known in real.items():
            known.save(draft / f"{name}.npz")
        images = data.images[others]
        features = extractors[0](images)
        training = features  # among these images `sample` looks for a fake's neighbours
        if against != "held_out":
            of_training = data.images[data.train]
            training = extractors[0](arrays.spread(of_training, min(len(others), len(of_training))))
        artefacts.write_array(draft / paths.TRAINING_FEATURES, training.astype(np.float16))
        bench = scores.Bench(data, real, extractors, judges, params.classifier, device)
        floor = scores.floor(bench, images, {extractors[0].name: features}, params.seed)
    artefacts.write_json(paths.FLOOR, scores.rounded(floor) | bench.protocol() | {"against": against})


def place_weights(source: str, destination: Path) -> Path:
    """Put the weights that `source` names, a file, an address or PUBLISHED, at `destination`, verified; return it.

    Raises InputError when they are missing, another file, or cannot be fetched.
    """
    from gans.scoring import inception  # here, because torchvision takes seconds to be imported

    if source == PUBLISHED:
        source = inception.WEIGHTS_URL
    if source.startswith(("https://", "http://")):
        fetched = paths.incoming("inception") / "weights.pth"
        downloads.fetch(
            source, fetched, sha256=inception.WEIGHTS_SHA256, by_hand="and set evaluate.inception_weights to the file"
        )
    else:
        fetched = inception.verified(paths.users_folder(source))
    shutil.copyfile(fetched, destination)
    return destination


if __name__ == "__main__":
    stages.run(main)
