"""What a training looks like that goes wrong, as early as it shows, and which setting to try."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

REMEDIES = {
    "collapse": "images of different latents become the same (mode collapse): try a lower lr_g, or a larger batch_size",
    "d_has_won": "D tells all fakes, and G has nothing to learn from (D's loss is 0): try a lower lr_d, or augment",
    "loss_runs_away": "a loss has grown beyond all bounds: try a lower lr",
}
WON, WON_ROWS = 0.02, 50  # D's mean loss over so many rows of the curve; without a clue it is 1.4, or 2 with the hinge
RUN_AWAY, RUN_AWAY_ROWS = 300.0, 20  # a loss's mean, in magnitude ...
GROWN = 10.0  # ... and times that of the first row: nats of an image are thousands from the start
DIVERSE = 5.0  # grey levels, once reached
FALLEN, FALLEN_FRAMES = 0.4, 2  # share of the most, in so many frames one after another
COARSE = 8  # pixels along a side, over which images are compared: noise is no diversity


def found(rows: Sequence[Mapping[str, float]], frames: Mapping[int, np.ndarray]) -> dict[str, int]:
    """Return the symptoms that a training has shown, and how many images it had seen when each was certain.

    `rows` are those of its loss curve, `frames` images of the same latents, uint8 (N, S, S, C), by the images seen.
    What is found in the first part of a training is found in the whole. The numbers above were chosen by trainings
    that were made to fail; docs/recipes.md lists them.
    """
    seen = [int(row["images"]) for row in rows]
    d, g = (np.array([row.get(column, np.nan) for row in rows]) for column in ("loss_d", "loss_g"))
    d_over, d_near, g_near = _means(d, WON_ROWS), _means(d, RUN_AWAY_ROWS), _means(g, RUN_AWAY_ROWS)
    moments = {
        "collapse": list(_collapsed(frames)),
        "d_has_won": [seen[row] for row in np.flatnonzero((d_over >= 0.0) & (d_over < WON))],
        "loss_runs_away": [seen[row] for row in np.flatnonzero(_run_away(d_near, d) | _run_away(g_near, g))],
    }
    return {symptom: some[0] for symptom, some in moments.items() if some}


def _means(values: np.ndarray, rows: int) -> np.ndarray:
    """Return the mean of each value (N,) and those before it, so many in all; nan where there are fewer."""
    means = np.full(len(values), np.nan)
    if len(values) >= rows:
        means[rows - 1 :] = np.lib.stride_tricks.sliding_window_view(values, rows).mean(axis=1)
    return means


def _run_away(means: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return where the means of a loss say so."""
    return np.abs(means) > max(RUN_AWAY, GROWN * abs(values[0])) if len(values) else np.zeros(0, bool)


def _collapsed(frames: Mapping[int, np.ndarray]) -> Iterator[int]:
    """Yield the images seen at frames whose diversity has fallen, as that of some before them."""
    most, fallen = 0.0, 0
    for seen in sorted(frames):
        now = _diversity(frames[seen])
        most = max(most, now)
        fallen = fallen + 1 if most >= DIVERSE and now < FALLEN * most else 0
        if fallen >= FALLEN_FRAMES:
            yield seen


def _diversity(images: np.ndarray) -> float:
    """Return by how many grey levels images uint8 (N, S, S, C) differ: the mean deviation of their coarse pixels."""
    count, side = images.shape[:2]
    coarse = images.reshape(count, COARSE, side // COARSE, COARSE, side // COARSE, -1).mean(axis=(2, 4))
    return float(coarse.std(axis=0).mean())
