"""The averaged generator."""

import torch
from torch import nn

from gans.training.averages import AveragedModule


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
