"""Train variational autoencoders of several latent sizes, for one picture of them all."""

from dataclasses import asdict

import torch

import stages
from gans import arrays, artefacts, config, devices, images, paths, pictures, sampling, state, steps, training
from gans.sampling import Sampler
from gans.state import Store
from gans.training import Saving
from gans.variants import vae


def main() -> None:
    """Write samples/codes/: fakes of each size side by side, and the plane of the two-dimensional code."""
    params = config.load()
    device = devices.prepare(params.run.device, params.run.deterministic)
    how = steps.execution(device, params.run.precision, params.run.compile)
    data = arrays.load(paths.processed(params.dataset))
    grids, facts = [], {}
    train = data.images[data.train]
    all_settings = [
        config.codes_settings(params, nz, at_most=len(train)).for_data(data.meta["symmetric"]) for nz in params.codes.nz
    ]
    decisive = {
        "settings": [each.model_dump() for each in all_settings],
        "data": data.meta,
        "how": asdict(how),
        "threads": torch.get_num_threads(),
    }
    key = state.key_of(decisive, device)
    with paths.claimed(paths.scratch("codes") / key) as scratch:  # removed when all is written
        with paths.published(paths.CODES) as draft:
            draft.mkdir()
            for nz, settings in zip(params.codes.nz, all_settings, strict=True):
                saving = Saving(Store(scratch / f"nz_{nz}"), params.run.save_seconds, params.run.save_epochs)
                with devices.memory_told(device, "lower codes.batch_size or codes.width"):
                    trained = training.train(
                        vae.VAE, settings, data.shape, train, None, device, 2, saving=saving, how=how
                    )
                sampler = Sampler(trained.averaged)
                z = sampling.latents(pictures.GRID**2, settings, "fixed_latents", device)
                grids.append(images.grid(sampler(z), pictures.GRID))
                facts[f"nz_{nz}"] = {name: float(f"{trained.rows[-1][name]:.6g}") for name in ("loss_g", "kl")}
                if nz == 2:
                    pictures.save_manifold(draft / "manifold.png", sampler, device)
            images.save_png(draft / "sizes.png", images.captioned(grids, [f"nz = {nz}" for nz in params.codes.nz]))
        artefacts.write_json(paths.CODES_METRICS, facts)


if __name__ == "__main__":
    stages.run(main)
