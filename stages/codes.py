"""Train variational autoencoders of several latent sizes, for one picture of them all."""

import stages
from gans import arrays, artefacts, config, devices, images, paths, pictures, sampling, training
from gans.sampling import Sampler
from gans.variants import vae


def main() -> None:
    """Write samples/codes/: fakes of each size side by side, and the plane of the two-dimensional code."""
    params = config.load()
    device = devices.prepare(params.run.device, params.run.deterministic)
    data = arrays.load(paths.processed(params.dataset))
    grids, facts = [], {}
    with paths.published(paths.CODES) as draft:
        draft.mkdir()
        train = data.images[data.train]
        for nz in params.codes.nz:
            settings = config.codes_settings(params, nz, at_most=len(train)).for_data(data.meta["symmetric"])
            trained = training.train(vae.VAE, settings, data.shape, train, None, device, num_frames=2)
            sampler = Sampler(trained.averaged)
            z = sampling.latents(pictures.GRID**2, settings, "fixed_latents", device)
            grids.append(images.grid(sampler(z), pictures.GRID))
            facts[f"nz_{nz}"] = {key: float(f"{trained.rows[-1][key]:.6g}") for key in ("loss_g", "kl")}
            if nz == 2:
                pictures.save_manifold(draft / "manifold.png", sampler, device)
        images.save_png(draft / "sizes.png", images.captioned(grids, [f"nz = {nz}" for nz in params.codes.nz]))
    artefacts.write_json(paths.CODES_METRICS, facts)


if __name__ == "__main__":
    stages.run(main)
