"""Draw what the autoencoders of several latent sizes make."""

import stages
from gans.base import paths, publishing
from gans.figures import grids, pictures
from gans.networks import models, sampling
from gans.params import Params
from gans.runtime import devices


def main() -> None:
    """Write samples/codes/: fakes of each size side by side, and the plane of the two-dimensional code."""
    params = Params.load()
    sizes = params.codes.nz if "codes" in params.lessons else []
    device = devices.prepare(params.run.device, params.run.deterministic)
    sides = []
    with publishing.published(paths.CODES) as draft:
        draft.mkdir()
        for nz in sizes:
            sampler, settings = models.load_sampler(paths.model("codes") / f"nz_{nz}", device)
            z = sampling.latents(pictures.GRID**2, settings, "fixed_latents", device)
            sides.append(grids.grid(sampler(z), pictures.GRID))
            if nz == 2:
                grids.save_png(draft / "manifold.png", pictures.manifold(sampler, device))
        if sides:
            grids.save_png(draft / "sizes.png", grids.captioned(sides, [f"nz = {nz}" for nz in sizes]))


if __name__ == "__main__":
    stages.run(main)
