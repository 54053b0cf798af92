"""What follows the steps: the averaged generator, and loss curves, which have at most 1,000 rows at any length."""

from fractions import Fraction

import torch
from torch import nn

from gans.training.averages import AveragedModule
from gans.training.observer import MAX_ROWS, LossCurve, Span


def filled(num_iterations: int, done: int | None = None) -> LossCurve:
    curve = LossCurve(Span(1, 100, Fraction(num_iterations), images_an_iteration=10), torch.device("cpu"))
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


def test_a_curve_that_grows_has_whole_intervals_alone_and_what_was_read_last() -> None:
    curve = filled(2500, done=7)
    assert [row["step"] for row in curve.rows()] == [3, 6]
    assert curve.rows() == filled(2500).rows()[:2]
    assert curve.read(7, 2)["loss_d"].tolist() == [5.0, 6.0]
    assert curve.read(2, 64)["loss_d"].tolist() == [0.0, 1.0]
    assert filled(2500, done=0).rows() == []
    assert filled(2500, done=0).read(0, 64) == {}


def test_a_curve_goes_on_from_its_state() -> None:
    begun, other = filled(2500, done=1300), filled(2500, done=0)
    other.load_state_dict(begun.state_dict())
    for iteration in range(1300, 2500):
        other.add({"loss_d": torch.tensor(float(iteration))})
    assert other.rows() == filled(2500).rows()


def test_a_step_of_one_half_life_goes_half_the_way() -> None:
    module = nn.Linear(1, 1)
    average = AveragedModule(module, half_life=0.5)
    before = module.weight.item()
    with torch.no_grad():
        module.weight.add_(2.0)
    average.update(images_seen=100, batch_size=50)  # 50 images are half of the 100 seen
    assert abs(average.module.weight.item() - (before + 1.0)) < 1e-6


def test_no_half_life_follows_the_module_itself() -> None:
    module = nn.Linear(3, 3)
    average = AveragedModule(module, half_life=0.0)
    with torch.no_grad():
        module.weight.add_(1.0)
    average.update(images_seen=64, batch_size=64)
    assert torch.equal(average.module.weight, module.weight)


def test_running_statistics_are_averaged_too() -> None:
    module = nn.BatchNorm1d(2)
    average = AveragedModule(module, half_life=1.0)
    module(torch.randn(16, 2) + 5)
    average.update(images_seen=16, batch_size=16)
    assert torch.allclose(average.module.running_mean, module.running_mean / 2)
    assert average.module.num_batches_tracked == 1


def test_the_average_is_ready_for_use_and_learns_nothing() -> None:
    average = AveragedModule(nn.Sequential(nn.Linear(1, 1), nn.BatchNorm1d(1)), half_life=0.1)
    assert not any(module.training for module in average.module.modules())
    assert not any(weight.requires_grad for weight in average.module.parameters())
