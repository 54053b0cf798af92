"""Small networks that learn from the data set itself, with and without its labels, and then judge images."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from gans.base import artefacts, publishing
from gans.base.errors import InputError
from gans.base.progress import progress_bar
from gans.data import arrays
from gans.data.arrays import Images
from gans.data.batches import Batches, in_turn
from gans.data.pixels import to_float
from gans.runtime import devices, optimizers, randomness, weights
from gans.scoring.settings import ClassifierSettings

BATCH_SIZE = 256  # of images to be judged
SHRUNK = 16  # pixels along each side are one place of the last maps
NUM_TURNS = 4  # by a right angle each
MAX_TURNED = 100_000_000  # bytes of images that turns are learnt from: four times as many are held


class Classifier(nn.Module):
    """Four strided convolutions, means over space, a linear layer: (B, C, S, S) in [-1, 1] to logits (B, outputs).

    Means are taken over all of the image, or over `places` parts of it along each side.
    """

    def __init__(self, channels: int, num_outputs: int, width: int, places: int = 1) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in pairwise((channels, width, 2 * width, 4 * width, 8 * width)):  # S to S / 16
            layers += [nn.Conv2d(before, after, 3, 2, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU(inplace=True)]
        self.layers = nn.Sequential(*layers)
        self.last = nn.Linear(8 * width * places**2, num_outputs)
        self.shape = {"channels": channels, "num_outputs": num_outputs, "width": width, "places": places}

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """Return what the last layer looks at: (B, 8 * width * places * places)."""
        maps: torch.Tensor = self.layers(images)
        parts = (self.shape["places"], -1)
        means: torch.Tensor = maps.unflatten(3, parts).unflatten(2, parts).mean((3, 5))  # (B, F, places, places)
        return means.flatten(1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits (B, outputs)."""
        logits: torch.Tensor = self.last(self.features(images))
        return logits


@dataclass(frozen=True)
class Judge:
    """A trained classifier in use on uint8 images (N, S, S, C)."""

    network: Classifier
    device: torch.device

    def __call__(self, images: Images) -> np.ndarray:
        """Return the probability of each class, float32 (N, classes)."""
        return self._mapped(lambda batch: self.network(batch).softmax(1), images)

    def has(self, images: Images) -> np.ndarray:
        """Return whether each image has each attribute that the network has learnt, bool (N, attributes)."""
        return self._mapped(self.network, images) > 0

    def features(self, images: Images) -> np.ndarray:
        """Return what the last layer looks at, float32 (N, features)."""
        return self._mapped(self.network.features, images)

    def accuracy(self, images: Images, labels: np.ndarray) -> float:
        """Return the share of images whose likeliest class is their label."""
        return float((self(images).argmax(1) == labels).mean())

    @torch.inference_mode()
    def _mapped(self, function: Callable[[torch.Tensor], torch.Tensor], images: Images) -> np.ndarray:
        parts = in_turn(images, BATCH_SIZE, self.device)
        return np.concatenate([function(to_float(part)).cpu().numpy() for part in parts])


@dataclass(frozen=True)
class Judges:
    """What the data set lets be learnt: None where it has no labels, or no attributes."""

    classes: Judge | None = None
    factors: Judge | None = None
    rotation: Judge | None = None  # of four turns; runs of before had none


def train(
    images: Images,
    targets: np.ndarray,
    num_outputs: int,
    settings: ClassifierSettings,
    *,
    random_flip: bool,
    seed: int,
    device: torch.device,
    places: int = 1,
) -> Judge:
    """Return a classifier of uint8 images (N, S, S, C), trained with Adam.

    Targets are labels (N,), one class of `num_outputs` an image, or bool (N, num_outputs), any number of attributes an
    image. A batch is never larger than N.
    """
    torch.manual_seed(randomness.derived_seed(seed, "weights"))
    network = Classifier(images.shape[3], num_outputs, settings.width, places)
    network.to(device).to(memory_format=torch.channels_last)
    optimizer = optimizers.Adam(network.parameters(), settings.lr)
    loss_of: Callable[..., torch.Tensor] = cross_entropy
    if targets.dtype == bool:
        loss_of, targets = binary_cross_entropy_with_logits, targets.astype(np.float32)
    batch_size = min(settings.batch_size, len(images))
    batches = Batches(images, targets, batch_size=batch_size, random_flip=random_flip, seed=seed, device=device)
    num_steps = settings.epochs * batches.per_epoch
    with progress_bar(num_steps * batch_size, "classifier", "img") as bar:
        for step in range(num_steps):
            batch, wanted = batches[step]
            optimizer.zero_grad(set_to_none=True)
            loss = loss_of(network(batch), wanted)
            loss.backward()
            optimizer.step()
            bar.update(batch_size)
    if not loss.isfinite():
        raise InputError(f"the classifier's loss is {loss.item()}; expected a finite number: lower classifier.lr")
    return Judge(devices.in_use(network, device), device)


def few(images: Images) -> np.ndarray:
    """Return the images (N, S, S, C) that turns are learnt from: all, or MAX_TURNED bytes spread over them."""
    return arrays.spread(images, min(len(images), max(2, MAX_TURNED * len(images) // images.nbytes)))


def turned(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return images (N, S, S, C) turned by 0 to 3 right angles, (4N, S, S, C), and by how many, (4N,)."""
    turns = range(NUM_TURNS)
    return np.concatenate([np.rot90(images, turn, (1, 2)) for turn in turns]), np.repeat(turns, len(images))


def of_turns(images: np.ndarray, settings: ClassifierSettings, *, seed: int, device: torch.device) -> Judge:
    """Return a network that has learnt by how many right angles images (N, S, S, C) were turned.

    It keeps apart what it sees in the quarters of an image, and takes about as many steps as a classifier of labels.
    Nothing is mirrored: a mirrored quarter turn would be the opposite one.

    Gidaris et al. 2018, arXiv:1803.07728.
    """
    once = settings.model_copy(update={"epochs": max(1, settings.epochs // NUM_TURNS)})
    places = 2 if images.shape[1] >= 2 * SHRUNK else 1
    return train(*turned(images), NUM_TURNS, once, random_flip=False, seed=seed, device=device, places=places)


def save(folder: Path, judges: Judges) -> None:
    """Write the classifiers that there are into `folder`, whole or not at all."""
    with publishing.published(folder) as draft:
        draft.mkdir()
        networks = {name: judge.network for name, judge in vars(judges).items() if judge}
        for name, network in networks.items():
            weights.write(draft / f"{name}.safetensors", network)
        artefacts.write_json(draft / "settings.json", {name: network.shape for name, network in networks.items()})


def load(folder: Path, device: torch.device) -> Judges:
    """Return the classifiers in `folder`."""
    judges = {}
    for name, shape in artefacts.read_json(folder / "settings.json").items():
        network = Classifier(**shape)
        network.load_state_dict(weights.read(folder / f"{name}.safetensors"))
        judges[name] = Judge(devices.in_use(network, device), device)
    return Judges(**judges)
