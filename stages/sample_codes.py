"""Draw what the autoencoders of several latent sizes make."""

from pathlib import Path

import stages
from gans.base import paths, publishing
from gans.params import Params


def main() -> None:
    """Write samples/codes/, in which nothing is where `lessons` leaves codes out."""
    params = Params.load()
    with publishing.published(paths.CODES) as draft:
        draft.mkdir()
        if "codes" in params.lessons:
            draw(draft, params)


def draw(folder: Path, params: Params) -> None:
    """Write fakes of each size side by side, and the plane of the two-dimensional code."""
    from gans.figures import grids, pictures  # here, because torch takes seconds to be imported
    from gans.networks import models, sampling
    from gans.runtime import devices

    device = devices.prepare(params.run.device, params.run.deterministic)
    sides = []
    for nz in params.codes.nz:
        sampler, settings = models.load_sampler(paths.model("codes") / f"nz_{nz}", device)
        z = sampling.latents(pictures.GRID**2, settings, "fixed_latents", device)
        sides.append(grids.grid(sampler(z), pictures.GRID))
        if nz == 2:
            grids.save_png(folder / "manifold.png", pictures.manifold(sampler, device))
    grids.save_png(folder / "sizes.png", grids.captioned(sides, [f"nz = {nz}" for nz in params.codes.nz]))


if __name__ == "__main__":
    stages.run(main)
