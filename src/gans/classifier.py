"""A small network that learns the data set's own labels, and then judges what class an image is of."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn.functional import cross_entropy

from gans import artefacts, paths, randomness
from gans.batches import Batches
from gans.errors import InputError
from gans.images import to_float
from gans.progress import progress_bar


class Classifier(nn.Module):
    """Four strided convolutions and a mean over space: images (B, C, S, S) in [-1, 1] to logits (B, classes)."""

    def __init__(self, channels: int, num_classes: int, width: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = channels
        for after in (width, 2 * width, 4 * width, 8 * width):  # S / 2, S / 4, S / 8, S / 16
            layers += [nn.Conv2d(before, after, 3, 2, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU(inplace=True)]
            before = after
        self.layers = nn.Sequential(*layers)
        self.last = nn.Linear(before, num_classes)
        self.shape = {"channels": channels, "num_classes": num_classes, "width": width}

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits (B, classes)."""
        logits: torch.Tensor = self.last(self.layers(images).mean((2, 3)))
        return logits


@dataclass(frozen=True)
class Judge:
    """A trained classifier in use."""

    network: Classifier
    device: torch.device

    @torch.inference_mode()
    def __call__(self, images: np.ndarray, batch_size: int = 256) -> np.ndarray:
        """Return the probability of each class, float32 (N, classes), for uint8 images (N, S, S, C)."""
        starts = range(0, len(images), batch_size)
        parts = (torch.from_numpy(np.array(images[start : start + batch_size])).to(self.device) for start in starts)
        return np.concatenate([self.network(to_float(part)).softmax(1).cpu().numpy() for part in parts])

    def accuracy(self, images: np.ndarray, labels: np.ndarray) -> float:
        """Return the share of images whose likeliest class is their label."""
        return float((self(images).argmax(1) == labels).mean())


def train(
    images: np.ndarray,
    labels: np.ndarray,
    num_classes: int,
    *,
    epochs: int,
    lr: float,
    batch_size: int,
    width: int,
    random_flip: bool,
    seed: int,
    device: torch.device,
) -> Judge:
    """Return a classifier that has learnt the labels (N,) of uint8 images (N, S, S, C) with Adam."""
    torch.manual_seed(randomness.derived_seed(seed, "weights"))
    network = Classifier(images.shape[3], num_classes, width).to(device).to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(network.parameters(), lr)
    batches = Batches(images, labels, batch_size=batch_size, random_flip=random_flip, seed=seed, device=device)
    with progress_bar(epochs * batches.per_epoch * batch_size, "classifier", "img") as bar:
        for step in range(epochs * batches.per_epoch):
            batch, wanted = batches[step]
            assert wanted is not None
            optimizer.zero_grad(set_to_none=True)
            loss = cross_entropy(network(batch), wanted)
            loss.backward()
            optimizer.step()
            bar.update(batch_size)
    if not loss.isfinite():
        raise InputError(f"the classifier's loss is {loss.item()}; expected a finite number: lower classifier.lr")
    return Judge(network.eval().requires_grad_(False), device)


def save(folder: Path, judge: Judge | None) -> None:
    """Write a classifier, or that the data has no labels to learn, into `folder`, whole or not at all."""
    with paths.published(folder) as draft:
        draft.mkdir()
        if judge:
            weights = {name: value.contiguous().cpu() for name, value in judge.network.state_dict().items()}
            save_file(weights, draft / "classifier.safetensors")
        artefacts.write_json(draft / "settings.json", judge.network.shape if judge else {"num_classes": 0})


def load(folder: Path, device: torch.device) -> Judge | None:
    """Return the classifier in `folder`, None when its data had no labels."""
    record = artefacts.read_json(folder / "settings.json")
    if not record["num_classes"]:
        return None
    network = Classifier(**record)
    network.load_state_dict(load_file(folder / "classifier.safetensors"))
    network = network.eval().requires_grad_(False).to(device)
    return Judge(network.to(memory_format=torch.channels_last), device)
