"""The optimisers of all players, and the step sizes that they go by."""

from collections.abc import Sequence

import torch

from gans.networks.contract import Turn, Variant
from gans.networks.settings import Settings


class Optimizers(dict[str, torch.optim.Optimizer]):
    """An optimiser for each player, by the column of its loss; each is one kernel, which waits for nobody."""

    def __init__(self, variant: Variant, turns: Sequence[Turn], settings: Settings, device: torch.device) -> None:
        self._pace = variant.pace
        for turn in turns:
            weights = list(turn.learner.parameters())
            lr, beta2 = self._pace(turn.column, 0.0)
            on_device = torch.tensor(lr, device=device) if device.type == "cuda" else lr  # where a graph finds it
            if settings.optimizer == "sgd":
                self[turn.column] = torch.optim.SGD(weights, on_device, settings.momentum, fused=True)
            else:
                betas, on_cuda = (settings.beta1, beta2), device.type == "cuda"
                self[turn.column] = torch.optim.Adam(weights, on_device, betas, fused=True, capturable=on_cuda)

    def set_pace(self, share: float) -> None:
        """Have each go by what the variant says for this share of the run."""
        for column, optimizer in self.items():
            lr, beta2 = self._pace(column, share)
            for group in optimizer.param_groups:
                if isinstance(group["lr"], torch.Tensor):  # a state that is gone on from has it on the CPU
                    group["lr"] = group["lr"].to(group["params"][0].device).fill_(lr)
                else:
                    group["lr"] = lr
                if "betas" in group:
                    group["betas"] = (group["betas"][0], beta2)
