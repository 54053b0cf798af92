"""Draw the pictures of one trained variant in samples/<variant>."""

import numpy as np

import stages
from gans import arrays, classifier, config, devices, features, models, paths, pictures


def main(variant: str) -> None:
    """Write the grid, real against fake, the images over training, the walks, and what labels allow."""
    params = config.load()
    config.known_variant(params, variant)
    device = devices.prepare(params.run.device, params.run.deterministic)
    sampler, settings = models.load_sampler(paths.model(variant), device)
    frames, images_seen = models.load_progress(paths.model(variant))
    data = arrays.load(paths.processed(params.dataset))
    judge = classifier.load(paths.classifier(params.dataset), device).classes
    near = np.load(paths.reference(params.dataset) / paths.TRAINING_FEATURES, mmap_mode="r")
    with paths.published(paths.samples(variant)) as draft:
        draft.mkdir()
        fakes = pictures.save_grid(draft / "grid.png", sampler, settings, device)
        pictures.save_real_vs_fake(draft / "real_vs_fake.png", data.images[data.held_out], fakes)
        pictures.save_row(draft / "row.png", sampler, settings, device)
        pictures.save_neighbours(draft / "neighbours.png", fakes, features.Lite0(device), data.images[data.train], near)
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
