"""Count what an iteration asks of a device, and say what an H100 would make of it, before one has been measured.

Usage: python benchmarks/predict.py [VARIANT] [--width N] [--batch-size N]

One iteration of the real loop is carried out on the CPU in bf16, and every operation that is no mere view is counted as
one kernel, a backward pass of a convolution as two: its arithmetic, and the bytes it reads and writes. A kernel takes
what the slower of arithmetic and memory takes at the published peaks, and no less than it takes to start one.
"""

import argparse
import contextlib
import io
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT)]

import throughput  # noqa: E402  # first: it sets how torch's threads wait, and finds the library

# isort: split
import numpy as np  # noqa: E402
import torch  # noqa: E402
from torch.utils._python_dispatch import TorchDispatchMode  # noqa: E402
from torch.utils._pytree import tree_leaves  # noqa: E402
from torch.utils.flop_counter import flop_registry  # noqa: E402

from gans.data.arrays import DataShape  # noqa: E402
from gans.networks import contract  # noqa: E402
from gans.runtime import devices  # noqa: E402
from gans.training import loop  # noqa: E402
from gans.training.steps import Execution  # noqa: E402

# An H100 SXM with 80 GB: https://resources.nvidia.com/en-us-tensor-core/nvidia-tensor-core-gpu-datasheet
PEAK_FLOPS, PEAK_BYTES = 989e12, 3.35e12  # a second: bf16 without sparsity, memory
FROM_PYTHON_S, IN_A_GRAPH_S = 10e-6, 2e-6  # assumed, not published: to start a kernel from Python, and in a graph
REACHED = 0.25  # assumed: the share of the peaks that layers this narrow reach
FREE = ("detach", "lift", "empty", "_unsafe_view", "_local_scalar_dense", "randperm")  # they start no kernel


class Counter(TorchDispatchMode):
    """Notes the arithmetic and the bytes of every kernel."""

    def __init__(self) -> None:
        super().__init__()
        self.kernels: list[tuple[float, float]] = []  # FLOPs and bytes of each

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        found = func(*args, **(kwargs or {}))
        tensors = [leaf for leaf in tree_leaves((args, kwargs, found)) if isinstance(leaf, torch.Tensor)]
        if not func.is_view and not func.__name__.startswith(FREE) and tensors:
            packet = func.overloadpacket
            flops = flop_registry[packet](*args, **(kwargs or {}), out_val=found) if packet in flop_registry else 0
            size = sum({tensor.data_ptr(): tensor.numel() * tensor.itemsize for tensor in tensors}.values())
            parts = 2 if func is torch.ops.aten.convolution_backward.default else 1
            self.kernels += [(flops / parts, size / parts)] * parts
        return found


def iteration(name: str, width: int, batch_size: int) -> list[tuple[float, float]]:
    """Return the kernels of one iteration: what two have more than one."""
    settings, kind = throughput.settings_of(name, width, batch_size, 1), contract.load(name)
    counts = []
    for batches in (1, 2):
        pixels = np.zeros((batches * batch_size, throughput.SIZE, throughput.SIZE, 3), np.uint8)
        shape = DataShape(3, throughput.SIZE, [len(pixels) // 2] * 2)
        labels = np.arange(len(pixels)) % 2
        with Counter() as counter, contextlib.redirect_stderr(io.StringIO()):
            loop.train(kind, settings, shape, pixels, labels, torch.device("cpu"), 2, how=Execution(bf16=True))
        counts.append(counter.kernels)
    one, two = counts
    more = list(two)
    for kernel in one:
        more.remove(kernel)
    return more


def main() -> None:
    """Print the counts and the prediction."""
    parser = argparse.ArgumentParser(description="Predict an iteration on an H100 from what it asks for.")
    parser.add_argument("variant", nargs="?", default="dcgan", choices=contract.names())
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--batch-size", type=int, default=128)
    given = parser.parse_args()
    devices.prepare("cpu", deterministic=True)
    kernels = iteration(given.variant, given.width, given.batch_size)
    flops, moved = (sum(numbers) for numbers in zip(*kernels, strict=True))
    print(f"{given.variant}, width {given.width}, batches of {given.batch_size}, bf16, one iteration:")
    print(f"kernels {len(kernels)}, GFLOP {flops / 1e9:.1f}, GB {moved / 1e9:.3f}")
    for way, start in (("as written", FROM_PYTHON_S), ("as one graph", IN_A_GRAPH_S)):
        for share in (1.0, REACHED):
            times = [max(start, flop / PEAK_FLOPS / share, byte / PEAK_BYTES / share) for flop, byte in kernels]
            bound = sum(time == start for time in times)
            speed = given.batch_size / sum(times)
            print(
                f"{way}, at {share:.0%} of the peaks: {sum(times) * 1e3:.2f} ms, {speed:,.0f} images a second; "
                f"{bound} of {len(kernels)} kernels take no longer than their start"
            )


if __name__ == "__main__":
    main()
