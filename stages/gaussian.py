"""Teach uniform noise a normal distribution: the one-dimensional lesson, several seeds at once."""

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg

import stages
from gans.base import artefacts, paths, publishing
from gans.figures import grids
from gans.gaussian import figures, lesson
from gans.params import Params


def main() -> None:
    """Write metrics/gaussian.json, report/figures/gaussian.png and report/figures/gaussian.gif."""
    params = Params.load()
    if "gaussian" in params.lessons:
        picture, frames, facts = carried_out(params)
    else:  # DVC wants all files of a stage
        blank = np.full((1, 1, 3), grids.PAPER, np.uint8)
        picture = grids.captioned([blank], ["lessons, in params.yaml, leaves this one out"])
        frames, facts = [picture], {}
    with publishing.published(paths.GAUSSIAN_FIGURE) as draft:
        grids.save_png(draft, picture)
    with publishing.published(paths.GAUSSIAN_FILM) as draft:
        grids.save_gif(draft, frames, milliseconds=200)
    artefacts.write_json(paths.GAUSSIAN, facts)


def carried_out(params: Params) -> tuple[np.ndarray, list[np.ndarray], dict[str, object]]:
    """Return the lesson's picture, the frames of its film, and what it reached."""
    chosen = params.gaussian
    seeds = range(params.seed, params.seed + chosen.seeds)
    cured = lesson.train(seeds, chosen.steps, chosen, lesson.value_discriminators)
    published = lesson.train(seeds, chosen.steps, chosen.published, lesson.batch_discriminators)
    ours, theirs = (lesson.summary(seeds, lesson.final_scores(course)) for course in (cured, published))
    picture = figures.pixels(FigureCanvasAgg(figures.gaussian_figure(cured, published)))
    return picture, figures.gaussian_frames(cured, published), {**ours, "published": theirs}


if __name__ == "__main__":
    stages.run(main)
