"""The device that is asked for, or a line that says why not."""

import pytest
import torch
from programs import printed

from gans.base import processors
from gans.base.errors import InputError
from gans.runtime import devices


def test_auto_finds_a_device_and_names_it() -> None:
    device = devices.prepare("auto", deterministic=True)
    assert device.type in ("cuda", "mps", "cpu")
    assert devices.description(device)
    assert devices.peak_memory_mb(device) > 0


def test_a_run_is_told_apart_by_its_processor_and_threads(cpu: torch.device, monkeypatch: pytest.MonkeyPatch) -> None:
    found = devices.kind(cpu)
    assert found == {"device": "cpu", "processor": processors.kind(), "threads": torch.get_num_threads()}
    before = devices.fingerprint(cpu)
    monkeypatch.setattr(processors, "kind", lambda: {**found["processor"], "vector_extensions": "amx_tile"})
    assert devices.kind(cpu) != found
    assert devices.fingerprint(cpu) != before  # nothing goes on from another processor's state


def test_peak_memory_is_this_processs_own(cpu: torch.device) -> None:
    """A process starts with what the one that started it held, as far as getrusage knows."""
    held = bytearray(b"1") * 500_000_000
    code = "import torch; from gans.runtime import devices; print(devices.peak_memory_mb(torch.device('cpu')))"
    assert 50 < float(printed(code)) < devices.peak_memory_mb(cpu) - len(held) / 2e6


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_device_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match=r"run\.device is cuda, but torch .* sees none; expected .*cpu here, or auto"):
        devices.prepare("cuda", deterministic=True)


@pytest.mark.parametrize("deterministic", [True, False])
def test_determinism_is_switched_as_asked(deterministic: bool) -> None:
    devices.prepare("cpu", deterministic)
    assert torch.are_deterministic_algorithms_enabled() == deterministic
    assert torch.backends.cudnn.benchmark != deterministic
    assert not torch.backends.cudnn.allow_tf32
    devices.prepare("cpu", True)


@pytest.mark.parametrize("kind", ["cpu", "cuda"])
def test_running_out_of_memory_says_what_to_lower(kind: str) -> None:
    if kind == "cuda" and not torch.cuda.is_available():
        pytest.skip("this machine has no GPU")
    found = {"cpu": r"cpu \(.*\(.*can't allocate memory", "cuda": r".*\(CUDA out of memory"}[kind]
    line = rf"out of memory on {found}.*\); lower width"
    with pytest.raises(InputError, match=line), devices.explaining_lack_of_memory(torch.device(kind), "lower width"):
        torch.empty(1 << 50, device=kind)


@pytest.mark.parametrize(
    ("error", "kind", "line"),
    [
        (torch.OutOfMemoryError("CUDA is full.\nMore."), InputError, r"\(CUDA is full\. More\.\); lower width"),
        (MemoryError(), InputError, r"\(MemoryError\); lower width"),
        (RuntimeError("shapes"), RuntimeError, "^shapes$"),
    ],
)
def test_only_a_lack_of_memory_is_taken_for_one(
    error: Exception, kind: type[Exception], line: str, cpu: torch.device
) -> None:
    with pytest.raises(kind, match=line), devices.explaining_lack_of_memory(cpu, "lower width"):
        raise error
