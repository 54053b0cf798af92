"""Draw the loss curves of one variant."""

import stages
from gans import artefacts, config, paths, plots


def main(variant: str) -> None:
    """Write report/figures/<variant>_losses.png."""
    config.known_variant(config.load(), variant)
    figure = plots.losses_figure(artefacts.read_csv(paths.losses(variant)))
    with paths.published(paths.losses_figure(variant)) as draft:
        figure.savefig(draft, format="png")


if __name__ == "__main__":
    stages.run(main, "VARIANT")
