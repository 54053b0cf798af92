"""Draw the pictures of one trained variant in samples/<variant>."""

import stages
from gans import arrays, config, devices, models, paths, pictures


def main(variant: str) -> None:
    """Write the grid, real against fake, the images over training, and the walks through latent space."""
    params = config.load()
    config.known_variant(params, variant)
    device = devices.prepare(params.run.device, params.run.deterministic)
    generator, settings = models.load_generator(paths.model(variant), device)
    frames, images_seen = models.load_progress(paths.model(variant))
    data = arrays.load(paths.processed(params.dataset))
    with paths.published(paths.samples(variant)) as draft:
        draft.mkdir()
        fakes = pictures.save_grid(draft / "grid.png", generator, settings, device)
        pictures.save_real_vs_fake(draft / "real_vs_fake.png", data.images[data.held_out], fakes)
        pictures.save_progress(draft / "progress.png", draft / "progress.gif", frames, images_seen)
        rows, steps = params.sample.interpolation_rows, params.sample.interpolation_steps
        pictures.save_interpolation(draft / "interpolation.png", generator, settings, device, rows, steps)


if __name__ == "__main__":
    stages.run(main, "VARIANT")
