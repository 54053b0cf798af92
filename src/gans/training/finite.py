"""The first loss or gradient that is not finite: noticed on the device, without waiting for it."""

import math
from collections.abc import Iterable, Sequence

import torch
from torch import nn

from gans.base.errors import InputError


class FiniteGuard:
    """Keeps fused optimisers from taking a step, from the first loss or gradient on that is not finite.

    `players` are the columns of the losses in the order of an iteration's steps. Nothing here waits for the device but
    `check`: the flag lies on it, and the optimisers read it there, as they do for gradients scaled in mixed precision.
    """

    def __init__(
        self, players: Sequence[str], optimizers: Iterable[torch.optim.Optimizer], device: torch.device
    ) -> None:
        self._players = players
        self.first = 0  # iterations that were done before this one began to look
        self._found = torch.zeros((), device=device)  # 1 from the first one on
        self._passed = torch.zeros((), dtype=torch.int64, device=device)  # steps before it
        self._seen = torch.zeros(2, device=device)  # the loss and the gradient's norm of that step, or of the newest
        for optimizer in optimizers:
            optimizer.found_inf = self._found  # type: ignore[attr-defined]  # its `step` then leaves all as it is

    @torch.no_grad()
    def look(self, loss: torch.Tensor, learner: nn.Module) -> None:
        """Look at a loss and at the gradients it gave, before the optimiser takes its step."""
        gradients = [weight.grad for weight in learner.parameters() if weight.grad is not None]
        seen = torch.stack([loss.detach(), nn.utils.get_total_norm(gradients)])
        self._seen.copy_(torch.where(self._found.bool(), self._seen, seen))  # in place: a CUDA graph has its address
        self._found.copy_(1 - self._seen.isfinite().all().float())
        self._passed += self._found == 0

    def check(self) -> None:
        """Raise InputError on the first thing that was not finite. Waits for the device."""
        if self._found.item() == 0:
            return
        iterations, place = divmod(int(self._passed.item()), len(self._players))
        player, (loss, norm) = self._players[place], self._seen.tolist()
        what, value = (player, loss) if not math.isfinite(loss) else (f"the norm of {player}'s gradient", norm)
        raise InputError(f"{what} is {value} at step {self.first + iterations + 1}; expected a finite number: lower lr")
