"""Measure how much memory a pass over the training images takes when there are ten times as many.

Usage: python benchmarks/memory.py [FOLDER]

Writes random images of 64 x 64 pixels to FOLDER, or a temporary one: 1 GB, then 10 GB. For each, a process of its own
takes every batch of one epoch, as training does, and tells the most memory that it ever held, what the libraries take
included. The last line printed is `peak_memory_mb_at_1_gb=A at_10_gb=B`. The files are removed.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
SIZE, BATCH_SIZE = 64, 128
GIGABYTES = (1, 10)
CHUNK = 8192  # images written at a time

PASS = """
import sys
import time
from pathlib import Path

sys.path.insert(0, sys.argv[1])
import numpy
import torch
from gans.runtime import devices
from gans.data.batches import Batches

cpu = torch.device("cpu")
images = numpy.load(sys.argv[2], mmap_mode="r")
batches = Batches(images, None, batch_size=int(sys.argv[3]), random_flip=True, seed=0, device=cpu)
started = time.perf_counter()
for step in range(batches.per_epoch):
    batches[step]
print(devices.peak_memory_mb(cpu), len(images) / (time.perf_counter() - started))
"""


def write(path: Path, gigabytes: int) -> int:
    """Write random images of so many gigabytes, uint8 (N, 64, 64, 3); return how many they are."""
    count = gigabytes * 10**9 // (SIZE * SIZE * 3)
    images = np.lib.format.open_memmap(path, "w+", np.uint8, (count, SIZE, SIZE, 3))
    source = np.random.default_rng(0)
    for start in range(0, count, CHUNK):
        some = images[start : start + CHUNK]
        some[:] = source.integers(0, 256, some.shape, np.uint8)
    images.flush()
    return count


def main() -> None:
    """Print the peak for each size."""
    peaks = []
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as folder:
        path = Path(folder) / "images.npy"
        for gigabytes in GIGABYTES:
            count = write(path, gigabytes)
            command = [sys.executable, "-c", PASS, str(ROOT / "src"), str(path), str(BATCH_SIZE)]
            told = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
            peak, speed = map(float, told.split())
            peaks.append(round(peak))
            print(f"{gigabytes} GB, {count:,} images: {peak:,.0f} MB at most, {speed:,.0f} images/s", flush=True)
            path.unlink()
    print(" ".join(f"{name}={peak}" for name, peak in zip(("peak_memory_mb_at_1_gb", "at_10_gb"), peaks, strict=True)))


if __name__ == "__main__":
    main()
