"""Several processes that train as one: the ranks that torchrun starts, and what they tell one another.

There is no wrapper around the networks: every rank holds them whole, takes its part of each batch, and after each
backward pass all take the mean of their gradients, so that they stay equal.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import torch
import torch.distributed as dist

from gans.base import launchers
from gans.base.errors import InputError, in_one_line

PATIENCE = timedelta(minutes=10)  # with a rank that says nothing; the first may be busy saving

T = TypeVar("T")


@dataclass(frozen=True)
class Ranks:
    """This process's place among those that train together; alone, nothing here does anything."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Return whether this is the process that writes, and shows what is going on."""
        return self.rank == 0

    def part_of(self, batch_size: int) -> slice:
        """Return which images of a batch are this process's; raise InputError when the batch has no equal parts."""
        if batch_size % self.size:
            raise InputError(f"batch_size is {batch_size}, but {self.size} ranks share it; expected a multiple")
        own = batch_size // self.size
        return slice(self.rank * own, (self.rank + 1) * own)

    def by_first(self, work: Callable[[], AbstractContextManager[T]]) -> AbstractContextManager[T | None]:
        """Return what `work` gives for the first rank to do, and nothing for the others."""
        return work() if self.leads else nullcontext(None)

    @torch.no_grad()
    def average(self, tensors: Sequence[torch.Tensor]) -> None:
        """Put the mean over all ranks in the place of each tensor: one message for all of them."""
        if self.size == 1:
            return
        flat = torch.cat([tensor.flatten() for tensor in tensors])
        with _heard():
            dist.all_reduce(flat)
        flat /= self.size
        for tensor, mean in zip(tensors, flat.split([tensor.numel() for tensor in tensors]), strict=True):
            tensor.copy_(mean.view_as(tensor))

    @torch.no_grad()
    def take_over(self, tensors: Sequence[torch.Tensor]) -> None:
        """Put what the first rank has in the place of each tensor."""
        if self.size > 1:
            with _heard():
                for tensor in tensors:
                    dist.broadcast(tensor, src=0)

    def from_first(self, value: T) -> T:
        """Return the first rank's `value`. Tensors in it are to be on the CPU."""
        if self.size == 1:
            return value
        box = [value]
        with _heard():
            dist.broadcast_object_list(box, src=0, device=torch.device("cpu"))
        return box[0]

    def anywhere(self, *here: bool) -> tuple[bool, ...]:
        """Return of each whether it is so on any rank. Waits for the other ranks, but for no device."""
        if self.size == 1:
            return here
        flags = torch.tensor(here, dtype=torch.uint8)
        with _heard():
            dist.all_reduce(flags, dist.ReduceOp.MAX)
        return tuple(bool(flag) for flag in flags)


ALONE = Ranks()


@contextmanager
def joined(device: torch.device) -> Iterator[Ranks]:
    """Yield this process's place among those that torchrun has started with it, and leave them at the end.

    Raises InputError when they do not find one another, or when there are more of them here than GPUs.
    """
    if not launchers.started_by_torchrun():
        yield ALONE
        return
    if device.type == "mps":
        raise InputError("run.launcher is torchrun, which needs run.device cuda or cpu, but this one is mps")
    if device.type == "cuda":
        here, gpus = int(os.environ["LOCAL_WORLD_SIZE"]), torch.cuda.device_count()
        if here > gpus:
            raise InputError(
                f"run.launcher starts {here} processes on this machine, which has {gpus} GPU(s); expected no more"
            )
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
    try:
        dist.init_process_group(backend, timeout=PATIENCE)
    except (RuntimeError, ValueError) as error:  # torch.distributed.DistError is a RuntimeError
        cause = in_one_line(error)
        raise InputError(f"the ranks did not find one another ({cause}); are all of them started?") from None
    yield Ranks(dist.get_rank(), dist.get_world_size())
    dist.destroy_process_group()  # not after an error: it would wait for what those who have ended still owe


@contextmanager
def _heard() -> Iterator[None]:
    """Say in one line that another rank has ended, or no longer answers."""
    try:
        yield
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:
        cause = in_one_line(error, 120)
        raise InputError(f"another rank has ended or no longer answers ({cause}); its own message says why") from None
