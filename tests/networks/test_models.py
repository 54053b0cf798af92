"""A trained variant on disk."""

from pathlib import Path

import numpy as np
import pytest
import torch

from gans.base import artefacts
from gans.base.errors import InputError
from gans.data.arrays import DataShape
from gans.data.pixels import to_float
from gans.networks import contract, models, sampling
from gans.networks.sampling import Sampler
from gans.networks.settings import Settings
from gans.training import loop
from gans.training.loop import Weights
from gans.training.trained import Trained

SHAPE = DataShape(3, 16)


def train(settings: Settings, pixels: np.ndarray, weights: Weights | None = None) -> Trained:
    return loop.train(contract.load("dcgan"), settings, SHAPE, pixels, None, torch.device("cpu"), 3, weights)


@pytest.fixture
def trained(small: Settings, pixels: np.ndarray) -> Trained:
    return train(small, pixels)


@pytest.fixture
def kept(tmp_path: Path, trained: Trained) -> Path:
    """The folder of a trained variant."""
    folder = tmp_path / "kept"
    folder.mkdir()
    models.save(folder, "dcgan", trained.variant, SHAPE, trained.averaged, trained.frames)
    return folder


def test_what_is_loaded_makes_the_same_images(
    kept: Path, small: Settings, trained: Trained, pixels: np.ndarray, cpu: torch.device
) -> None:
    names = {"generator.safetensors", "raw_generator.safetensors", "raw_discriminator.safetensors"}
    assert {path.name for path in kept.iterdir()} == names | {"progress.npy", "settings.json"}
    assert artefacts.read_json(kept / "settings.json")["lr"] == small.lr
    sampler, settings = models.load_sampler(kept, cpu)
    assert settings == small
    z = sampling.latents(8, settings, "evaluation", cpu)
    assert (sampler(z) == Sampler(trained.averaged)(z)).all()
    frames, seen = models.load_progress(kept)
    assert frames.shape == (3, 16, 16, 16, 3)
    assert seen == [0, 16, 64]

    # What looks at images is the network as it ended.
    observer, conditional = models.load_feature_network(kept, cpu)
    assert observer is not None
    assert not conditional
    batch = to_float(torch.from_numpy(pixels))
    assert trained.variant.discriminator is not None
    assert torch.equal(observer(batch), trained.variant.discriminator.eval()(batch))


def test_a_training_may_start_from_saved_weights(
    kept: Path, small: Settings, pixels: np.ndarray, trained: Trained, cpu: torch.device
) -> None:
    again = train(small, pixels, models.load_weights(kept))
    as_it_ended = Sampler(trained.variant.generator.eval())(sampling.latents(16, small, "fixed_latents", cpu))
    assert (again.frames[0] == as_it_ended).all()
    assert not (again.frames[0] == trained.frames[0]).all()  # which began afresh
    z = torch.randn(8, small.nz, generator=torch.Generator().manual_seed(0))
    assert not (Sampler(again.averaged)(z) == Sampler(trained.averaged)(z)).all()


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"nz": 9}, r"in the generator, layers\.0\.weight is \(8, 8, 4, 4\); expected \(9, 8, 4, 4\)"),
        ({"width": 8}, r"init_from: in the (generator|discriminator), .*; expected"),
    ],
)
def test_weights_of_another_shape_are_refused(
    kept: Path, small: Settings, pixels: np.ndarray, change: dict[str, int], line: str
) -> None:
    weights = models.load_weights(kept)
    with pytest.raises(InputError, match=line):
        train(small.model_copy(update=change), pixels, weights)


def test_weights_that_are_missing_or_damaged_are_refused(tmp_path: Path, kept: Path, trained: Trained) -> None:
    with pytest.raises(InputError, match=r"holds no raw_generator\.safetensors or other weights; expected a copy"):
        models.load_weights(tmp_path / "nowhere")
    (kept / "raw_generator.safetensors").write_bytes(b"cut short")
    with pytest.raises(InputError, match=r"kept/raw_generator\.safetensors is damaged .*; expected weights"):
        models.load_weights(kept)
    with pytest.raises(InputError, match="init_from holds critic; expected weights of generator or discriminator"):
        loop.start_from(trained.variant.networks, {"critic": {}})


def test_further_trainings_and_moments_lie_in_the_folder(
    tmp_path: Path, kept: Path, small: Settings, pixels: np.ndarray, trained: Trained, cpu: torch.device
) -> None:
    for repeat in range(12):
        models.make_repeat(tmp_path / "dcgan", repeat)
    names = [path.name for path in models.repeats(tmp_path / "dcgan")]
    assert names == ["dcgan", *(f"repeat_{number}" for number in range(1, 12))]

    other = train(small.model_copy(update={"seed": 9}), pixels)
    models.save_snapshot(kept, 1024, trained.averaged)
    models.save_snapshot(kept, 64, other.averaged)
    assert [images for images, _ in models.snapshots(kept)] == [64, 1024]
    z = sampling.latents(4, small, "evaluation", cpu)
    sampler, _ = models.load_sampler(kept, cpu, models.snapshots(kept)[0][1])
    assert (sampler(z) == Sampler(other.averaged)(z)).all()
    assert not (sampler(z) == Sampler(trained.averaged)(z)).all()
