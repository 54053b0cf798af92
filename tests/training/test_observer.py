"""Loss curves of any length have at most 1,000 rows."""

import torch

from gans.training.observer import MAX_ROWS, LossCurve, Span


def filled(num_iterations: int, done: int | None = None) -> LossCurve:
    curve = LossCurve(Span(1, 100, num_iterations, images_an_iteration=10), torch.device("cpu"))
    for iteration in range(num_iterations if done is None else done):
        curve.add({"loss_d": torch.tensor(float(iteration))})
    return curve


def test_short_curves_have_a_row_a_step() -> None:
    rows = filled(3).rows()
    assert rows == [
        {"step": i + 1, "images": 10 * (i + 1), "epoch": (i + 1) / 10, "loss_d": float(i)} for i in range(3)
    ]


def test_long_curves_hold_the_means_of_intervals() -> None:
    rows = filled(2501).rows()
    assert len(rows) == 834 <= MAX_ROWS
    assert rows[0] == {"step": 3, "images": 30, "epoch": 0.3, "loss_d": 1.0}
    assert rows[-1] == {"step": 2501, "images": 25_010, "epoch": 250.1, "loss_d": 2499.5}  # the last has two steps


def test_a_curve_can_be_read_while_it_grows() -> None:
    curve = filled(2500, done=4)
    assert curve.rows()[-1] == {"step": 4, "images": 40, "epoch": 0.4, "loss_d": 3.0}


def test_a_curve_goes_on_from_its_state() -> None:
    begun, other = filled(2500, done=1300), filled(2500, done=0)
    other.load_state_dict(begun.state_dict())
    for iteration in range(1300, 2500):
        other.add({"loss_d": torch.tensor(float(iteration))})
    assert other.rows() == filled(2500).rows()
