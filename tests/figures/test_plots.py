"""Figures of the loss curves."""

import numpy as np

from gans.figures import plots

CURVE = {
    "images": [64.0, 128.0, 192.0, 256.0],
    "loss_d": [1.4, 1.2, 1.0, 0.9],
    "loss_g": [0.7, 0.9, 1.1, 1.5],
    "d_real": [0.5, 0.6, 0.7, 0.7],
    "d_fake": [0.5, 0.4, 0.3, 0.3],
}


def test_losses_and_probabilities_have_a_panel_each() -> None:
    losses, probabilities = plots.losses_figure(CURVE).axes
    assert [text.get_text() for text in losses.get_legend().get_texts()] == ["D", "G"]
    assert [text.get_text() for text in probabilities.get_legend().get_texts()] == ["D(x)", "D(G(z))"]
    assert list(losses.get_lines()[0].get_ydata()) == CURVE["loss_d"]


def test_columns_without_a_number_are_left_out() -> None:
    empty = [float("nan")] * 4
    (only,) = plots.losses_figure({**CURVE, "loss_d": empty, "d_real": empty, "d_fake": empty}).axes
    assert [text.get_text() for text in only.get_legend().get_texts()] == ["G"]


def test_the_bold_line_is_the_running_mean() -> None:
    values = list(np.arange(100.0))
    figure = plots.losses_figure({"images": values, "loss_g": values})
    mean = figure.axes[0].get_lines()[1]  # of 4 rows: 0..3, 1..4, ...
    assert list(mean.get_ydata()[:2]) == [1.5, 2.5]


def test_an_overlay_has_a_line_a_curve_and_a_panel_a_column_that_holds_numbers() -> None:
    autoencoder = {"images": [64.0, 128.0], "loss_d": [float("nan")] * 2, "loss_g": [900.0, 800.0]}
    curves = {"DCGAN": CURVE, "VAE": autoencoder}
    figure = plots.overlay_figure(curves, ["loss_d", "nothing", "loss_g"])
    of_d, of_g = figure.axes
    assert [line.get_label() for line in of_d.get_lines()] == ["DCGAN"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["DCGAN", "VAE"]
    assert list(of_g.get_lines()[1].get_ydata()) == [900.0, 800.0]
    assert list(of_g.get_lines()[1].get_xdata()) == [64.0, 128.0]


def test_legends_stand_outside_their_panels() -> None:
    alone, together = plots.losses_figure(CURVE), plots.overlay_figure({"DCGAN": CURVE}, ["loss_d", "loss_g"])
    for figure, legends in ((alone, [axes.get_legend() for axes in alone.axes]), (together, together.legends)):
        figure.draw_without_rendering()
        for legend in legends:
            box = legend.get_window_extent()
            assert not any(axes.get_window_extent().shrunk(0.99).overlaps(box) for axes in figure.axes)


def test_few_points_are_marked_and_decades_have_a_logarithmic_axis() -> None:
    few, many = ({"images": list(range(n)), "loss_g": list(np.linspace(1, 99, n))} for n in (2, 60))
    wide = {"images": [1.0, 2.0, 3.0], "loss_g": [1.0, 30.0, 200.0]}
    for curve, marker, scale in ((few, "o", "linear"), (many, "", "linear"), (wide, "o", "log")):
        for figure in (plots.losses_figure(curve), plots.overlay_figure({"GAN": curve}, ["loss_g"])):
            (axes,) = figure.axes
            assert axes.get_lines()[-1].get_marker() == marker
            assert axes.get_yscale() == scale
