"""Numbers to figures."""

import math
from collections.abc import Mapping, Sequence
from itertools import cycle

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

# Okabe and Ito 2008: colours that the colour-blind tell apart.
CYCLE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C6D31")
NAMES = {"loss_d": "D", "loss_g": "G", "d_real": "D(x)", "d_fake": "D(G(z))"}
COLOURS = dict(zip(NAMES, CYCLE, strict=False))  # of any other column: the next one
TITLES = {"loss_d": "loss of D", "loss_g": "loss of G", "fid_lite0": "FID (lite0)", "kid_lite0": "KID (lite0)"}
TITLES |= {"bound": "bound of the autoencoder, nats an image"}
AXES = ("step", "images", "epoch")  # the columns of a loss curve that tell where, not what
PROBABILITY, RATING = "probability of being real", "rating by D"  # of what D says: in [0, 1], or not
SMOOTHING = 0.04  # of the curve's length: the window of the bold line
FEW = 30  # points: a curve of fewer shows each
DECADES = 2  # that values span before their axis is a logarithm's


def losses_figure(curve: Mapping[str, Sequence[float]]) -> Figure:
    """Return the losses of G and D, D's opinion of real and fake, and what else was read, over the images seen.

    `curve` holds the columns of metrics/losses/<variant>.csv. Columns without a number are left out, and so is a
    panel without columns.
    """
    opinions = [value for name in ("d_real", "d_fake") for value in curve.get(name, ()) if np.isfinite(value)]
    opinion = PROBABILITY if all(0 <= value <= 1 for value in opinions) else RATING
    panel_of = {"loss_d": "loss", "loss_g": "loss", "d_real": opinion, "d_fake": opinion}
    panels: dict[str, list[str]] = {}
    for name in dict.fromkeys([*panel_of, *curve]):
        if name not in AXES and _has(curve, name):
            panels.setdefault(panel_of.get(name, name), []).append(name)
    figure = Figure(figsize=(5.2 * len(panels), 3.4), dpi=110, layout="constrained")
    for place, (label, columns) in enumerate(panels.items(), start=1):
        axes = figure.add_subplot(1, len(panels), place)
        images = np.array(curve["images"])
        for name in columns:
            values, colour = np.array(curve[name]), COLOURS.get(name, CYCLE[len(COLOURS)])
            axes.plot(images, values, color=colour, alpha=0.25, linewidth=0.8)
            _draw_mean(axes, images, values, colour, NAMES.get(name, name))
        if label == PROBABILITY:
            axes.set_ylim(0.0, 1.0)
        elif not _goes_by_decades(axes) and min(np.nanmin(curve[name]) for name in columns) >= 0:
            axes.set_ylim(0.0, None)
        _dress_over_images(axes, label)
        axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=len(columns))
    return figure


def overlay_figure(curves: Mapping[str, Mapping[str, Sequence[float]]], columns: Sequence[str]) -> Figure:
    """Return a panel for each of `columns`, two in a row, in which every curve is one line over the images seen.

    `curves` holds, by the name of each line, the columns of a table such as metrics/losses/<variant>.csv. A line is the
    running mean where there are many rows; columns that no curve has a number in are left out. One legend stands below.
    """
    drawn = [name for name in columns if any(_has(curve, name) for curve in curves.values())]
    columns_drawn = min(2, len(drawn))
    rows = math.ceil(len(drawn) / 2)
    figure = Figure(figsize=(5.2 * columns_drawn, 3.8 * rows), dpi=110, layout="constrained")
    lines: dict[str, Line2D] = {}
    for place, name in enumerate(drawn, start=1):
        axes = figure.add_subplot(rows, columns_drawn, place)
        for (label, curve), colour in zip(curves.items(), cycle(CYCLE), strict=False):
            if _has(curve, name):
                lines[label] = _draw_mean(axes, np.array(curve["images"]), np.array(curve[name]), colour, label)
        _goes_by_decades(axes)
        _dress_over_images(axes, TITLES.get(name, name))
    figure.legend(handles=list(lines.values()), loc="outside lower center", frameon=False, ncols=3 * columns_drawn)
    return figure


def without_adversary(curve: Mapping[str, Sequence[float]]) -> dict[str, Sequence[float]]:
    """Return a loss curve whose loss_g is called `bound` when there is no loss_d: it has another unit."""
    if _has(curve, "loss_d"):
        return dict(curve)
    return {"images": curve["images"], "bound": curve["loss_g"]}


def _has(curve: Mapping[str, Sequence[float]], name: str) -> bool:
    return name in curve and bool(np.isfinite(curve[name]).any())


def _running_mean(images: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the means of `values` (N,) over a moving window, and the images in the middle of each."""
    window = max(1, round(len(values) * SMOOTHING))
    mean = np.convolve(values, np.ones(window) / window, mode="valid")  # (N - window + 1,)
    return images[window // 2 :][: len(mean)], mean


def _draw_mean(axes: Axes, images: np.ndarray, values: np.ndarray, colour: str, label: str) -> Line2D:
    """Draw the running mean as a bold line, with its points where they are few, and return it."""
    images, mean = _running_mean(images, values)
    marker = "o" if len(mean) < FEW else ""
    return axes.plot(images, mean, color=colour, linewidth=1.8, label=label, marker=marker)[0]


def _goes_by_decades(axes: Axes) -> bool:
    """Return whether a panel's lines are positive and span decades; its axis is then a logarithm's."""
    drawn = np.concatenate([np.asarray(line.get_ydata(), float) for line in axes.get_lines()])
    drawn = drawn[np.isfinite(drawn)]
    if drawn.min() <= 0 or drawn.max() < 10**DECADES * drawn.min():
        return False
    axes.set_yscale("log")
    return True


def _dress_over_images(axes: Axes, label: str) -> None:
    """Give a panel over the images seen its labels and grid."""
    axes.set(xlabel="images seen", ylabel=label)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.locator_params(axis="x", nbins=5)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
