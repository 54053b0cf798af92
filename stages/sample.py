"""Draw the pictures of one trained variant in samples/<variant>."""

import numpy as np

import stages
from gans.base import paths, publishing
from gans.data import arrays
from gans.figures import pictures
from gans.networks import models
from gans.params import Params
from gans.runtime import devices
from gans.scoring import classifier, distances, features


def main(variant: str) -> None:
    """Write the grid, real against fake, the images over training, the walks, and what labels allow."""
    params = Params.load()
    params.known(variant)
    device = devices.prepare(params.run.device, params.run.deterministic)
    sampler, settings = models.load_sampler(paths.model(variant), device)
    frames, images_seen = models.load_progress(paths.model(variant))
    data = arrays.load(paths.processed(params.dataset))
    judge = classifier.load(paths.classifier(params.dataset), device).classes
    known = np.load(paths.reference(params.dataset) / paths.TRAINING_FEATURES, mmap_mode="r")
    look = features.Lite0(device)

    def nearest(fakes: np.ndarray, count: int) -> np.ndarray:
        return distances.nearest(look(fakes), known, count)

    with publishing.published(paths.samples(variant)) as draft:
        draft.mkdir()
        fakes = pictures.save_grid(draft / "grid.png", sampler, settings, device)
        pictures.save_real_vs_fake(draft / "real_vs_fake.png", data.images[data.held_out], fakes)
        pictures.save_row(draft / "row.png", sampler, settings, device)
        pictures.save_neighbours(draft / "neighbours.png", fakes, data.images[data.train], nearest)
        pictures.save_progress(draft / "progress.png", draft / "progress.gif", frames, images_seen)
        rows, steps = params.sample.interpolation_rows, params.sample.interpolation_steps
        pictures.save_interpolation(draft / "interpolation.png", sampler, settings, device, rows, steps)
        if sampler.class_counts:
            pictures.save_classes(draft / "classes.png", sampler, data.meta["class_names"], settings, device)
        elif judge and data.meta["attributes"]:
            attributes = data.meta["attributes"]
            pictures.save_arithmetic(draft / "arithmetic.png", sampler, judge, attributes, settings, device)


if __name__ == "__main__":
    stages.run(main, "VARIANT")
