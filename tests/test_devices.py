"""The device that is asked for, or a line that says why not."""

import pytest
import torch

from gans import devices
from gans.errors import InputError


def test_auto_finds_a_device_and_names_it() -> None:
    device = devices.prepare("auto", deterministic=True)
    assert device.type in ("cuda", "mps", "cpu")
    assert devices.description(device)
    assert devices.peak_memory_mb(device) > 0


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_device_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match=r"run\.device is cuda, but torch .* sees none; expected .*cpu here, or auto"):
        devices.prepare("cuda", deterministic=True)


@pytest.mark.parametrize("deterministic", [True, False])
def test_determinism_is_switched_as_asked(deterministic: bool) -> None:
    devices.prepare("cpu", deterministic)
    assert torch.are_deterministic_algorithms_enabled() == deterministic
    assert torch.backends.cudnn.benchmark != deterministic
    devices.prepare("cpu", True)
