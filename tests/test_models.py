"""A trained variant on disk."""

from pathlib import Path

import numpy as np
import pytest
import torch

from gans import artefacts, models, sampling, training, variants
from gans.config import Settings
from gans.training import Trained
from gans.variants import ImageShape

SHAPE = ImageShape(3, 16, 0)


@pytest.fixture
def trained(small: Settings, pixels: np.ndarray, cpu: torch.device) -> Trained:
    return training.train(variants.load("dcgan"), small, SHAPE, pixels, cpu, 3)


def save(folder: Path, settings: Settings, trained: Trained) -> None:
    models.save(
        folder,
        name="dcgan",
        settings=settings,
        shape=SHAPE,
        averaged=trained.averaged,
        networks=trained.variant.networks,
        frames=trained.progress.frames,
        frames_at=trained.progress.images_seen,
    )


def test_what_is_loaded_makes_the_same_images(
    tmp_path: Path, small: Settings, trained: Trained, cpu: torch.device
) -> None:
    save(tmp_path / "dcgan", small, trained)
    generator, settings = models.load_generator(tmp_path / "dcgan", cpu)
    assert settings == small
    z = sampling.latents(8, settings, "evaluation", cpu)
    assert (sampling.generate(generator, z) == sampling.generate(trained.averaged, z)).all()
    frames, seen = models.load_progress(tmp_path / "dcgan")
    assert frames.shape == (3, 16, 16, 16, 3)
    assert seen == [0, 16, 64]


def test_the_folder_holds_the_average_and_the_networks_as_they_ended(
    tmp_path: Path, small: Settings, trained: Trained
) -> None:
    save(tmp_path / "dcgan", small, trained)
    assert sorted(path.name for path in (tmp_path / "dcgan").iterdir()) == [
        "generator.safetensors",
        "progress.npy",
        "raw_discriminator.safetensors",
        "raw_generator.safetensors",
        "settings.json",
    ]
    assert artefacts.read_json(tmp_path / "dcgan" / "settings.json")["lr"] == small.lr


def test_equal_trainings_give_equal_bytes(
    tmp_path: Path, small: Settings, pixels: np.ndarray, cpu: torch.device
) -> None:
    for name in ("one", "two"):
        again = training.train(variants.load("dcgan"), small, SHAPE, pixels, cpu, 3)
        save(tmp_path / name, small, again)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()
