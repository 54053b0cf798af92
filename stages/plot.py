"""Draw the loss curves of one variant."""

import stages
from gans.base import artefacts, paths, publishing
from gans.figures import plots
from gans.params import Params


def main(variant: str) -> None:
    """Write report/figures/<variant>_losses.png."""
    Params.load().known(variant)
    figure = plots.losses_figure(artefacts.read_csv(paths.losses(variant)))
    with publishing.published(paths.losses_figure(variant)) as draft:
        figure.savefig(draft, format="png")


if __name__ == "__main__":
    stages.run(main, "VARIANT")
