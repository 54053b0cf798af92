"""What a training looks like that goes wrong, as early as it shows, and which setting to try."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

REMEDIES = {
    "collapse": "images of different latents become the same (mode collapse): try a lower lr_g, or a larger batch_size",
    "d_has_won": "D tells all fakes, and G has nothing to learn from (D's loss is 0): try a lower lr_d, or augment",
    "loss_runs_away": "a loss has grown beyond all bounds: try a lower lr",
}
WINDOW = 64  # iterations over which a loss is averaged
WON = 0.02  # D's loss; without a clue it is 1.4, or 2 with the hinge
RUN_AWAY, GROWN = 300.0, 10.0  # a loss, in magnitude, and how often that of the first iteration
DIVERSE = 5.0  # grey levels, once reached
FALLEN, FALLEN_GLANCES = 0.4, 2  # share of the most, at so many moments one after another
COARSE = 8  # pixels along a side, over which images are compared: noise is no diversity


@dataclass(frozen=True)
class Glance:
    """A training at one moment."""

    images_seen: int
    diversity: float  # of the fixed latents' images
    loss: np.ndarray  # D's in the last WINDOW iterations, or in fewer; without a D, that of all
    is_ds: bool


def found(glances: Sequence[Glance], first_loss: float) -> dict[str, int]:
    """Return the symptoms that a training has shown, and how many images it had seen when each was certain.

    `glances` are at moments in order, `first_loss` is that of the first iteration. What is found in some is found in
    more. The numbers above were chosen by trainings that were made to fail: docs/recipes.md.
    """
    symptoms: dict[str, int] = {}
    most, fallen = 0.0, 0
    for glance in glances:
        most = max(most, glance.diversity)
        fallen = fallen + 1 if most >= DIVERSE and glance.diversity < FALLEN * most else 0
        shown = {"collapse": fallen >= FALLEN_GLANCES}
        if len(glance.loss) >= WINDOW:
            mean = float(glance.loss.mean())
            shown["d_has_won"] = (
                glance.is_ds and float(glance.loss.min()) >= 0.0 and mean < WON
            )  # a critic's goes below
            shown["loss_runs_away"] = abs(mean) > max(RUN_AWAY, GROWN * abs(first_loss))
        for symptom in (symptom for symptom, here in shown.items() if here):
            symptoms.setdefault(symptom, glance.images_seen)
    return symptoms


def diversity(images: np.ndarray) -> float:
    """Return by how many grey levels images uint8 (N, S, S, C) differ: the mean deviation of their coarse pixels."""
    count, side = images.shape[:2]
    coarse = images.reshape(count, COARSE, side // COARSE, COARSE, side // COARSE, -1).mean(axis=(2, 4))
    return float(coarse.std(axis=0).mean())
