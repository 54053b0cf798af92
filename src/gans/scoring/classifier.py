"""Small networks that learn the data set's own labels and attributes, and then judge images."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from gans.base import artefacts, publishing
from gans.base.errors import InputError
from gans.base.progress import progress_bar
from gans.data.arrays import Images
from gans.data.batches import Batches, in_turn
from gans.data.pixels import to_float
from gans.runtime import devices, randomness, weights
from gans.scoring.settings import ClassifierSettings


class Classifier(nn.Module):
    """Four strided convolutions and a mean over space: images (B, C, S, S) in [-1, 1] to logits (B, outputs)."""

    def __init__(self, channels: int, num_outputs: int, width: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = channels
        for after in (width, 2 * width, 4 * width, 8 * width):  # S / 2, S / 4, S / 8, S / 16
            layers += [nn.Conv2d(before, after, 3, 2, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU(inplace=True)]
            before = after
        self.layers = nn.Sequential(*layers)
        self.last = nn.Linear(before, num_outputs)
        self.shape = {"channels": channels, "num_outputs": num_outputs, "width": width}

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """Return what the last layer looks at: (B, 8 * width)."""
        maps: torch.Tensor = self.layers(images)
        return maps.mean((2, 3))

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

    def features(self, images: Images) -> np.ndarray:
        """Return what the network makes of images before it decides, float32 (N, 8 * width)."""
        return self._mapped(self.network.features, images)

    def has(self, images: Images) -> np.ndarray:
        """Return whether each image has each attribute that the network has learnt, bool (N, attributes)."""
        return self._mapped(self.network, images) > 0

    def accuracy(self, images: Images, labels: np.ndarray) -> float:
        """Return the share of images whose likeliest class is their label."""
        return float((self(images).argmax(1) == labels).mean())

    @torch.inference_mode()
    def _mapped(
        self, function: Callable[[torch.Tensor], torch.Tensor], images: Images, batch_size: int = 256
    ) -> np.ndarray:
        parts = in_turn(images, batch_size, self.device)
        return np.concatenate([function(to_float(part)).cpu().numpy() for part in parts])


@dataclass(frozen=True)
class Judges:
    """What the data set lets be learnt: None where it has no labels, or no attributes."""

    classes: Judge | None
    factors: Judge | None


def train(
    images: Images,
    targets: np.ndarray,
    num_outputs: int,
    settings: ClassifierSettings,
    *,
    random_flip: bool,
    seed: int,
    device: torch.device,
) -> Judge:
    """Return a classifier of uint8 images (N, S, S, C), trained with Adam.

    Targets are labels (N,), one class of `num_outputs` an image, or bool (N, num_outputs), any number of attributes an
    image. A batch is never larger than N.
    """
    torch.manual_seed(randomness.derived_seed(seed, "weights"))
    network = Classifier(images.shape[3], num_outputs, settings.width).to(device).to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(network.parameters(), settings.lr)
    batch_size = min(settings.batch_size, len(images))
    batches = Batches(images, targets, batch_size=batch_size, random_flip=random_flip, seed=seed, device=device)
    with progress_bar(settings.epochs * batches.per_epoch * batch_size, "classifier", "img") as bar:
        for step in range(settings.epochs * batches.per_epoch):
            batch, wanted = batches[step]
            assert wanted is not None
            optimizer.zero_grad(set_to_none=True)
            logits = network(batch)
            several = wanted.dtype == torch.bool
            loss = (
                binary_cross_entropy_with_logits(logits, wanted.float()) if several else cross_entropy(logits, wanted)
            )
            loss.backward()
            optimizer.step()
            bar.update(batch_size)
    if not loss.isfinite():
        raise InputError(f"the classifier's loss is {loss.item()}; expected a finite number: lower classifier.lr")
    return Judge(devices.in_use(network, device), device)


def save(folder: Path, judges: Judges) -> None:
    """Write the classifiers that there are into `folder`, whole or not at all."""
    with publishing.published(folder) as draft:
        draft.mkdir()
        shapes = {}
        for name, judge in vars(judges).items():
            if judge:
                weights.write(draft / f"{name}.safetensors", judge.network)
                shapes[name] = judge.network.shape
        artefacts.write_json(draft / "settings.json", shapes)


def load(folder: Path, device: torch.device) -> Judges:
    """Return the classifiers in `folder`."""
    shapes = artefacts.read_json(folder / "settings.json")

    def judge(name: str) -> Judge | None:
        """Return the classifier of this name, if there is one."""
        if name not in shapes:
            return None
        network = Classifier(**shapes[name])
        network.load_state_dict(weights.read(folder / f"{name}.safetensors"))
        return Judge(devices.in_use(network, device), device)

    return Judges(judge("classes"), judge("factors"))
