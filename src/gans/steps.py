"""One iteration of a training, every player's steps in order: as it is written, compiled, or as one CUDA graph."""

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from gans.config import Settings
from gans.errors import InputError
from gans.finite import FiniteGuard
from gans.variants import Readings, Turn, Variant

Batch = tuple[torch.Tensor, torch.Tensor | None, torch.Tensor]  # images (B, C, S, S), labels (B,), latents (B, nz)
WARM_UP = 3  # iterations before the graph is recorded: by then all is compiled, chosen and in its place


@dataclass(frozen=True)
class Execution:
    """How an iteration is carried out."""

    bf16: bool = False  # layers that gain from it compute with 8 bits of fraction; weights, losses and averages do not
    compiled: bool = False  # networks through torch.compile, and on CUDA the whole iteration as one graph

    @property
    def precision(self) -> str:
        """Return the name of the arithmetic, as `run.precision` has it."""
        return "bf16" if self.bf16 else "fp32"


def execution(device: torch.device, precision: str, compiled: str) -> Execution:
    """Return what `run.precision` (auto, fp32, bf16) and `run.compile` (auto, off, on) mean on a device.

    Raises InputError when the device cannot do what is asked.
    """
    if compiled == "on" and device.type == "cpu" and not shutil.which(compiler := os.environ.get("CXX", "g++")):
        raise InputError(f"run.compile is on, but there is no {compiler} to compile with; install it, or set it to off")
    if precision == "bf16" and device.type == "cuda" and not torch.cuda.is_bf16_supported():
        raise InputError("run.precision is bf16, which this GPU does not know; expected fp32 or auto")
    bf16 = precision == "bf16" or (
        precision == "auto" and device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    )
    return Execution(bf16, compiled == "on")


def optimizer_of(turn: Turn, settings: Settings, device: torch.device) -> torch.optim.Optimizer:
    """Return the optimiser of a player's weights: one kernel for all of them, which waits for nobody."""
    weights = list(turn.learner.parameters())
    if settings.optimizer == "sgd":
        return torch.optim.SGD(weights, settings.lr, settings.momentum, fused=True)
    betas = (settings.beta1, settings.beta2)
    return torch.optim.Adam(weights, settings.lr, betas, fused=True, capturable=device.type == "cuda")


class Iteration:
    """The steps of all players; `guard` looks at each loss and gradient before it is learnt from."""

    def __init__(
        self,
        variant: Variant,
        turns: Sequence[Turn],
        optimizers: Mapping[str, torch.optim.Optimizer],
        guard: FiniteGuard,
        device: torch.device,
        how: Execution,
    ) -> None:
        self._variant, self._turns, self._optimizers, self._guard = variant, turns, optimizers, guard
        self._device, self._how = device, how
        if how.compiled:
            for network in variant.networks.values():
                network.compile(dynamic=False)

    def __call__(self, batches: Sequence[Batch]) -> Readings:
        """Learn from a batch for each step of the first player; return the losses and what else was read."""
        readings: Readings = {}
        for turn in self._turns:
            for step in range(turn.steps):
                # The first player gets a fresh batch for each of its steps; the others see its last one.
                if turn is self._turns[0]:
                    batch = self._variant.round(*batches[step])

                # The learner takes one step down its loss; what the loss only looks through is left alone.
                _set_frozen(turn, True)
                with torch.autocast(self._device.type, torch.bfloat16, enabled=self._how.bf16):
                    loss, own_readings = turn.loss(batch)
                self._optimizers[turn.column].zero_grad(set_to_none=True)
                loss.backward()
                self._guard.look(loss, turn.learner)
                self._optimizers[turn.column].step()
                _set_frozen(turn, False)
                readings |= {turn.column: loss.detach(), **own_readings}
        return readings


class GraphedIteration:
    """An iteration on CUDA that is recorded once and then launched as a whole, in place of some hundred kernels.

    The first few are carried out as they are. What the layers draw for themselves is the same either way: a replay
    takes up torch's random state as it finds it.
    """

    def __init__(self, iteration: Iteration) -> None:
        self._iteration = iteration
        self._stream = torch.cuda.Stream()
        self._graph: torch.cuda.CUDAGraph | None = None
        self._before = 0

    def __call__(self, batches: Sequence[Batch]) -> Readings:
        """Learn from batches, whose shapes never change; the readings hold until the next call."""
        if self._before < WARM_UP:
            self._before += 1
            self._stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(self._stream):
                readings = self._iteration(batches)
            torch.cuda.current_stream().wait_stream(self._stream)
            return readings
        if self._graph is None:
            self._record(batches)
        assert self._graph is not None
        for place, batch in zip(self._places, batches, strict=True):
            for tensor, fresh in zip(place, batch, strict=True):
                if tensor is not None and fresh is not None:
                    tensor.copy_(fresh)
        self._graph.replay()
        return self._readings

    def _record(self, batches: Sequence[Batch]) -> None:
        """Record what an iteration launches, without carrying it out, on tensors that later batches are copied to."""
        self._places: list[Batch] = [
            (images.clone(), None if labels is None else labels.clone(), z.clone()) for images, labels, z in batches
        ]
        graph = torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(graph):
                self._readings = self._iteration(self._places)
        except RuntimeError as error:
            cause = str(error).splitlines()[0]
            raise InputError(
                f"this training cannot be recorded as a CUDA graph ({cause}); set run.compile to off"
            ) from None
        self._graph = graph


def iteration(
    variant: Variant,
    turns: Sequence[Turn],
    optimizers: Mapping[str, torch.optim.Optimizer],
    guard: FiniteGuard,
    device: torch.device,
    how: Execution,
) -> Iteration | GraphedIteration:
    """Return what carries out an iteration in this way."""
    plain = Iteration(variant, turns, optimizers, guard, device, how)
    return GraphedIteration(plain) if how.compiled and device.type == "cuda" else plain


def _set_frozen(turn: Turn, frozen: bool) -> None:
    for module in turn.frozen:
        module.requires_grad_(not frozen)
