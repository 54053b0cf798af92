"""Where tensors live, and whether the same commit gives the same bytes there."""

import os
import platform
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import nn

from gans.base import launchers, processors
from gans.base.errors import InputError, in_one_line
from gans.runtime import gpus

M = TypeVar("M", bound=nn.Module)


def prepare(name: str, deterministic: bool) -> torch.device:
    """Return the device called `name` (auto: the first of cuda, mps, cpu), with torch set up as `deterministic` asks.

    Of several GPUs it is one that no other process has taken. Raises InputError when there is no such device here.
    Call it before anything else touches CUDA.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS repeats itself only with a fixed workspace
    if name in ("auto", "cuda") and not launchers.started_by_torchrun():  # whose ranks are told which one is theirs
        gpus.take_one()
    kinds = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    here = [kind for kind, found in kinds.items() if found]
    if name not in ("auto", *here):
        line = f"run.device is {name}, but torch {torch.__version__} sees none; expected {' or '.join(here)}"
        raise InputError(f"{line} here, or auto")
    torch.set_deterministic_debug_mode("error" if deterministic else "default")  # spares the compiler's import, 2 s
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # nothing reads such
    torch.backends.cudnn.benchmark = not deterministic
    torch.backends.cudnn.allow_tf32 = False  # fp32 is fp32, in scores too; training on CUDA is in bf16 by itself
    return torch.device(here[0] if name == "auto" else name)


def in_use(module: M, device: torch.device) -> M:
    """Return a trained network ready to look at images: in evaluation mode, without gradients, channels last."""
    return module.eval().requires_grad_(False).to(device).to(memory_format=torch.channels_last)


def description(device: torch.device) -> str:
    """Return the device's name as a person would say it: 'cpu (AMD EPYC), 2 threads' or 'NVIDIA H100 80GB HBM3'."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    threads = torch.get_num_threads()
    model = processors.kind()["model"].partition(" (")[0]
    return f"{device.type} ({model}), {threads} thread{'' if threads == 1 else 's'}"


def kind(device: torch.device) -> dict[str, Any]:
    """Return what gives the same bytes when it is the same: the model of processor and GPU, and the threads."""
    gpu = {"gpu": torch.cuda.get_device_name(device)} if device.type == "cuda" else {}
    return {"device": device.type, **gpu, "processor": processors.kind(), "threads": torch.get_num_threads()}


def fingerprint(device: torch.device) -> dict[str, str]:
    """Return what the bytes of a training depend on beside its code, data, settings and number of threads."""
    return {
        **{key: str(value) for key, value in kind(device).items() if key != "threads"},
        "cudnn": str(torch.backends.cudnn.version()),
        "instructions": torch.backends.cpu.get_cpu_capability(),  # which ATEN_CPU_CAPABILITY can lower
        "deterministic": str(torch.are_deterministic_algorithms_enabled()),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
    }


@contextmanager
def explaining_lack_of_memory(device: torch.device, remedy: str) -> Iterator[None]:
    """Turn running out of memory into one line that says what to do. Linux may end a process on the CPU unasked."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:  # torch.OutOfMemoryError is a RuntimeError
        if isinstance(error, MemoryError | torch.OutOfMemoryError) or "can't allocate memory" in str(error):
            raise InputError(f"out of memory on {description(device)} ({in_one_line(error)}); {remedy}") from None
        raise


def room_for_images(device: torch.device) -> int:
    """Return how many bytes of images may lie on a device: half of what is free on CUDA.

    0 elsewhere: the system keeps a mapped file in memory as long as there is room, and the CPU reads it there.
    """
    if device.type != "cuda":
        return 0
    kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)  # by torch, for what comes next
    return (torch.cuda.mem_get_info(device)[0] + kept) // 2


def peak_memory_mb(device: torch.device) -> float:
    """Return the most memory held so far, in megabytes: the device's own on CUDA, else this process's."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 1e6
    if sys.platform == "linux":  # where getrusage would count what the process that started this one held
        status = Path("/proc/self/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6
    unit = 1 if sys.platform == "darwin" else 1024  # getrusage counts bytes on macOS, kibibytes elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
