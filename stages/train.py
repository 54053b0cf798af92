"""Train one variant, as often as `seeds` says."""

import stages
from gans import arrays, artefacts, config, devices, distributed, models, paths, steps, training, variants
from gans.repeats import Plan


def main(variant: str) -> None:
    """Write the variant's networks, its loss curves, and what is to be said of its training."""
    params = config.load()
    kind = variants.load(config.known_variant(params, variant))
    settings = config.settings_of(params, variant, kind.Settings)
    device = devices.prepare(params.run.device, params.run.deterministic)
    weights = models.load_weights(paths.users_folder(settings.init_from)) if settings.init_from else None
    data = arrays.load(paths.processed(params.dataset))
    with distributed.joined(device) as ranks:
        plan = Plan(
            name=variant,
            kind=kind,
            settings=settings.for_data(data.meta["symmetric"]),
            seeds=params.seeds,
            data=data,
            weights=weights,
            num_frames=params.sample.progress_frames,
            moments_every=params.evaluate.every_epochs,
            device=device,
            how=steps.execution(device, params.run.precision, params.run.compile, params.run.sync_batchnorm),
            ranks=ranks,
        )
        if ranks.leads:
            lead(plan, params)
        else:
            plan.follow()


def lead(plan: Plan, params: config.Params) -> None:
    """Train as the first rank, which alone writes: all of it at the end, or nothing."""
    with paths.claimed(paths.scratch(plan.name) / plan.key) as scratch:  # removed when all is written
        with paths.published(paths.model(plan.name)) as draft:
            first, seconds = plan.carry_out(
                draft, scratch, save_seconds=params.run.save_seconds, save_epochs=params.run.save_epochs
            )
        facts = {**first.facts(plan.device, plan.how), "seeds": plan.seeds, "ranks": plan.ranks.size}
        artefacts.write_csv(paths.losses(plan.name), first.rows, training.COLUMNS)
        artefacts.write_json(paths.train_metrics(plan.name), facts)
        artefacts.write_json(paths.speed_metrics(plan.name), training.timings(first.images_seen, seconds, plan.device))


if __name__ == "__main__":
    stages.run(main, "VARIANT")
