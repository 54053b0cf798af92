"""One iteration of a training, every player's steps in order: as it is written, compiled, or as one CUDA graph."""

import math
import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from gans.base import launchers
from gans.base.errors import InputError, in_one_line
from gans.networks.contract import Loss, Readings, Variant
from gans.runtime import optimizers
from gans.training.distributed import ALONE, Ranks

Inputs = tuple[torch.Tensor, torch.Tensor | None, torch.Tensor]  # images (B, C, S, S), labels (B,), latents (B, nz)
COMPILED: dict[str, Any] = {"dynamic": False, "options": {"fallback_random": True}}  # drawn is what plain layers draw
WARM_UP = 3  # iterations before the graph is recorded: by then all is compiled, chosen and in its place


@dataclass(frozen=True)
class Execution:
    """How an iteration is carried out."""

    bf16: bool = False  # layers that gain from it compute with 8 bits of fraction; weights, losses and averages do not
    synchronised: bool = False  # batch normalisation is over the images of all ranks
    compiled: bool = False  # networks through torch.compile, and on CUDA the whole iteration as one graph


PLAIN = Execution()


def execution(device: torch.device, precision: str, compiled: str, synchronised: bool = False) -> Execution:
    """Return what `run.precision` (auto, fp32, bf16) and `run.compile` (auto, off, on) mean on a device.

    Raises InputError when the device cannot do what is asked.
    """
    on_cuda = device.type == "cuda"
    compiler = os.environ.get("CC", "gcc") if on_cuda else os.environ.get("CXX", "g++")
    if compiled == "on" and not shutil.which(compiler):
        raise InputError(f"run.compile is on, but there is no {compiler} to compile with; install it, or set it to off")
    knows_bf16 = on_cuda and torch.cuda.is_bf16_supported(including_emulation=False)
    if compiled == "on" and launchers.started_by_torchrun():
        raise InputError("run.compile is on, but run.launcher is torchrun; expected off or auto")
    if precision == "bf16" and on_cuda and not knows_bf16:
        raise InputError("run.precision is bf16, which this GPU does not know; expected fp32 or auto")
    if synchronised and not on_cuda:
        raise InputError("run.sync_batchnorm is true, which torch has for CUDA alone; expected false here")
    bf16 = precision == "bf16" or (precision == "auto" and knows_bf16)
    return Execution(bf16, synchronised=synchronised, compiled=compiled == "on")


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


class Iteration:
    """The steps of all players; `guard` looks at each loss and gradient before it is learnt from.

    `optimizers` has one for each player, by the column of its loss; each is one kernel, which waits for nobody.
    """

    def __init__(self, variant: Variant, device: torch.device, how: Execution = PLAIN, ranks: Ranks = ALONE) -> None:
        self.variant, self.turns = variant, variant.turns()
        self.device, self.how, self._ranks = device, how, ranks
        self.optimizers: dict[str, torch.optim.Optimizer] = {}
        self._losses: dict[str, Loss] = {}
        own, on_cuda = variant.settings, device.type == "cuda"
        for turn in self.turns:
            weights = list(turn.learner.parameters())
            pace = variant.pace(turn.column, 0.0)
            lr = torch.tensor(pace.lr, device=device) if on_cuda else pace.lr  # where a graph finds it
            self.optimizers[turn.column] = (
                optimizers.SGD(weights, lr, own.momentum, fused=True)
                if own.optimizer == "sgd"
                else optimizers.Adam(weights, lr, (own.beta1, pace.beta2), fused=True, capturable=on_cuda)
            )
            self._losses[turn.column] = torch.compile(turn.loss, **COMPILED) if how.compiled else turn.loss
        if how.compiled:
            torch.use_deterministic_algorithms(torch.are_deterministic_algorithms_enabled())  # the compiler's, too
            variant.generator.compile(**COMPILED)
        players = [turn.column for turn in self.turns for _ in range(turn.steps)]
        self.guard = FiniteGuard(players, self.optimizers.values(), device)

    def set_pace(self, share: float) -> None:
        """Have each optimiser go by what the variant says for this share of the run."""
        for column, optimizer in self.optimizers.items():
            lr, beta2 = self.variant.pace(column, share)
            for group in optimizer.param_groups:
                if isinstance(group["lr"], torch.Tensor):  # a state that is gone on from has it on the CPU
                    group["lr"] = group["lr"].to(self.device).fill_(lr)
                else:
                    group["lr"] = lr
                if "betas" in group:
                    group["betas"] = (group["betas"][0], beta2)

    def __call__(self, inputs: Sequence[Inputs], share: torch.Tensor) -> Readings:
        """Learn from inputs for each step of the first player; return the losses and what else was read.

        `share` () says on the device how much of the run is done.
        """
        readings: Readings = {}
        for turn in self.turns:
            for step in range(turn.steps):
                # The first player gets a fresh batch for each of its steps; the others see its last one.
                if turn is self.turns[0]:
                    batch = self.variant.batch(*inputs[step], share)

                # The learner takes one step down its loss; what the loss only looks through is left alone.
                for module in turn.frozen:
                    module.requires_grad_(False)
                with torch.autocast(self.device.type, torch.bfloat16, enabled=self.how.bf16):
                    if turn.sees_fakes:
                        batch.fake  # noqa: B018  # made here and once, not within what is compiled for each player
                    loss, own_readings = self._losses[turn.column](batch)
                self.optimizers[turn.column].zero_grad(set_to_none=True)
                loss.backward()
                read = {turn.column: loss.detach(), **{name: value.detach() for name, value in own_readings.items()}}
                gradients = [weight.grad for weight in turn.learner.parameters() if weight.grad is not None]
                self._ranks.average([*gradients, *read.values()])  # of the whole batch
                self.guard.look(read[turn.column], turn.learner)
                self.optimizers[turn.column].step()
                for module in turn.frozen:
                    module.requires_grad_(True)
                readings |= read
        return readings


class GraphedIteration:
    """An iteration on CUDA that is recorded once and then launched as a whole, in place of some hundred kernels.

    The first few are carried out as they are. What the layers draw for themselves is the same either way: a replay
    takes up torch's random state as it finds it.
    """

    def __init__(self, iteration: Iteration) -> None:
        for turn in iteration.turns:
            if iteration.variant.pace(turn.column, 0.0).beta2 != iteration.variant.pace(turn.column, 1.0).beta2:
                raise InputError("run.compile is on, but beta2 changes, which a CUDA graph cannot; set it to off")
        self._iteration = iteration
        self._stream = torch.cuda.Stream()
        self._graph: torch.cuda.CUDAGraph | None = None
        self._before = 0

    def __call__(self, inputs: Sequence[Inputs], share: torch.Tensor) -> Readings:
        """Learn from inputs, whose shapes never change; the readings hold until the next call."""
        if self._before < WARM_UP:
            self._before += 1
            self._stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(self._stream):
                readings = self._iteration(inputs, share)
            torch.cuda.current_stream().wait_stream(self._stream)
            return readings
        if self._graph is None:
            self._graph = self._recorded(inputs)
        self._share.copy_(share)
        for place, given in zip(self._places, inputs, strict=True):
            for tensor, fresh in zip(place, given, strict=True):
                if tensor is not None and fresh is not None:
                    tensor.copy_(fresh)
        self._graph.replay()
        return self._readings

    def _recorded(self, inputs: Sequence[Inputs]) -> torch.cuda.CUDAGraph:
        """Record what an iteration launches, without carrying it out, on tensors that later inputs are copied to."""
        self._places: list[Inputs] = [
            (images.clone(), None if labels is None else labels.clone(), z.clone()) for images, labels, z in inputs
        ]
        self._share = torch.zeros((), device=inputs[0][0].device)
        graph = torch.cuda.CUDAGraph()
        try:
            # By thread, because another one may be reading images ahead.
            with torch.cuda.graph(graph, stream=self._stream, capture_error_mode="thread_local"):
                self._readings = self._iteration(self._places, self._share)
        except RuntimeError as error:
            cause = error.__context__ or error  # a recording that failed cannot be ended either, which hides why
            if isinstance(cause, torch.OutOfMemoryError):
                raise cause from None
            raise InputError(
                f"no CUDA graph can be made of this training ({in_one_line(cause)}); set run.compile to off"
            ) from None
        return graph


def graphed(iteration: Iteration) -> Iteration | GraphedIteration:
    """Return an iteration that is compiled for CUDA as one to be recorded, any other as it is."""
    return GraphedIteration(iteration) if iteration.how.compiled and iteration.device.type == "cuda" else iteration
