"""The averaged generator: its weights, and the running statistics that batch normalisation keeps."""

import copy

import torch
from torch import nn


class AveragedModule:
    """An exponential moving average of a module, kept as a module in evaluation mode.

    The half-life is a share of the images seen so far, so that the average forgets the beginning of any run, short or
    long: after n images, the weights of n * half_life images ago count half as much as the newest. With a half-life of
    0 the average is the module itself. Karras et al. 2022, arXiv:2206.00364, ramp their average up in this way.
    """

    def __init__(self, module: nn.Module, half_life: float) -> None:
        self.module = copy.deepcopy(module).eval().requires_grad_(False)
        self._half_life = half_life
        self._state = list(zip(self.module.state_dict().values(), module.state_dict().values(), strict=True))

    @torch.no_grad()
    def update(self, images_seen: int, batch_size: int) -> None:
        """Move the average towards the module as it is after `images_seen` images, `batch_size` of them new."""
        horizon = self._half_life * images_seen  # images
        share = 1.0 - 0.5 ** (batch_size / horizon) if horizon else 1.0
        for average, current in self._state:
            if average.is_floating_point():
                average.lerp_(current, share)
            else:
                average.copy_(current)  # how many batches a normalisation has seen
