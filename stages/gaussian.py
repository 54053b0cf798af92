"""Teach uniform noise a normal distribution: the one-dimensional lesson, several seeds at once."""

import stages
from gans.base import artefacts, paths, publishing
from gans.figures import grids
from gans.gaussian import figures, lesson
from gans.params import Params


def main() -> None:
    """Write metrics/gaussian.json, report/figures/gaussian.png and report/figures/gaussian.gif."""
    params = Params.load()
    seeds = range(params.seed, params.seed + params.gaussian.seeds)
    course = lesson.train(
        seeds,
        steps=params.gaussian.steps,
        lr=params.gaussian.lr,
        beta1=params.gaussian.beta1,
        beta2=params.gaussian.beta2,
        label_smoothing=params.gaussian.label_smoothing,
        weight_decay=params.gaussian.weight_decay,
    )
    drawn = (course.steps, course.values, lesson.SHIFTS, course.decisions, lesson.MEAN, lesson.SD)
    with publishing.published(paths.GAUSSIAN_FIGURE) as draft:
        figures.gaussian_figure(*drawn).savefig(draft, format="png")
    with publishing.published(paths.GAUSSIAN_FILM) as draft:
        grids.save_gif(draft, figures.gaussian_frames(*drawn), milliseconds=120)
    artefacts.write_json(paths.GAUSSIAN, lesson.summary(seeds, lesson.final_scores(course)))


if __name__ == "__main__":
    stages.run(main)
