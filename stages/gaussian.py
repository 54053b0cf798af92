"""Teach uniform noise a normal distribution: the one-dimensional lesson, several seeds at once."""

import stages
from gans import artefacts, config, gaussian, images, paths, plots


def main() -> None:
    """Write metrics/gaussian.json, report/figures/gaussian.png and report/figures/gaussian.gif."""
    params = config.load()
    seeds = range(params.seed, params.seed + params.gaussian.seeds)
    course = gaussian.train(
        seeds,
        steps=params.gaussian.steps,
        lr=params.gaussian.lr,
        beta1=params.gaussian.beta1,
        beta2=params.gaussian.beta2,
        label_smoothing=params.gaussian.label_smoothing,
        weight_decay=params.gaussian.weight_decay,
    )
    drawn = (course.steps, course.values, gaussian.SHIFTS, course.decisions, gaussian.MEAN, gaussian.SD)
    with paths.published(paths.GAUSSIAN_FIGURE) as draft:
        plots.gaussian_figure(*drawn).savefig(draft, format="png")
    with paths.published(paths.GAUSSIAN_FILM) as draft:
        images.save_gif(draft, plots.gaussian_frames(*drawn), milliseconds=120)
    artefacts.write_json(paths.GAUSSIAN, gaussian.summary(seeds, gaussian.final_scores(course)))


if __name__ == "__main__":
    stages.run(main)
