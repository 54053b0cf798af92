"""Numbers to figures."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Okabe and Ito 2008: colours that the colour-blind tell apart.
COLOURS = {"loss_d": "#0072B2", "loss_g": "#D55E00", "d_real": "#009E73", "d_fake": "#CC79A7"}
NAMES = {"loss_d": "D", "loss_g": "G", "d_real": "D(x)", "d_fake": "D(G(z))"}
SMOOTHING = 0.04  # of the curve's length: the window of the bold line


def losses_figure(curve: Mapping[str, Sequence[float]]) -> Figure:
    """Return the losses of G and D, and D's opinion of real and fake, over the images seen.

    `curve` holds the columns of metrics/losses/<variant>.csv. Columns without a number are left out, and so is a
    panel without columns.
    """
    panels = [("loss", ["loss_d", "loss_g"], None), ("probability of being real", ["d_real", "d_fake"], (0.0, 1.0))]
    drawn = [
        (label, columns, limits) for label, columns, limits in panels if any(_has(curve, name) for name in columns)
    ]
    figure = Figure(figsize=(5.2 * len(drawn), 3.4), dpi=110, layout="constrained")
    for axes, (label, columns, limits) in zip(figure.subplots(1, len(drawn), squeeze=False)[0], drawn, strict=True):
        for name in columns:
            if _has(curve, name):
                _draw(axes, np.array(curve["images"]), np.array(curve[name]), name)
        axes.set(xlabel="images seen by D", ylabel=label)
        axes.set_ylim(*(limits or (0.0, None)))
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.locator_params(axis="x", nbins=5)
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False)
    return figure


def _has(curve: Mapping[str, Sequence[float]], name: str) -> bool:
    return name in curve and bool(np.isfinite(curve[name]).any())


def _draw(axes: Axes, images: np.ndarray, values: np.ndarray, name: str) -> None:
    """Draw a column as it is, pale, and its running mean over it."""
    window = max(1, round(len(values) * SMOOTHING))
    mean = np.convolve(values, np.ones(window) / window, mode="valid")  # (rows - window + 1,)
    axes.plot(images, values, color=COLOURS[name], alpha=0.25, linewidth=0.8)
    axes.plot(
        images[window // 2 : window // 2 + len(mean)], mean, color=COLOURS[name], linewidth=1.8, label=NAMES[name]
    )
