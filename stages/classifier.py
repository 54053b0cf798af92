"""Train a classifier on the data set's labels."""

import numpy as np

import stages
from gans import arrays, artefacts, classifier, config, devices, paths


def main() -> None:
    """Write the classifier and its accuracy on held-out images; without labels, that there is none."""
    params = config.load()
    device = devices.prepare(params.run.device, params.run.deterministic)
    data = arrays.load(paths.processed(params.dataset))
    judge, facts = None, {}
    if data.labels is not None and data.train_labels is not None:
        judge = classifier.train(
            data.images[data.train],
            data.train_labels,
            data.shape.num_classes,
            epochs=params.classifier.epochs,
            lr=params.classifier.lr,
            batch_size=min(params.classifier.batch_size, len(data.train_labels)),
            width=params.classifier.width,
            random_flip=data.meta["symmetric"],
            seed=params.seed,
            device=device,
        )
        held_out = data.labels[data.held_out]
        facts = {
            "accuracy": round(judge.accuracy(data.images[data.held_out], held_out), 4),
            "share_of_largest_class": round(float(np.bincount(held_out).max() / len(held_out)), 4),
        }
    classifier.save(paths.classifier(params.dataset), judge)
    artefacts.write_json(paths.CLASSIFIER, {"num_classes": data.shape.num_classes, **facts})


if __name__ == "__main__":
    stages.run(main)
