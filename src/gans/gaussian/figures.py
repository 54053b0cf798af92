"""What the seeds of the one-dimensional lesson went through, as a figure and as a film."""

from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

TRUTH, MEAN_COLOUR, SD_COLOUR = "#999999", "#0072B2", "#D55E00"
TIMES = ("#A6CEE3", "#56B4E9", "#0072B2", "#003A5C")  # from pale to dark as training goes on
FRAMES = 60  # of the film


def gaussian_figure(
    steps: np.ndarray, values: np.ndarray, shifts: np.ndarray, decisions: np.ndarray, mean: float, sd: float
) -> Figure:
    """Return what several G made of noise, how they got there, and what one D thought of it.

    At the moments `steps` (M,), `values` (M, S, N) were generated under S seeds, to become N(mean, sd), and
    `decisions` (M, S, X) are the probabilities of real that D gave to generated batches moved to the means `shifts`.
    """
    figure = Figure(figsize=(13.0, 3.7), dpi=110, layout="constrained")
    left, middle, right = figure.subplots(1, 3)

    last = values[3 * steps > 2 * steps[-1]]  # (moments, S, N)
    _draw_normal(left, mean, sd)
    for seed in range(values.shape[1]):
        name = None if seed else "generated, a line a seed"
        left.stairs(*_density(last[:, seed]), color=MEAN_COLOUR, linewidth=1.2, alpha=0.8, label=name)
    left.set(xlabel="value", ylabel="density", xlim=(mean - 5 * sd, mean + 5 * sd), ylim=(0.0, None))
    left.set_title("The last third of training")

    for numbers, target, colour, name in (
        (values.mean(2), mean, MEAN_COLOUR, "mean"),
        (values.std(2), sd, SD_COLOUR, "standard deviation"),
    ):
        middle.axhline(target, color="black", linestyle="--", linewidth=0.9, alpha=0.6)
        for seed, line in enumerate(numbers.T):
            middle.plot(steps, line, color=colour, linewidth=0.9, alpha=0.55, label=None if seed else name)
    middle.set(xlabel="step", ylabel="of the generated values", xlim=(0, steps[-1]))
    middle.set_title("The way there")
    middle.xaxis.set_major_formatter("{x:,.0f}")

    for index, colour in zip(_spread_over(len(steps), len(TIMES)), TIMES, strict=True):
        right.plot(shifts, decisions[index, 0], color=colour, linewidth=1.8, label=f"step {steps[index]:,}")
    _dress_decision(right, shifts, mean)
    right.set_title("D's opinion, first seed")
    for axes in (left, right):
        _dress(axes, "upper left")
    _dress(middle, "center right")
    return figure


def gaussian_frames(
    steps: np.ndarray, values: np.ndarray, shifts: np.ndarray, decisions: np.ndarray, mean: float, sd: float
) -> list[np.ndarray]:
    """Return a film of the first seed's distribution and of D's opinion: uint8 (H, W, 3) frames, the start slower.

    The arguments are those of `gaussian_figure`.
    """
    figure = Figure(figsize=(7.6, 3.3), dpi=100, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    title = figure.suptitle(" ")
    _draw_normal(left, mean, sd)
    bars = left.stairs(*_density(values[0, 0]), color=MEAN_COLOUR, fill=True, alpha=0.45, label="generated")
    highest = 1.2 * max(1.0 / sd, _density(values[-1, 0])[0].max())  # of the end: the point at the start is higher
    left.set(xlabel="value", ylabel="density", xlim=(mean - 5 * sd, mean + 5 * sd), ylim=(0.0, highest))
    (opinion,) = right.plot(shifts, decisions[0, 0], color=SD_COLOUR, linewidth=2.0)
    (place,) = right.plot([0], [0], "^", color=MEAN_COLOUR, markersize=9, clip_on=False, label="G is here")
    _dress_decision(right, shifts, mean)
    for axes in (left, right):
        _dress(axes, "upper left")
    figure.draw_without_rendering()  # lays out the panels, once for all frames
    figure.set_layout_engine("none")

    frames = []
    for index in _spread_over(len(steps), FRAMES):
        title.set_text(f"step {steps[index]:,}")
        bars.set_data(*_density(values[index, 0]))
        opinion.set_ydata(decisions[index, 0])
        place.set_xdata([values[index, 0].mean()])
        canvas.draw()  # type: ignore[no-untyped-call]
        frames.append(np.array(canvas.buffer_rgba())[..., :3])  # type: ignore[no-untyped-call]
    return frames


def _spread_over(num_moments: int, wanted: int) -> list[int]:
    """Return at most `wanted` different indices of moments, first and last included, closer together at the start."""
    places = np.linspace(0.0, 1.0, wanted) ** 2 * (num_moments - 1)
    return sorted(set(places.round().astype(int).tolist()))


def _draw_normal(axes: Axes, mean: float, sd: float) -> None:
    x = np.linspace(mean - 5 * sd, mean + 5 * sd, 301)
    density = np.exp(-(((x - mean) / sd) ** 2) / 2) / (sd * np.sqrt(2 * np.pi))
    axes.fill_between(x, density, color=TRUTH, alpha=0.35, linewidth=0, label=f"real: N({mean:g}, {sd:g})")


def _density(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the share of values in bins a fifth wide, over the bins' width, and the bins' edges."""
    edges = np.arange(-4.0, 12.2, 0.2)
    return np.histogram(values, edges)[0] / (values.size * 0.2), edges


def _dress_decision(axes: Axes, shifts: np.ndarray, mean: float) -> None:
    axes.axvline(mean, color="black", linestyle="--", linewidth=0.9, alpha=0.6)
    axes.set(xlabel="a generated batch, moved to this mean", ylabel="D's probability of being real")
    axes.set(xlim=(shifts[0], shifts[-1]), ylim=(0.0, 1.0))


def _dress(axes: Axes, corner: Literal["upper left", "center right"]) -> None:
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc=corner, edgecolor="none", framealpha=0.7)
