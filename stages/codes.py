"""Train variational autoencoders of several latent sizes."""

import stages
from gans.base import artefacts, paths, publishing
from gans.data import arrays
from gans.params import Params


def main() -> None:
    """Write models/codes/nz_<n>/ for each size, and metrics/codes.json: how well, and how much of, a code is used.

    Nothing is in them where `lessons` leaves codes out.
    """
    params = Params.load()
    if "codes" in params.lessons:
        carry_out(params)
    else:  # DVC wants all files of a stage
        with publishing.published(paths.model("codes")) as draft:
            draft.mkdir()
        artefacts.write_json(paths.CODES_METRICS, {})


def carry_out(params: Params) -> None:
    """Train an autoencoder of each size."""
    from gans.runtime import devices  # here, because torch takes seconds to be imported
    from gans.training import state, steps
    from gans.training.plan import Plan
    from gans.variants import vae

    device = devices.prepare(params.run.device, params.run.deterministic)
    how = steps.execution(device, params.run.precision, params.run.compile)
    data = arrays.load(paths.processed(params.dataset))
    plans = {}
    for nz in params.codes.nz:
        settings = params.codes.autoencoder(nz, params, at_most=data.train.stop - data.train.start)
        settings = settings.for_data(data.meta["symmetric"])
        plans[f"nz_{nz}"] = Plan("vae", vae.VAE, settings, data, num_frames=2, device=device, how=how, section="codes.")
    key = state.key_of({name: plan.key for name, plan in plans.items()}, device)
    facts = {}
    with publishing.claimed(paths.scratch("codes") / key) as scratch:  # removed when all is written
        with publishing.published(paths.model("codes")) as draft:
            draft.mkdir()
            for name, plan in plans.items():
                trained, _ = plan.carry_out(
                    draft / name,
                    scratch / name,
                    save_seconds=params.run.save_seconds,
                    save_epochs=params.run.save_epochs,
                )
                facts[name] = {key: float(f"{trained.rows[-1][key]:.6g}") for key in ("loss_g", "kl")}
        artefacts.write_json(paths.CODES_METRICS, facts)


if __name__ == "__main__":
    stages.run(main)
