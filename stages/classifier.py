"""Train classifiers on the data set's labels and attributes, and on which way up its images are."""

import numpy as np

import stages
from gans.base import artefacts, paths
from gans.data import arrays
from gans.params import Params
from gans.runtime import devices
from gans.scoring import classifier


def main() -> None:
    """Write the classifiers that the data set allows, and how right they are."""
    params = Params.load()
    device = devices.prepare(params.run.device, params.run.deterministic)
    data = arrays.load(paths.processed(params.dataset))
    train, held_out = data.images[data.train], data.images[data.held_out]
    flip, seed = data.meta["symmetric"], params.seed

    def trained(targets: np.ndarray, num_outputs: int) -> classifier.Judge:
        wanted = targets[data.train]
        return classifier.train(
            train, wanted, num_outputs, params.classifier, random_flip=flip, seed=seed, device=device
        )

    facts: dict[str, object] = {"num_classes": data.shape.num_classes}
    classes, factors = None, None
    if data.labels is not None:
        classes, labels = trained(data.labels, data.shape.num_classes), data.labels[data.held_out]
        facts["accuracy"] = round(classes.accuracy(held_out, labels), 4)
        facts["share_of_largest_class"] = round(float(np.bincount(labels).max() / len(labels)), 4)
    if (having := data.having(params.classifier.factors)) is not None:
        factors = trained(having, len(params.classifier.factors))
        right = (factors.has(held_out) == having[data.held_out]).mean(0)
        facts["factors"] = dict(zip(params.classifier.factors, right.round(4).tolist(), strict=True))
    rotation = classifier.of_turns(classifier.few(train), params.classifier, seed=params.seed, device=device)
    facts["rotation"] = round(rotation.accuracy(*classifier.turned(classifier.few(held_out))), 4)
    classifier.save(paths.classifier(params.dataset), classifier.Judges(classes, factors, rotation))
    artefacts.write_json(paths.CLASSIFIER, facts)


if __name__ == "__main__":
    stages.run(main)
