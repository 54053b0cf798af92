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
        pairs = list(zip(self.module.state_dict().values(), module.state_dict().values(), strict=True))
        self._numbers = [pair for pair in pairs if pair[0].is_floating_point()]
        self._counts = [pair for pair in pairs if not pair[0].is_floating_point()]  # of batches a normalisation saw

    @torch.no_grad()
    def update(self, images_seen: int, batch_size: int) -> None:
        """Move the average towards the module as it is after `images_seen` images, `batch_size` of them new."""
        horizon = self._half_life * images_seen  # images
        share = 1.0 - 0.5 ** (batch_size / horizon) if horizon else 1.0
        for average, current in self._counts:
            average.copy_(current)
        averages, currents = zip(*self._numbers, strict=True)
        torch._foreach_lerp_(averages, currents, share)  # one kernel on CUDA
