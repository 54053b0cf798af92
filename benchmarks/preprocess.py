"""Measure preprocessing in images a second, beside Pillow alone in one thread, alternating, on the same archive.

Pillow alone decodes, crops and shrinks the images one after another and keeps nothing: the speed of one core. Usage:

    python benchmarks/preprocess.py [FOLDER]

FOLDER holds CelebA's files; without it, 2,048 toyfaces are drawn first.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from gans import preprocess
from gans.sources import celeba, toyfaces

NUM_IMAGES, SIZE, CROP_PX, ROUNDS = 2048, 64, 178, 5


def images_per_second(work: Callable[[], object], count: int) -> float:
    """Return how fast `work` handles `count` images."""
    started = time.perf_counter()
    work()
    return count / (time.perf_counter() - started)


def main() -> None:
    """Print both speeds, and their ratio on the last line."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(scratch) / "toyfaces"
        if len(sys.argv) == 1:
            celeba.write(folder, toyfaces.ATTRIBUTES, toyfaces.jpegs(NUM_IMAGES), NUM_IMAGES)
        images = celeba.open_images(folder, [])
        count = len(images.names)
        some = range(min(count, NUM_IMAGES))
        packed = Path(scratch) / "packed"
        packed.mkdir()

        def pillow() -> None:
            for position in some:
                preprocess.crop_and_shrink(images.read(position), SIZE, CROP_PX)

        def pipeline() -> None:
            preprocess.pack(images, packed, size=SIZE, crop_px=CROP_PX, max_images=None)

        speeds: dict[str, list[float]] = {"Pillow alone, one thread": [], "preprocess": []}
        for _ in range(ROUNDS):
            speeds["Pillow alone, one thread"].append(images_per_second(pillow, len(some)))
            speeds["preprocess"].append(images_per_second(pipeline, count))
        for name, found in speeds.items():
            spread = f"(median of {ROUNDS}; {min(found):,.0f} to {max(found):,.0f})"
            print(f"{name}: {statistics.median(found):,.0f} images/s {spread}")
        pairs = zip(speeds["preprocess"], speeds["Pillow alone, one thread"], strict=True)
        print(f"preprocess_images_per_second={statistics.median(speeds['preprocess']):.0f} ", end="")
        print(f"ratio={statistics.median(ours / theirs for ours, theirs in pairs):.2f}")


if __name__ == "__main__":
    main()
