"""Teach uniform noise a normal distribution: the one-dimensional lesson, several seeds at once."""

import stages
from gans.base import artefacts, paths, publishing
from gans.figures import grids
from gans.gaussian import figures, lesson
from gans.params import Params


def main() -> None:
    """Write metrics/gaussian.json, report/figures/gaussian.png and report/figures/gaussian.gif."""
    params = Params.load()
    chosen = params.gaussian
    seeds = range(params.seed, params.seed + chosen.seeds)
    cured = lesson.train(seeds, chosen.steps, chosen, lesson.value_discriminators)
    published = lesson.train(seeds, chosen.steps, chosen.published, lesson.batch_discriminators)
    with publishing.published(paths.GAUSSIAN_FIGURE) as draft:
        figures.gaussian_figure(cured, published).savefig(draft, format="png")
    with publishing.published(paths.GAUSSIAN_FILM) as draft:
        grids.save_gif(draft, figures.gaussian_frames(cured, published), milliseconds=200)
    ours, theirs = (lesson.summary(seeds, lesson.final_scores(course)) for course in (cured, published))
    artefacts.write_json(paths.GAUSSIAN, {**ours, "published": theirs})


if __name__ == "__main__":
    stages.run(main)
