"""A trained variant as a folder: weights, settings, and its images over training."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from gans import artefacts, paths, variants
from gans.arrays import DataShape
from gans.config import Settings
from gans.errors import InputError
from gans.sampling import Sampler


def save(
    folder: Path,
    *,
    name: str,
    settings: Settings,
    shape: DataShape,
    averaged: nn.Module,
    networks: Mapping[str, nn.Module],
    frames: Sequence[np.ndarray],
    frames_at: Sequence[int],
) -> None:
    """Write `folder` whole or not at all; equal trainings give equal bytes.

    generator.safetensors holds the averaged generator, the one to use; raw_<network>.safetensors the networks as they
    ended; progress.npy images over training, uint8 (frames, N, S, S, C); settings.json what it takes to build the
    networks again, and the images seen at each frame.
    """
    with paths.published(folder) as draft:
        draft.mkdir()
        _save_weights(draft / "generator.safetensors", averaged)
        for network, module in networks.items():
            _save_weights(draft / f"raw_{network}.safetensors", module)
        np.save(draft / "progress.npy", np.stack(frames))
        record = {"variant": name, **settings.model_dump(), "shape": shape._asdict(), "frames_at": frames_at}
        artefacts.write_json(draft / "settings.json", record)


def load_sampler(folder: Path, device: torch.device) -> tuple[Sampler, Settings]:
    """Return the averaged generator of a saved variant, ready to use, and what it was trained with."""
    record = artefacts.read_json(folder / "settings.json")
    kind = variants.load(record["variant"])
    settings = kind.Settings.model_validate({key: record[key] for key in kind.Settings.model_fields})
    shape = DataShape(**record["shape"])
    generator = kind(settings, shape).generator
    generator.load_state_dict(load_file(folder / "generator.safetensors"))
    generator = generator.eval().requires_grad_(False).to(device).to(memory_format=torch.channels_last)
    return Sampler(generator, shape.class_counts if kind.conditional else ()), settings


def load_weights(folder: Path) -> dict[str, dict[str, torch.Tensor]]:
    """Return the weights that lie in `folder` as raw_<network>.safetensors, by the names of the networks.

    Raises InputError when there are none, or when a file is damaged.
    """
    files = sorted(folder.glob("raw_*.safetensors"))
    if not files:
        raise InputError(
            f"init_from is {folder}, which holds no raw_generator.safetensors or other weights; expected a copy of a "
            "folder in models/, outside models/ (DVC empties a variant's own folder before it trains)"
        )
    try:
        return {path.stem.removeprefix("raw_"): load_file(path) for path in files}
    except SafetensorError as error:
        raise InputError(f"init_from is {folder}, whose weights are damaged ({error}); copy them again") from None


def load_progress(folder: Path) -> tuple[np.ndarray, Sequence[int]]:
    """Return images of the same latents over training, uint8 (frames, N, S, S, C), and the images seen at each."""
    record = artefacts.read_json(folder / "settings.json")
    return np.load(folder / "progress.npy"), record["frames_at"]


def _save_weights(path: Path, module: nn.Module) -> None:
    save_file({name: value.contiguous().cpu() for name, value in module.state_dict().items()}, path)
