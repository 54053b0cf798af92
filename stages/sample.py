"""Draw the pictures of one trained variant in samples/<variant>."""

from functools import partial

import numpy as np

import stages
from gans.base import paths, publishing
from gans.data import arrays
from gans.figures import grids, pictures
from gans.networks import models, sampling
from gans.params import Params
from gans.runtime import devices
from gans.scoring import classifier, distances, features


def main(variant: str) -> None:
    """Write the grid, real against fake, the images over training, the walks, and what labels allow."""
    params = Params.load()
    params.known(variant)
    device = devices.prepare(params.run.device, params.run.deterministic)
    sampler, settings = models.load_sampler(paths.model(variant), device)
    latents = partial(sampling.latents, settings=settings, stream="fixed_latents", device=device)
    z = latents(pictures.GRID**2)
    fakes = sampler(z)
    moments = models.load_progress(paths.model(variant))
    data = arrays.load(paths.processed(params.dataset))
    judge = classifier.load(paths.classifier(params.dataset), device).classes
    known = np.load(paths.reference(params.dataset) / paths.TRAINING_FEATURES)
    training = arrays.spread(data.images[data.train], len(known))
    shown = arrays.spread(fakes, pictures.NEIGHBOUR_ROWS)
    nearest = distances.nearest(features.Lite0(device)(shown), known, pictures.NEIGHBOURS)  # (shown, neighbours)
    ends = latents(2 * params.sample.interpolation_rows)
    drawn = {
        "grid": grids.grid(fakes, pictures.GRID),
        "real_vs_fake": pictures.real_vs_fake(data.images[data.held_out], fakes),
        "row": pictures.row(sampler, z),
        "neighbours": pictures.neighbours(shown, training[nearest.ravel()]),
        "progress": pictures.progress(*moments),
        "interpolation": pictures.interpolation(sampler, ends, params.sample.interpolation_steps),
    }
    if sampler.class_counts:
        drawn["classes"] = pictures.classes(sampler, latents(pictures.CLASS_COLUMNS), data.meta["class_names"])
    elif judge and (attributes := data.meta["attributes"]):
        many = sampling.latents(pictures.NUM_JUDGED, settings, "evaluation", device)
        drawn["arithmetic"] = pictures.arithmetic(sampler, many, latents(pictures.GRID), judge, attributes)
    with publishing.published(paths.samples(variant)) as draft:
        draft.mkdir()
        for name, picture in drawn.items():
            grids.save_png(draft / f"{name}.png", picture)
        grids.save_gif(draft / "progress.gif", pictures.film(*moments), milliseconds=250)


if __name__ == "__main__":
    stages.run(main, "VARIANT")
