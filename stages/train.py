"""Train one variant, as often as `seeds` says."""

import stages
from gans.base import artefacts, paths, publishing
from gans.data import arrays
from gans.networks import contract, models
from gans.params import Params
from gans.runtime import devices
from gans.training import distributed, steps, trained
from gans.training.plan import Plan


def main(variant: str) -> None:
    """Write the variant's networks, its loss curves, and what is to be said of its training."""
    params = Params.load()
    kind = contract.load(params.known(variant))
    settings = params.settings_of(variant, kind.Settings)
    device = devices.prepare(params.run.device, params.run.deterministic)
    weights = models.load_weights(paths.users_folder(settings.init_from)) if settings.init_from else None
    data = arrays.load(paths.processed(params.dataset))
    settings = settings.for_data(data.meta["symmetric"])
    with distributed.joined(device) as ranks:
        how = steps.execution(device, params.run.precision, params.run.compile, params.run.sync_batchnorm)
        plan = Plan(
            name=variant,
            kind=kind,
            settings=settings,
            data=data,
            num_frames=params.sample.progress_frames,
            device=device,
            how=how,
            seeds=params.seeds,
            weights=weights,
            snapshots_every=params.evaluate.every_epochs,
            ranks=ranks,
        )
        with ranks.by_first(lambda: publishing.claimed(paths.scratch(variant) / plan.key)) as scratch:  # to the end
            with ranks.by_first(lambda: publishing.published(paths.model(variant))) as draft:
                first, seconds = plan.carry_out(
                    draft,
                    scratch,
                    save_seconds=params.run.save_seconds,
                    save_epochs=params.run.save_epochs,
                    finished=paths.finished(variant),
                    live=paths.live(variant),
                )
            if ranks.leads:
                facts = {**first.facts(device, how), "seeds": plan.seeds, "ranks": ranks.size}
                artefacts.write_csv(paths.losses(variant), first.rows, trained.COLUMNS)
                artefacts.write_json(paths.train_metrics(variant), facts)
                artefacts.write_json(paths.speed_metrics(variant), trained.timings(first, seconds, device))


if __name__ == "__main__":
    stages.run(main, "VARIANT")
