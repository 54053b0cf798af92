"""Teach uniform noise a normal distribution: the one-dimensional lesson, several seeds at once."""

import stages
from gans.base import artefacts, paths, publishing
from gans.figures import grids
from gans.gaussian import figures, lesson
from gans.params import Params


def main() -> None:
    """Write metrics/gaussian.json, report/figures/gaussian.png and report/figures/gaussian.gif."""
    params = Params.load()
    course = lesson.train(params.seed, params.gaussian)
    with publishing.published(paths.GAUSSIAN_FIGURE) as draft:
        figures.gaussian_figure(course).savefig(draft, format="png")
    with publishing.published(paths.GAUSSIAN_FILM) as draft:
        grids.save_gif(draft, figures.gaussian_frames(course), milliseconds=120)
    artefacts.write_json(paths.GAUSSIAN, lesson.summary(course.seeds, lesson.final_scores(course)))


if __name__ == "__main__":
    stages.run(main)
