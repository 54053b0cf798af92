"""Train one variant."""

import stages
from gans import arrays, artefacts, config, devices, models, paths, training, variants


def main(variant: str) -> None:
    """Write the variant's networks, its loss curves, and what is to be said of its training."""
    params = config.load()
    kind = variants.load(config.known_variant(params, variant))
    settings = config.settings_of(params, variant, kind.Settings)
    device = devices.prepare(params.run.device, params.run.deterministic)
    weights = models.load_weights(paths.users_folder(settings.init_from)) if settings.init_from else None
    data = arrays.load(paths.processed(params.dataset))
    settings = settings.for_data(data.meta["symmetric"])
    trained = training.train(
        kind,
        settings,
        data.shape,
        data.images[data.train],
        data.train_labels,
        device,
        num_frames=params.sample.progress_frames,
        weights=weights,
    )
    models.save(
        paths.model(variant),
        name=variant,
        settings=settings,
        shape=data.shape,
        averaged=trained.averaged,
        networks=trained.variant.networks,
        frames=trained.progress.frames,
        frames_at=trained.progress.images_seen,
    )
    artefacts.write_csv(paths.losses(variant), trained.rows, training.COLUMNS)
    artefacts.write_json(paths.train_metrics(variant), trained.facts(device))
    artefacts.write_json(paths.speed_metrics(variant), trained.timings(device))


if __name__ == "__main__":
    stages.run(main, "VARIANT")
