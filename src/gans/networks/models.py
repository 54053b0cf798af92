"""A trained variant as a folder, with one in it for each further seed: weights, settings, images over training."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

from gans.base import artefacts, publishing
from gans.base.errors import InputError, in_one_line
from gans.data.arrays import DataShape
from gans.networks import contract
from gans.networks.contract import Variant
from gans.networks.sampling import Sampler
from gans.networks.settings import Settings
from gans.runtime import devices, weights

GENERATOR, SETTINGS, SNAPSHOTS, REPEAT = "generator.safetensors", "settings.json", "snapshots", "repeat_"


def save(
    folder: Path, name: str, variant: Variant, shape: DataShape, averaged: nn.Module, frames: Mapping[int, np.ndarray]
) -> None:
    """Write the training of a variant into `folder`; equal trainings give equal bytes.

    generator.safetensors holds the averaged generator, the one to use; raw_<network>.safetensors the networks as they
    ended; progress.npy the images over training, uint8 (frames, N, S, S, C); settings.json what it takes to build the
    networks again, and the images seen at each frame, by which `frames` has them.
    """
    weights.write(folder / GENERATOR, averaged)
    for network, module in variant.networks.items():
        weights.write(folder / f"raw_{network}.safetensors", module)
    artefacts.write_array(folder / "progress.npy", np.stack(list(frames.values())))
    record = {"variant": name, **variant.settings.model_dump(), "shape": shape._asdict(), "frames_at": list(frames)}
    artefacts.write_json(folder / SETTINGS, record)


def save_snapshot(folder: Path, images_seen: int, averaged: nn.Module) -> None:
    """Write the averaged generator as it is after `images_seen` images into a training's folder."""
    with publishing.published(folder / SNAPSHOTS / f"{images_seen}.safetensors") as draft:
        weights.write(draft, averaged)


def copy_snapshots(source: Path, folder: Path) -> None:
    """Copy what `save_snapshot` wrote from one folder to another."""
    for _, path in snapshots(source):
        (folder / SNAPSHOTS).mkdir(exist_ok=True)
        shutil.copyfile(path, folder / SNAPSHOTS / path.name)


def make_repeat(folder: Path, repeat: int) -> Path:
    """Return the folder of a variant's training number `repeat`, made: 0 is the variant's own."""
    place = folder / f"{REPEAT}{repeat}" if repeat else folder
    place.mkdir()
    return place


def repeats(folder: Path) -> list[Path]:
    """Return the folders of all trainings of a variant, its own first."""
    others = folder.glob(f"{REPEAT}*")
    return [folder, *sorted(others, key=lambda path: int(path.name.removeprefix(REPEAT)))]


def snapshots(folder: Path) -> list[tuple[int, Path]]:
    """Return the images seen and the weights of the averaged generator at each moment that was kept, in order."""
    return sorted((int(path.stem), path) for path in (folder / SNAPSHOTS).glob("*.safetensors"))


def load_sampler(folder: Path, device: torch.device, moment: Path | None = None) -> tuple[Sampler, Settings]:
    """Return the averaged generator of a training, or of its snapshot in the file `moment`, and its settings."""
    variant, settings, shape = _build(folder)
    generator = _ready(variant.generator, moment or folder / GENERATOR, device)
    return Sampler(generator, shape.class_counts if variant.conditional else ()), settings


def load_feature_network(folder: Path, device: torch.device) -> tuple[nn.Module | None, bool]:
    """Return the network that looks at images, as it ended, and whether it wants labels; None when there is none."""
    variant, *_ = _build(folder)
    module = variant.networks.get(variant.feature_network)
    file = folder / f"raw_{variant.feature_network}.safetensors"
    return None if module is None else _ready(module, file, device), variant.conditional


def load_weights(folder: Path) -> dict[str, dict[str, torch.Tensor]]:
    """Return the weights raw_<network>.safetensors in `folder`, by network; raise InputError without whole ones."""
    files = sorted(folder.glob("raw_*.safetensors"))
    if not files:
        raise InputError(
            f"init_from is {folder}, which holds no raw_generator.safetensors or other weights; expected a copy of a "
            "folder in models/, outside models/ (DVC empties a variant's own folder before it trains)"
        )
    return {path.stem.removeprefix("raw_"): weights.read(path) for path in files}


def load_progress(folder: Path) -> tuple[np.ndarray, Sequence[int]]:
    """Return images of the same latents over training, uint8 (frames, N, S, S, C), and the images seen at each."""
    record = artefacts.read_json(folder / SETTINGS)
    return np.load(folder / "progress.npy"), record["frames_at"]


def described(folder: Path) -> tuple[type[Variant], Settings, DataShape]:
    """Return what a training was: the variant, its settings, and the shape of its data.

    Raises InputError when the folder's settings.json is damaged.
    """
    file = folder / SETTINGS
    try:
        record = artefacts.read_json(file)
        kind = contract.load(record["variant"])
        settings = kind.Settings.model_validate({key: record[key] for key in kind.Settings.model_fields})
        return kind, settings, DataShape(**record["shape"])
    except InputError:
        raise
    except (KeyError, TypeError, ValueError) as error:
        line = f"{file} is damaged ({in_one_line(error)}); expected what a training writes there"
        raise InputError(f"{line}: train again, or copy it again") from None


def _build(folder: Path) -> tuple[Variant, Settings, DataShape]:
    """Return a saved variant with fresh weights, and what it was built from."""
    kind, settings, shape = described(folder)
    return kind(settings, shape), settings, shape


def _ready(module: nn.Module, file: Path, device: torch.device) -> nn.Module:
    """Return a network with saved weights, in use on the device; raise InputError where they are not its own."""
    try:
        module.load_state_dict(weights.read(file))
    except RuntimeError as error:
        line = f"{file} does not fit {file.parent / SETTINGS} ({in_one_line(error)})"
        raise InputError(f"{line}; expected the two of one training: copy the folder again") from None
    return devices.in_use(module, device)
