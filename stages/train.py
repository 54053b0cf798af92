"""Train one variant, as often as `seeds` says."""

from functools import partial

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
    every = params.evaluate.every_epochs
    repeats: list[training.Trained] = []
    with paths.published(paths.model(variant)) as draft:
        for repeat in range(params.seeds):
            folder = models.make_repeat(draft, repeat)
            own = settings.model_copy(update={"seed": settings.seed + repeat})
            trained = training.train(
                kind,
                own,
                data.shape,
                data.images[data.train],
                data.train_labels,
                device,
                num_frames=params.sample.progress_frames,
                weights=weights,
                checkpoints=training.Checkpoints(every, partial(models.save_checkpoint, folder)) if every else None,
            )
            models.save(
                folder,
                name=variant,
                settings=own,
                shape=data.shape,
                averaged=trained.averaged,
                networks=trained.variant.networks,
                frames=trained.progress.frames,
                frames_at=trained.progress.images_seen,
            )
            repeats.append(trained)
    artefacts.write_csv(paths.losses(variant), repeats[0].rows, training.COLUMNS)
    artefacts.write_json(paths.train_metrics(variant), {**repeats[0].facts(device), "seeds": params.seeds})
    artefacts.write_json(paths.speed_metrics(variant), training.timings(repeats, device))


if __name__ == "__main__":
    stages.run(main, "VARIANT")
