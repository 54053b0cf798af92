"""Draw all variants' losses, and their scores, over one another."""

import stages
from gans.base import artefacts, paths, publishing
from gans.figures import plots
from gans.params import Params


def main() -> None:
    """Write report/figures/losses.png and report/figures/scores.png, over the active variants."""
    params = Params.load()
    titles = {name: artefacts.read_json(paths.train_metrics(name))["title"] for name in params.active}
    losses = {title: plots.without_adversary(artefacts.read_csv(paths.losses(name))) for name, title in titles.items()}
    scores = {title: artefacts.read_csv(paths.scores(name)) for name, title in titles.items()}
    for path, curves, columns in (
        (paths.OVERVIEW_LOSSES, losses, ["loss_d", "loss_g", "bound"]),
        (paths.OVERVIEW_SCORES, scores, ["fid_lite0", "kid_lite0"]),
    ):
        with publishing.published(path) as draft:
            plots.overlay_figure(curves, columns).savefig(draft, format="png")


if __name__ == "__main__":
    stages.run(main)
