"""What the seeds of the one-dimensional lesson went through, as a figure and as a film."""

from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from gans.gaussian.lesson import MEAN, SD, SHIFTS, Course

TRUTH, MEAN_COLOUR, SD_COLOUR = "#999999", "#0072B2", "#D55E00"
TIMES = ("#A6CEE3", "#56B4E9", "#0072B2", "#003A5C")  # from pale to dark as training goes on
FRAMES = 60  # of the film


def gaussian_figure(course: Course) -> Figure:
    """Return what several G made of noise, how they got there, and what one D thought of it."""
    figure = Figure(figsize=(13.0, 3.7), dpi=110, layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    steps = course.steps

    _draw_normal(left)
    for seed, values in enumerate(course.last_values.swapaxes(0, 1)):
        name = None if seed else "generated, a line a seed"
        left.stairs(*_density(values), color=MEAN_COLOUR, linewidth=1.2, alpha=0.8, label=name)
    left.set(ylim=(0.0, None), title="The last third of training")

    for numbers, target, colour, name in (
        (course.values.mean(2), MEAN, MEAN_COLOUR, "mean"),
        (course.values.std(2), SD, SD_COLOUR, "standard deviation"),
    ):
        middle.axhline(target, color="black", linestyle="--", linewidth=0.9, alpha=0.6)
        for seed, line in enumerate(numbers.T):
            middle.plot(steps, line, color=colour, linewidth=0.9, alpha=0.55, label=None if seed else name)
    middle.set(xlabel="step", ylabel="of the generated values", xlim=(0, steps[-1]), title="The way there")
    middle.xaxis.set_major_formatter("{x:,.0f}")

    for index, colour in zip(_spread_over(len(steps), len(TIMES)), TIMES, strict=True):
        right.plot(SHIFTS, course.decisions[index, 0], color=colour, linewidth=1.8, label=f"step {steps[index]:,}")
    right.set(title="D's opinion, first seed")
    _dress_decision(right)
    _dress(left)
    _dress(middle, "center right")
    _dress(right)
    return figure


def gaussian_frames(course: Course) -> list[np.ndarray]:
    """Return a film of the first seed's distribution and of D's opinion: uint8 (H, W, 3) frames, the start slower."""
    figure = Figure(figsize=(7.6, 3.3), dpi=100, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    title = figure.suptitle(" ")
    values, decisions = course.values[:, 0], course.decisions[:, 0]
    _draw_normal(left)
    bars = left.stairs(*_density(values[0]), color=MEAN_COLOUR, fill=True, alpha=0.45, label="generated")
    left.set(ylim=(0.0, 1.2 * max(1.0 / SD, _density(values[-1])[0].max())))  # of the end: the start is higher
    (opinion,) = right.plot(SHIFTS, decisions[0], color=SD_COLOUR, linewidth=2.0)
    (place,) = right.plot([0], [0], "^", color=MEAN_COLOUR, markersize=9, clip_on=False, label="G is here")
    _dress_decision(right)
    _dress(left)
    _dress(right)
    figure.draw_without_rendering()  # lays out the panels, once for all frames
    figure.set_layout_engine("none")

    frames = []
    for index in _spread_over(len(values), FRAMES):
        title.set_text(f"step {course.steps[index]:,}")
        bars.set_data(*_density(values[index]))
        opinion.set_ydata(decisions[index])
        place.set_xdata([values[index].mean()])
        canvas.draw()  # type: ignore[no-untyped-call]
        frames.append(np.array(canvas.buffer_rgba())[..., :3])  # type: ignore[no-untyped-call]
    return frames


def _spread_over(num_moments: int, wanted: int) -> list[int]:
    """Return at most `wanted` different indices of moments, first and last included, closer together at the start."""
    places = np.linspace(0.0, 1.0, wanted) ** 2 * (num_moments - 1)
    return sorted(set(places.round().astype(int).tolist()))


def _draw_normal(axes: Axes) -> None:
    x = np.linspace(MEAN - 5 * SD, MEAN + 5 * SD, 301)
    density = np.exp(-(((x - MEAN) / SD) ** 2) / 2) / (SD * np.sqrt(2 * np.pi))
    axes.fill_between(x, density, color=TRUTH, alpha=0.35, linewidth=0, label=f"real: N({MEAN:g}, {SD:g})")
    axes.set(xlabel="value", ylabel="density", xlim=(x[0], x[-1]))


def _density(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the share of values in bins a fifth wide, over the bins' width, and the bins' edges."""
    edges = np.arange(-4.0, 12.2, 0.2)
    return np.histogram(values, edges)[0] / (values.size * 0.2), edges


def _dress_decision(axes: Axes) -> None:
    axes.axvline(MEAN, color="black", linestyle="--", linewidth=0.9, alpha=0.6)
    axes.set(xlabel="a generated batch, moved to this mean", ylabel="D's probability of being real")
    axes.set(xlim=(SHIFTS[0], SHIFTS[-1]), ylim=(0.0, 1.0))


def _dress(axes: Axes, corner: Literal["upper left", "center right"] = "upper left") -> None:
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc=corner, edgecolor="none", framealpha=0.7)
