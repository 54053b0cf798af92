"""Train one variant, as often as `seeds` says."""

from functools import partial
from pathlib import Path

import stages
from gans import arrays, artefacts, config, devices, models, paths, training, variants
from gans.errors import InputError


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

    def trained(folder: Path, repeat: int) -> training.Trained:
        """Train with the seed of a repeat into its folder; the first keeps its moments for `evaluate`."""
        own = settings.model_copy(update={"seed": settings.seed + repeat})
        keep = partial(models.save_checkpoint, folder)
        found = training.train(
            kind,
            own,
            data.shape,
            data.images[data.train],
            data.train_labels,
            device,
            num_frames=params.sample.progress_frames,
            weights=weights,
            checkpoints=training.Checkpoints(every, keep) if every and not repeat else None,
        )
        models.save(
            folder,
            name=variant,
            settings=own,
            shape=data.shape,
            averaged=found.averaged,
            networks=found.variant.networks,
            frames=found.progress.frames,
            frames_at=found.progress.images_seen,
        )
        return found

    with paths.published(paths.model(variant)) as draft:
        first = trained(models.make_repeat(draft, 0), 0)
        seconds = [first.seconds]
        for repeat in range(1, params.seeds):
            try:
                seconds.append(trained(models.make_repeat(draft, repeat), repeat).seconds)
            except InputError as error:
                raise InputError(f"with seed {settings.seed + repeat}: {error}") from None
    artefacts.write_csv(paths.losses(variant), first.rows, training.COLUMNS)
    artefacts.write_json(paths.train_metrics(variant), {**first.facts(device), "seeds": params.seeds})
    artefacts.write_json(paths.speed_metrics(variant), training.timings(first.images_seen, seconds, device))


if __name__ == "__main__":
    stages.run(main, "VARIANT")
