"""Images to the feature vectors that published FIDs are measured with."""

from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import avg_pool2d, max_pool2d
from torchvision.models import inception as blocks

from gans.base.artefacts import sha256_of
from gans.base.errors import InputError
from gans.data.arrays import Images
from gans.scoring.features import extracted

WEIGHTS_SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"
WEIGHTS_URL = (
    "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/pt_inception-2015-12-05-6726825d.pth"
)
INPUT_SIZE = 299  # pixels
KEY = "evaluate.inception_weights"  # where a user names the weights


def verified(weights: Path) -> Path:
    """Return `weights` when it is the published file; raise InputError when it is missing or another."""
    if not weights.is_file():
        raise InputError(
            f"{KEY}: {weights} is missing; expected FID's Inception weights: fetch them from {WEIGHTS_URL}"
        )
    if (found := sha256_of(weights)) != WEIGHTS_SHA256:
        right = f"expected {WEIGHTS_SHA256}: fetch it from {WEIGHTS_URL}"
        raise InputError(f"{KEY}: {weights} has SHA-256 {found}; {right}")
    return weights


def resized_as_tensorflow1(images: torch.Tensor, size: int) -> torch.Tensor:
    """Return float images (B, C, S, S) as (B, C, size, size), as `tf.image.resize_bilinear` made them by default.

    Pixel i of the result is looked up at i * S / size: the first pixels coincide, there is no shift by half a pixel
    as in torch's `interpolate`, what lies beyond the last pixel equals it, and shrinking skips pixels. FID depends on
    it: Parmar et al. 2022, arXiv:2104.11222.
    """
    old_size = images.shape[-1]
    wanted = (torch.arange(size, dtype=torch.float32) * (old_size / size)).clamp_max(old_size - 1)  # (size,)
    distances = (wanted[:, None] - torch.arange(old_size)).abs()  # (size, S), in old pixels
    weights = (1.0 - distances).clamp_min(0.0).to(images)  # (size, S), rows sum to 1
    return weights @ images @ weights.T


def _average_of_neighbours(x: torch.Tensor) -> torch.Tensor:
    """Return means over 3x3 pixels, (B, C, H, W) again; at borders only over those that exist, unlike torchvision."""
    return avg_pool2d(x, kernel_size=3, stride=1, padding=1, count_include_pad=False)


class _BlockA(blocks.InceptionA):  # type: ignore[misc]  # torchvision has no types
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        branches = [
            self.branch1x1(x),
            self.branch5x5_2(self.branch5x5_1(x)),
            self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x))),
            self.branch_pool(_average_of_neighbours(x)),
        ]
        return torch.cat(branches, dim=1)


class _BlockC(blocks.InceptionC):  # type: ignore[misc]
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        double = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(x)))
        branches = [
            self.branch1x1(x),
            self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(x))),
            self.branch7x7dbl_5(self.branch7x7dbl_4(double)),
            self.branch_pool(_average_of_neighbours(x)),
        ]
        return torch.cat(branches, dim=1)


class _BlockE(blocks.InceptionE):  # type: ignore[misc]
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        single, double = self.branch3x3_1(x), self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        singles = self.branch3x3_2a(single), self.branch3x3_2b(single)
        doubles = self.branch3x3dbl_3a(double), self.branch3x3dbl_3b(double)
        return torch.cat([self.branch1x1(x), *singles, *doubles, self.branch_pool(self.pool(x))], dim=1)

    def pool(self, x: torch.Tensor) -> torch.Tensor:
        return _average_of_neighbours(x)


class _LastBlockE(_BlockE):
    def pool(self, x: torch.Tensor) -> torch.Tensor:
        return max_pool2d(x, kernel_size=3, stride=1, padding=1)  # as in the published graph


class FIDInception(blocks.Inception3):  # type: ignore[misc]
    """The Inception-v3 of 2015-12-05 on which FID is defined: torchvision's, but for some pools and the resize.

    Its state dict is that of the file at WEIGHTS_URL; `fc`, the classifier, goes unused.

    Szegedy et al. 2015, arXiv:1512.00567, as TensorFlow published it; chosen by Heusel et al. 2017, arXiv:1706.08500.
    """

    def __init__(self) -> None:
        parts = [blocks.BasicConv2d, _BlockA, blocks.InceptionB, _BlockC, blocks.InceptionD, _BlockE, None]
        super().__init__(num_classes=1008, aux_logits=False, inception_blocks=parts, init_weights=False)
        self.Mixed_7c = _LastBlockE(2048)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return features (B, 2048), averages over space, of float images (B, 3, S, S) in 0..255."""
        x: torch.Tensor = (resized_as_tensorflow1(images, INPUT_SIZE) - 128.0) / 128.0  # (B, 3, 299, 299)
        x = self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x))  # (B, 32, 147, 147)
        x = self.maxpool1(self.Conv2d_2b_3x3(x))  # (B, 64, 73, 73)
        x = self.maxpool2(self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(x)))  # (B, 192, 35, 35)
        x = self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(x)))  # (B, 288, 35, 35)
        x = self.Mixed_6e(self.Mixed_6d(self.Mixed_6c(self.Mixed_6b(self.Mixed_6a(x)))))  # (B, 768, 17, 17)
        x = self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(x)))  # (B, 2048, 8, 8)
        return x.mean((2, 3))  # (B, 2048)


class Inception:
    """The 2015 FID Inception's pooled features: 2,048 numbers an image, so that scores compare with published ones.

    `weights` is the file from WEIGHTS_URL. Raises InputError when it is missing or another, before anything reads it.
    """

    name = "inception"

    def __init__(self, weights: Path, device: torch.device) -> None:
        self._device = device
        self._network = FIDInception()
        self._network.load_state_dict(torch.load(verified(weights), weights_only=True, map_location="cpu"))
        self._network.eval().to(device)

    def __call__(self, images: Images, batch_size: int = 64) -> np.ndarray:
        """Return float32 (N, 2048) for uint8 images (N, S, S, C), 0..255; grey ones are seen as RGB."""
        return extracted(self._features_of, images, self._device, batch_size)

    def _features_of(self, pixels: torch.Tensor) -> torch.Tensor:
        features: torch.Tensor = self._network(pixels.permute(0, 3, 1, 2).float().expand(-1, 3, -1, -1))
        return features
