"""Images to the feature vectors that published FIDs are measured with."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import torch
from torch import nn
from torch.nn.functional import avg_pool2d, max_pool2d
from torchvision.models import Inception3

from gans.base.artefacts import sha256_of
from gans.base.errors import InputError
from gans.scoring.features import Extractor, as_rgb

WEIGHTS_SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"
WEIGHTS_URL = (
    "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/pt_inception-2015-12-05-6726825d.pth"
)
INPUT_SIZE = 299  # pixels
KEY = "evaluate.inception_weights"  # where a user names the weights


def verified(weights: Path) -> Path:
    """Return `weights` when it is the published file; raise InputError when it is missing or another."""
    found = f"has SHA-256 {sha256_of(weights)}" if weights.is_file() else "is missing"
    if not found.endswith(WEIGHTS_SHA256):
        wanted = f"FID's Inception weights, of SHA-256 {WEIGHTS_SHA256}: fetch them from {WEIGHTS_URL}"
        raise InputError(f"{KEY}: {weights} {found}; expected {wanted}")
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


def as_input(pixels: torch.Tensor) -> torch.Tensor:
    """Return uint8 (B, S, S, C), 0..255, as the network wants it: float (B, 3, 299, 299), about -1..1."""
    return (resized_as_tensorflow1(as_rgb(pixels), INPUT_SIZE) - 128.0) / 128.0


def fid_inception(weights: Mapping[str, torch.Tensor]) -> nn.Module:
    """Return the Inception-v3 of 2015-12-05 on which FID is defined: torchvision's, but for some pools.

    It takes float images (B, 3, 299, 299) in -1..1 to features (B, 2048), averages over space. `weights` is the state
    dict in the file at WEIGHTS_URL. Averages of 3 x 3 pixels are at borders over those alone that exist; the last
    block takes maxima, as in the published graph.

    Szegedy et al. 2015, arXiv:1512.00567, as TensorFlow published it; chosen by Heusel et al. 2017, arXiv:1706.08500.
    """
    network: nn.Module = Inception3(num_classes=1008, aux_logits=False, init_weights=False)
    network.load_state_dict(weights)
    network.fc = nn.Identity()  # what the classifier would be given is wanted
    average = partial(avg_pool2d, kernel_size=3, stride=1, padding=1, count_include_pad=False)
    maximum = partial(max_pool2d, kernel_size=3, stride=1, padding=1)
    for name, block in network.named_children():
        if isinstance(last := getattr(block, "branch_pool", None), nn.Module):
            _pooled_by(maximum if name == "Mixed_7c" else average, block, last)
    return network.eval()


def _pooled_by(pool: Callable[[torch.Tensor], torch.Tensor], block: nn.Module, branch: nn.Module) -> None:
    """Have a branch of a block see what `pool` makes of the block's input, in place of what torchvision's pool does."""
    inputs: list[torch.Tensor] = []
    block.register_forward_pre_hook(lambda _, given: inputs.append(given[0]))
    branch.register_forward_pre_hook(lambda *_: (pool(inputs.pop()),))


class Inception(Extractor):
    """The 2015 FID Inception's pooled features: 2,048 numbers an image, so that scores compare with published ones.

    `weights` is the file from WEIGHTS_URL. Raises InputError when it is missing or another, before anything reads it.
    """

    def __init__(self, weights: Path, device: torch.device) -> None:
        network = fid_inception(torch.load(verified(weights), weights_only=True, map_location="cpu")).to(device)
        super().__init__("inception", lambda pixels: network(as_input(pixels)), device, batch_size=64)
