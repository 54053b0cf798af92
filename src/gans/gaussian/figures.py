"""What the two trainings of the one-dimensional lesson went through, as a figure and as a film."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from gans.gaussian.lesson import MEAN, SD, SHIFTS, Course

TRUTH, MEAN_COLOUR, SD_COLOUR = "#999999", "#0072B2", "#D55E00"
TIMES = ("#A6CEE3", "#56B4E9", "#0072B2", "#003A5C")  # from pale to dark as training goes on
CURED, PUBLISHED = "D sees one value at a time", "D sees 100 values at once, as published"
FRAMES = 30  # of the film


def gaussian_figure(cured: Course, published: Course) -> Figure:
    """Return a row for each training: what several G made of noise, how they got there, what one D thought of it."""
    figure = Figure(figsize=(13.0, 7.4), dpi=110, layout="constrained")
    rows = figure.subfigures(2, 1, squeeze=False)[:, 0]
    for row, course, name in zip(rows, (cured, published), (CURED, PUBLISHED), strict=True):
        row.suptitle(name, fontweight="bold")
        left, middle, right = row.subplots(1, 3)
        _draw_distributions(left, course)
        _draw_way(middle, course)
        _draw_opinion(right, course)
    return figure


def gaussian_frames(cured: Course, published: Course) -> list[np.ndarray]:
    """Return a film of the distribution of both trainings' first seeds: uint8 (H, W, 3) frames, the start slower."""
    figure = Figure(figsize=(7.6, 3.3), dpi=100, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    title = figure.suptitle(" ")
    bars = []
    for axes, course, name in zip(figure.subplots(1, 2), (cured, published), (CURED, PUBLISHED), strict=True):
        _draw_normal(axes)
        bars.append(axes.stairs(*_density(course.values[0, 0]), color=MEAN_COLOUR, fill=True, alpha=0.45))
        bars[-1].set_label("generated")
        axes.set_ylim(0.0, 1.0)  # the start is higher
        axes.set_title(name, fontsize="medium")
        _dress(axes)
    figure.draw_without_rendering()  # lays out the panels, once for all frames
    figure.set_layout_engine("none")

    frames = []
    for index in _spread_over(len(cured.steps), FRAMES):
        title.set_text(f"step {cured.steps[index]:,}")
        for bar, course in zip(bars, (cured, published), strict=True):
            bar.set_data(*_density(course.values[index, 0]))
        frames.append(pixels(canvas))
    return frames


def pixels(canvas: FigureCanvasAgg) -> np.ndarray:
    """Return what a figure looks like on its canvas: uint8 (H, W, 3)."""
    canvas.draw()  # type: ignore[no-untyped-call]
    return np.array(canvas.buffer_rgba())[..., :3]  # type: ignore[no-untyped-call]


def _spread_over(num_moments: int, wanted: int) -> list[int]:
    """Return at most `wanted` different indices of moments, first and last included, closer together at the start."""
    places = np.linspace(0.0, 1.0, wanted) ** 2 * (num_moments - 1)
    return sorted(set(places.round().astype(int).tolist()))


def _draw_distributions(axes: Axes, course: Course) -> None:
    _draw_normal(axes)
    for seed, values in enumerate(course.last_values.swapaxes(0, 1)):
        name = None if seed else "generated, a line a seed"
        axes.stairs(*_density(values), color=MEAN_COLOUR, linewidth=1.2, alpha=0.8, label=name)
    axes.set(ylim=(0.0, 1.0), title="The last third of training")
    _dress(axes)


def _draw_way(axes: Axes, course: Course) -> None:
    for numbers, target, colour, name in (
        (course.values.mean(2), MEAN, MEAN_COLOUR, "mean"),
        (course.values.std(2), SD, SD_COLOUR, "standard deviation"),
    ):
        axes.axhline(target, color="black", linestyle="--", linewidth=0.9, alpha=0.6)
        for seed, line in enumerate(numbers.T):
            axes.plot(course.steps, line, color=colour, linewidth=0.9, alpha=0.55, label=None if seed else name)
    axes.set(xlabel="step", ylabel="of the generated values", xlim=(0, course.steps[-1]), title="The way there")
    axes.set_ylim(0.0, 9.0)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    _dress(axes)


def _draw_opinion(axes: Axes, course: Course) -> None:
    for index, colour in zip(_spread_over(len(course.steps), len(TIMES)), TIMES, strict=True):
        label = f"step {course.steps[index]:,}"
        axes.plot(SHIFTS, course.decisions[index, 0], color=colour, linewidth=1.8, label=label)
    axes.axvline(MEAN, color="black", linestyle="--", linewidth=0.9, alpha=0.6)
    axes.set(xlabel="a generated batch, moved to this mean", ylabel="D's probability of being real")
    axes.set(xlim=(SHIFTS[0], SHIFTS[-1]), ylim=(0.0, 1.4), yticks=np.linspace(0.0, 1.0, 6))  # with room for names
    axes.set_title("D's opinion, first seed")
    _dress(axes, columns=2)


def _draw_normal(axes: Axes) -> None:
    x = np.linspace(MEAN - 5 * SD, MEAN + 5 * SD, 301)
    density = np.exp(-(((x - MEAN) / SD) ** 2) / 2) / (SD * np.sqrt(2 * np.pi))
    axes.fill_between(x, density, color=TRUTH, alpha=0.35, linewidth=0, label=f"real: N({MEAN:g}, {SD:g})")
    axes.set(xlabel="value", ylabel="density", xlim=(x[0], x[-1]))


def _density(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the share of values in bins a fifth wide, over the bins' width, and the bins' edges."""
    edges = np.arange(-4.0, 12.2, 0.2)
    return np.histogram(values, edges)[0] / (values.size * 0.2), edges


def _dress(axes: Axes, columns: int = 1) -> None:
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="upper left", ncols=columns, edgecolor="none", framealpha=0.7)
