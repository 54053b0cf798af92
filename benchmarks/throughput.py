"""Measure this project beside the tutorial's loop: from the same JPEG files, in one run, alternating.

Usage: python benchmarks/throughput.py [--quick] [--seconds N]

End to end is from the files to trained steps, for five epochs: ours packs the archive once and trains on the array; the
tutorial's DataLoader decodes the files anew in each epoch, with two workers. Steps alone have the same images in memory
for both. The limit is what the arithmetic and the memory traffic of our step, counted from its layers, would take at
the rates at which this device multiplies large matrices, in the type of our step, and copies large arrays. What is
measured is printed, and written to benchmarks/results/<device>.json, as it comes: what fails loses itself alone, and
what would begin after N seconds is left out. The last line printed is `end_to_end_ratio=R1 steps_ratio=R2`, medians
over rounds.
"""

import argparse
import contextlib
import io
import json
import re
import shutil
import statistics
import sys
import tempfile
import time
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT)]

try:
    import tqdm  # noqa: F401
except ImportError:  # a machine with torch alone: bars are not shown here in any case
    sys.modules["tqdm"] = types.SimpleNamespace(tqdm=lambda **_: MagicMock())  # type: ignore[assignment]

import stages  # noqa: E402, F401  # sets how torch's threads wait, as in the pipeline

# isort: split
import numpy as np  # noqa: E402
import textbook  # noqa: E402
import torch  # noqa: E402
from torch import nn  # noqa: E402
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

from gans import preprocess  # noqa: E402
from gans.base.errors import in_one_line  # noqa: E402
from gans.data import arrays  # noqa: E402
from gans.data.arrays import DataShape  # noqa: E402
from gans.networks import contract  # noqa: E402
from gans.networks.sampling import Sampler  # noqa: E402
from gans.networks.settings import Settings  # noqa: E402
from gans.params import Params  # noqa: E402
from gans.runtime import devices  # noqa: E402
from gans.sources import folder as pictures  # noqa: E402
from gans.sources import toyfaces  # noqa: E402
from gans.training import loop, steps  # noqa: E402
from gans.training.observer import Snapshots  # noqa: E402
from gans.training.steps import Execution  # noqa: E402

SIZE, NZ, EPOCHS, WORKERS = 64, 100, 5, 2
NUM_CELEBA = 202_599
SECONDS_A_RUN = 1.5  # of a variant, about; as long again does not count
NUM_SCORED = 1024  # fakes, against as many real images
FEW = 5  # batches of an epoch, where a variant's steps are measured: WGAN-GP's first player takes as many at once
DISTINCT = 512  # faces drawn; more images are these again, under other names: to decode one costs the same
ON_CPU = {"width": 16, "batch_size": 128, "images": 4096, "rounds": 3, "passes": 1}
ON_GPU = {"width": 64, "batch_size": 128, "images": 4096, "rounds": 3, "passes": 20}  # of steps alone
QUICK = {"images": 1024, "rounds": 2}


def settings_of(name: str, width: int, batch_size: int, epochs: int) -> Settings:
    """Return what a variant is trained with: as params.yaml has it, but for what all have in common here."""
    found = Params.load(ROOT / "params.yaml").settings_of(name, contract.load(name).Settings)
    common = {"lr": 0.0002, "random_flip": False, "seed": 0, "nz": NZ, "image_size": SIZE, "epochs": epochs}
    return found.model_copy(update={**common, "width": width, "batch_size": batch_size})


class Bench:
    """The same faces as an archive, as files, and as an array; both loops on them."""

    def __init__(self, folder: Path, device: torch.device, *, width: int, batch_size: int, images: int) -> None:
        self.folder, self.device = folder, device
        self.how = steps.execution(device, "auto", "auto")
        self.width, self.batch_size, self.num_images = width, batch_size, images
        drawn = list(toyfaces.jpegs(min(DISTINCT, images)))
        faces = [drawn[index % len(drawn)] for index in range(images)]
        (folder / "files" / "faces").mkdir(parents=True)
        for index, (jpeg, *_) in enumerate(faces):
            (folder / "files" / "faces" / f"{index:06d}.jpg").write_bytes(jpeg)
        pictures.gather(folder / "files", folder / "archive")
        self.pixels = self.packed()

    def packed(self) -> np.ndarray:
        """Preprocess the archive; return all its images, uint8 (N, S, S, 3)."""
        out = self.folder / "packed"
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        preprocess.pack(pictures.open_images(self.folder / "archive"), out, size=SIZE, crop_px=None, max_images=None)
        return arrays.load(out).images

    def ours(
        self,
        name: str,
        pixels: np.ndarray,
        epochs: int,
        how: Execution | None = None,
        snapshots: Snapshots | None = None,
        **changes: Any,
    ) -> loop.Trained:
        """Train a variant as this device does by itself, or as told; conditional ones are told one of two classes."""
        kind = contract.load(name)
        labels = np.arange(len(pixels)) % 2
        shape = DataShape(3, SIZE, np.bincount(labels).tolist())
        settings = settings_of(name, self.width, self.batch_size, epochs).model_copy(update=changes)
        more = {"how": how or self.how, "snapshots": snapshots}
        return loop.train(kind, settings, shape, pixels, labels, self.device, 2, **more)

    def speed(self, name: str, rounds: int, **more: Any) -> float:
        """Return images a second of a variant's steps, the median over rounds of about SECONDS_A_RUN each."""
        pace = self.rate(name, 1, **more)
        epochs = max(1, round(SECONDS_A_RUN * pace / (FEW * more.get("batch_size", self.batch_size))))
        return round(statistics.median(self.rate(name, epochs, **more) for _ in range(rounds)), 1)

    def rate(self, name: str, epochs: int, **more: Any) -> float:
        """Return images a second over so many epochs of a few batches, after as many that do not count.

        What is compiled, chosen or recorded at the start of a training is in those.
        """
        marks = []

        def mark(images_seen: int, _: object) -> None:
            if self.device.type == "cuda":
                torch.cuda.synchronize(self.device)
            marks.append((images_seen, time.perf_counter()))

        few = FEW * more.get("batch_size", self.batch_size)
        pixels = np.resize(self.pixels, (few, SIZE, SIZE, 3))
        trained = self.ours(name, pixels, 2 * epochs, snapshots=Snapshots(epochs, mark), **more)
        mark(trained.images_seen, None)
        (before, began), (after, ended) = marks
        return (after - before) / (ended - began)

    def theirs(self, batches: Any) -> None:
        """Train the tutorial's DCGAN on batches."""
        torch.manual_seed(0)
        generator, discriminator = (network.to(self.device) for network in textbook.networks(NZ, SIZE, self.width))
        shape = (self.batch_size, NZ)
        textbook.train(batches, generator, discriminator, lambda _: torch.randn(shape, device=self.device), self.device)

    def from_files(self) -> None:
        """Run the tutorial end to end."""
        pictures = textbook.loader(self.folder / "files", SIZE, self.batch_size, WORKERS)
        self.theirs(batch for _ in range(EPOCHS) for batch in pictures)

    def in_memory(self, epochs: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Return the batches that the tutorial's loader would give, decoded already."""
        floats = torch.from_numpy(np.array(self.pixels)).permute(0, 3, 1, 2).contiguous().float() / 127.5 - 1
        batches = floats.split(self.batch_size)[: self.num_images // self.batch_size]
        return [(batch, torch.zeros(len(batch))) for batch in batches] * epochs


def quietly() -> contextlib.AbstractContextManager[object]:
    """Return a context in which progress bars are not shown."""
    return contextlib.redirect_stderr(io.StringIO())


def seconds(work: Callable[[], object], device: torch.device) -> float:
    """Return how long `work` takes, until the device has done it."""
    started = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - started


def compared(
    ours: Callable[[], object], theirs: Callable[[], object], count: int, rounds: int, device: torch.device
) -> dict[str, Any]:
    """Return images a second of both, alternating, after one round each that does not count."""
    speeds: dict[str, list[float]] = {"ours": [], "textbook": []}
    for number in range(rounds + 1):
        for name, work in (("ours", ours), ("textbook", theirs)):
            speed = count / seconds(work, device)
            if number:
                speeds[name].append(speed)
    ratios = [a / b for a, b in zip(speeds["ours"], speeds["textbook"], strict=True)]
    return {
        **{name: round(statistics.median(found), 1) for name, found in speeds.items()},
        "ratio": round(statistics.median(ratios), 3),
        "from_to": {
            **{name: f"{min(found):.0f} to {max(found):.0f}" for name, found in speeds.items()},
            "ratio": f"{min(ratios):.2f} to {max(ratios):.2f}",
        },
    }


def limit(bench: Bench) -> dict[str, float]:
    """Return what bounds our step: its work, the device's rates, and the images a second that both allow together."""
    pixels = np.resize(bench.pixels, (3 * bench.batch_size, SIZE, SIZE, 3))
    flops = []
    for batches in (2, 3):  # the difference is one step, without what is drawn at the start and the end
        with FlopCounterMode(display=False) as counter:
            bench.ours("dcgan", pixels[: batches * bench.batch_size], 1)
        flops.append(counter.get_total_flops())
    kind = torch.bfloat16 if bench.how.bf16 else torch.float32
    moved = kind.itemsize * bench.batch_size * traffic(bench)
    side = 2048 if bench.device.type == "cpu" else 8192
    a, b = (torch.randn(side, side, device=bench.device).to(kind) for _ in range(2))
    big = torch.empty(64 * 2**20, device=bench.device)
    target = torch.empty_like(big)
    matmul = max(2 * side**3 / seconds(lambda: a @ b, bench.device) for _ in range(6))
    copy = max(2 * big.nbytes / seconds(lambda: target.copy_(big), bench.device) for _ in range(6))
    step_s = max((flops[1] - flops[0]) / matmul, moved / copy)
    return {
        "gflop_a_step": round((flops[1] - flops[0]) / 1e9, 2),
        "gbyte_a_step": round(moved / 1e9, 3),
        "matmul_gflops": round(matmul / 1e9, 1),
        "copy_gbytes": round(copy / 1e9, 2),
        "images_per_second": round(bench.batch_size / step_s, 1),
    }


def traffic(bench: Bench) -> int:
    """Return how many numbers an image's step at least reads and writes in layers: each input and output once a pass.

    G has a forward and a backward pass, and so has D for real images, for fakes, and for fakes in G's turn; a backward
    pass moves what two forward passes do.
    """
    kind = contract.load("dcgan")
    variant = kind(settings_of("dcgan", bench.width, bench.batch_size, 1), DataShape(3, SIZE))
    numbers = {"generator": 0, "discriminator": 0}
    for name, module in variant.networks.items():
        handles = []
        for layer in module.modules():
            if not list(layer.children()):

                def count(_: nn.Module, inputs: Any, output: torch.Tensor, name: str = name) -> None:
                    numbers[name] += inputs[0].numel() + output.numel()

                handles.append(layer.register_forward_hook(count))
        module.eval()
        module(torch.zeros(1, NZ) if name == "generator" else torch.zeros(1, 3, SIZE, SIZE))
    return 3 * numbers["generator"] + 9 * numbers["discriminator"]


def scaling(bench: Bench, rounds: int) -> dict[str, Any]:
    """Return what twice the images cost in time, and images a second of batches of several sizes."""
    few, many = (8 * bench.batch_size, 16 * bench.batch_size)
    pixels = np.resize(bench.pixels, (many, SIZE, SIZE, 3))
    ratios = []
    for _ in range(rounds):
        ratios.append(bench.ours("dcgan", pixels, 1).seconds / bench.ours("dcgan", pixels[:few], 1).seconds)
    sizes = [bench.batch_size // 4, bench.batch_size // 2, bench.batch_size, 2 * bench.batch_size]
    return {
        "time_of_twice_the_images": round(statistics.median(ratios), 3),
        "images_per_second_by_batch_size": {str(size): bench.speed("dcgan", rounds, batch_size=size) for size in sizes},
    }


def undetermined(bench: Bench, rounds: int) -> float:
    """Return images a second of DCGAN's steps where they need not repeat themselves."""
    try:
        devices.prepare(bench.device.type, deterministic=False)
        return bench.speed("dcgan", rounds)
    finally:
        devices.prepare(bench.device.type, deterministic=True)


def epoch_of_celeba(bench: Bench) -> float:
    """Return the seconds of an epoch of as many random images as CelebA has, the first epoch not counted."""
    pixels = np.random.default_rng(0).integers(0, 256, (NUM_CELEBA, SIZE, SIZE, 3), dtype=np.uint8)
    once, twice = (bench.ours("dcgan", pixels, epochs).seconds for epochs in (1, 2))
    return round(twice - once, 2)


def scoring_speed(bench: Bench, rounds: int) -> float | None:
    """Return fakes a second that are made and scored as `evaluate` does, without what only some data sets have.

    None where the package with the network that scores is not installed.
    """
    try:
        from gans.scoring import distances, features, scores
    except ImportError:
        return None
    trained = bench.ours("dcgan", bench.pixels[: 4 * bench.batch_size], 1)
    extractor, nothing = features.Lite0(bench.device), scores.Judges(None, None)
    classifier = Params.load(ROOT / "params.yaml").classifier
    real = {extractor.name: distances.Known(extractor(bench.pixels[:NUM_SCORED]))}
    data = arrays.load(bench.folder / "packed")
    held_out = scores.Bench(data, real, [extractor], nothing, classifier, bench.device)
    sampler, z = Sampler(trained.averaged), torch.randn(NUM_SCORED, NZ, device=bench.device)
    took = [seconds(lambda: scores.of_images(held_out, sampler(z)), bench.device) for _ in range(rounds)]
    return round(NUM_SCORED / statistics.median(took), 1)


class Results:
    """What has been measured, printed and written as it comes; a part that fails, or comes too late, says so."""

    def __init__(self, path: Path | None, until: float) -> None:
        self._path, self._until = path, until
        self.found: dict[str, Any] = {}

    def add(self, name: str, work: Callable[[], Any], inside: str | None = None) -> None:
        """Note what `work` returns under a name, within the entry `inside` where one is named."""
        place = self.found.setdefault(inside, {}) if inside else self.found
        try:
            place[name] = work() if time.monotonic() < self._until else "left out: no time"
        except Exception as error:
            place[name] = f"failed: {in_one_line(error)}"
        print(f"{inside + ', ' if inside else ''}{name}: {json.dumps(place[name])}", flush=True)
        if self._path:
            self._path.write_text(json.dumps(self.found, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    """Measure, print, and write the results of this device."""
    parser = argparse.ArgumentParser(description="Measure this project beside the tutorial's loop.")
    parser.add_argument("--quick", action="store_true", help="measure less, and write nothing")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin nothing after so many seconds")
    given = parser.parse_args()
    until = time.monotonic() + given.seconds
    device = devices.prepare("auto", deterministic=True)
    description = devices.description(device)
    path = ROOT / "benchmarks" / "results" / f"{re.sub(r'[^a-z0-9]+', '_', description.lower()).strip('_')}.json"
    size = {**(ON_GPU if device.type == "cuda" else ON_CPU), **(QUICK if given.quick else {})}
    rounds, passes = size.pop("rounds"), size.pop("passes")
    results = Results(None if given.quick else path, until)
    results.found |= {"device": description, "torch": torch.__version__}
    results.found["protocol"] = {**size, "size": SIZE, "epochs": EPOCHS, "workers": WORKERS, "rounds": rounds}
    print(f"{description}: {size}, {rounds} rounds", flush=True)
    with tempfile.TemporaryDirectory() as scratch, quietly():
        bench = Bench(Path(scratch), device, **size)
        measure(bench, results, rounds, passes, given.quick)
    end_to_end, steps_alone = (results.found[part] for part in ("end_to_end", "steps"))
    if isinstance(end_to_end, dict) and isinstance(steps_alone, dict):
        print(f"end_to_end_ratio={end_to_end['ratio']} steps_ratio={steps_alone['ratio']}")


def measure(bench: Bench, results: Results, rounds: int, passes: int, quick: bool) -> None:
    """Measure everything, what matters most first."""
    device, whole, fewer = bench.device, EPOCHS * bench.num_images, 1 if quick else rounds
    batches = bench.in_memory(passes)
    results.add(
        "steps",
        lambda: compared(
            lambda: bench.ours("dcgan", bench.pixels, passes),
            lambda: bench.theirs(batches),
            passes * bench.num_images,
            rounds,
            device,
        ),
    )
    results.add(
        "end_to_end",
        lambda: compared(lambda: bench.ours("dcgan", bench.packed(), EPOCHS), bench.from_files, whole, rounds, device),
    )
    results.add("limit", lambda: limit(bench))
    found = results.found
    results.add("limit_share", lambda: round(found["steps"]["ours"] / found["limit"]["images_per_second"], 3))
    if device.type == "cuda":
        results.add("seconds_an_epoch_of_celeba", lambda: epoch_of_celeba(bench))
    for name, how in {"fp32": Execution(), "bf16": Execution(bf16=True)}.items():
        results.add(name, lambda how=how: bench.speed("dcgan", fewer, how=how), inside="ways")
    results.add("as by itself", lambda: bench.speed("dcgan", fewer), inside="ways")
    results.add("as by itself, run.deterministic: false", lambda: undetermined(bench, fewer), inside="ways")
    small = bench.batch_size // 4
    for name in contract.names():
        results.add(name, lambda name=name: bench.speed(name, fewer, batch_size=small), inside="variants")
    results.add("peak_memory_mb", lambda: round(devices.peak_memory_mb(device)))
    packing = lambda: bench.num_images / seconds(bench.packed, device)  # noqa: E731
    results.add("preprocess_images_per_second", lambda: round(statistics.median(packing() for _ in range(rounds)), 1))
    results.add("evaluate_images_per_second", lambda: scoring_speed(bench, rounds))
    results.add("scaling", lambda: scaling(bench, fewer))
    if not quick:  # to compile takes its time
        for name, how in {
            "fp32, compiled": Execution(compiled=True),
            "bf16, compiled": Execution(True, False, True),
        }.items():
            results.add(name, lambda how=how: bench.speed("dcgan", 1, how=how), inside="ways")


if __name__ == "__main__":
    main()
