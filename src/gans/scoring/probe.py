"""What a discriminator has learnt of the classes: a linear classifier on its features."""

import numpy as np
import torch
from torch import nn
from torch.nn.functional import avg_pool2d

from gans.data import batches
from gans.data.arrays import Images
from gans.data.pixels import to_float

MAX_FEATURES = 4096  # of an image; larger maps are averaged over 2 x 2 places until they are fewer
PENALTY = 0.1  # of the squared weights, for features of variance 1


def features_of(
    network: nn.Module, images: Images, conditional: bool, device: torch.device, batch_size: int = 64
) -> np.ndarray:
    """Return what the last layer of `network` is given for uint8 images (N, S, S, C), flattened: float32 (N, F).

    F is at most MAX_FEATURES where the layer is given maps.

    A conditional network is told class 0 of every image, so that its features cannot hold the label itself.

    Radford et al. 2015, arXiv:1511.06434, section 5.1, re-use a discriminator in this way.
    """
    last = [layer for layer in network.modules() if isinstance(layer, nn.Linear | nn.Conv2d)][-1]
    seen: list[np.ndarray] = []

    def see(_: nn.Module, inputs: tuple[torch.Tensor]) -> None:
        maps = inputs[0]
        while maps[0].numel() > MAX_FEATURES and maps.dim() == 4 and maps.shape[2] > 1:
            maps = avg_pool2d(maps, 2)  # (B, F, H / 2, W / 2)
        seen.append(maps.flatten(1).cpu().numpy())

    with torch.inference_mode(), last.register_forward_pre_hook(see):
        for pixels in batches.in_turn(images, batch_size, device):
            batch = to_float(pixels)
            network(*([batch, torch.zeros(len(batch), dtype=torch.int64, device=device)] if conditional else [batch]))
    return np.concatenate(seen)


def accuracy(
    train: np.ndarray, train_labels: np.ndarray, test: np.ndarray, test_labels: np.ndarray, num_classes: int
) -> float:
    """Return the share of test features (M, F) that a linear classifier of train features (N, F) puts in their class.

    The classifier is ridge regression on the classes as one-hot vectors, so that its answer is exact and repeats.
    """
    mean, deviation = train.mean(0, dtype=np.float64), train.std(0, dtype=np.float64).clip(1e-6)
    x, y = (train - mean) / deviation, np.eye(num_classes)[train_labels]  # (N, F), (N, classes)
    gram = x.T @ x / len(x) + PENALTY * np.eye(x.shape[1])  # (F, F)
    weights = np.linalg.solve(gram, x.T @ (y - y.mean(0)) / len(x))  # (F, classes)
    guesses = ((test - mean) / deviation @ weights + y.mean(0)).argmax(1)
    return float((guesses == test_labels).mean())
