"""The device that is asked for, or a line that says why not."""

import subprocess
import sys

import pytest
import torch
from conftest import ROOT

from gans.base.errors import InputError
from gans.runtime import devices


def test_auto_finds_a_device_and_names_it() -> None:
    device = devices.prepare("auto", deterministic=True)
    assert device.type in ("cuda", "mps", "cpu")
    assert devices.description(device)
    assert devices.peak_memory_mb(device) > 0


def test_peak_memory_is_this_processs_own(cpu: torch.device) -> None:
    """A process starts with what the one that started it held, as far as getrusage knows."""
    held = bytearray(b"1") * 500_000_000
    code = f"import sys; sys.path.insert(0, {str(ROOT / 'src')!r}); import torch; from gans.runtime import devices; "
    code += "print(devices.peak_memory_mb(torch.device('cpu')))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert 50 < float(told) < devices.peak_memory_mb(cpu) - len(held) / 2e6


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


def test_running_out_of_memory_says_what_to_lower() -> None:
    cpu = torch.device("cpu")
    line = r"out of memory on cpu \(.*\(.*can't allocate memory.*\); lower batch_size"
    with pytest.raises(InputError, match=line), devices.explaining_lack_of_memory(cpu, "lower batch_size"):
        torch.empty(1 << 60)
    with (
        pytest.raises(InputError, match="lower batch_size"),
        devices.explaining_lack_of_memory(cpu, "lower batch_size"),
    ):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.\nMore.")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no GPU")
def test_running_out_of_a_gpus_memory_says_what_to_lower() -> None:
    cuda = torch.device("cuda")
    with (
        pytest.raises(InputError, match=r"CUDA out of memory.*lower width"),
        devices.explaining_lack_of_memory(cuda, "lower width"),
    ):
        torch.empty(1 << 50, device=cuda)


def test_other_errors_are_not_taken_for_a_lack_of_memory() -> None:
    with (
        pytest.raises(RuntimeError, match="shapes"),
        devices.explaining_lack_of_memory(torch.device("cpu"), "lower width"),
    ):
        raise RuntimeError("shapes")
