"""A network's weights as a file that holds numbers and nothing else."""

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import nn

from gans.base.errors import InputError


def write(path: Path, module: nn.Module) -> None:
    """Write the weights and buffers of a module; equal ones give equal bytes."""
    path.write_bytes(save({name: value.contiguous().cpu() for name, value in module.state_dict().items()}))


def read(path: Path) -> dict[str, torch.Tensor]:
    """Return what `write` wrote, on the CPU; raise InputError when the file is damaged."""
    try:
        return load(path.read_bytes())
    except SafetensorError as error:
        raise InputError(f"{path} is damaged ({error}); expected weights: make or copy them again") from None
