"""Measure what each difference between the tutorial's step and ours gains, one after another.

Usage: python benchmarks/measures.py [ROUNDS]

The first line is the tutorial's step on images in memory, each further one has one measure more, and the last is our
own loop with all that it does besides. All take turns in every round; a ratio is to the line before, in that round.
"""

import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace

import throughput  # first: it sets how torch's threads wait, and finds the library

# isort: split
import numpy as np
import textbook
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy

from gans.data.arrays import DataShape
from gans.data.pixels import to_float
from gans.networks import contract, losses
from gans.runtime import devices
from gans.training import loop

SIZE, NZ, STEPS = throughput.SIZE, throughput.NZ, 12


@dataclass(frozen=True)
class Measures:
    """What is done differently from the tutorial."""

    frozen: bool = False  # G's step computes no gradients for D's weights
    joint: bool = False  # logits, and one backward pass for real and fake
    silent: bool = False  # no number is fetched from the device
    fused: bool = False  # Adam in one kernel for all weights
    channels_last: bool = False


def lines() -> list[tuple[str, Measures]]:
    """Return the measures as they come on top of one another, each with its name."""
    found = [("the tutorial's step", Measures())]
    for name, words in (
        ("frozen", "D left alone in G's step"),
        ("joint", "logits, one backward pass for D"),
        ("silent", "no numbers fetched"),
        ("fused", "fused Adam"),
        ("channels_last", "channels last"),
    ):
        found.append((f"+ {words}", replace(found[-1][1], **{name: True})))
    return found


def train(pixels: np.ndarray, width: int, batch_size: int, measures: Measures, device: torch.device) -> None:
    """Take a step for each batch of uint8 images (N, S, S, 3)."""
    torch.manual_seed(0)
    generator, with_sigmoid = textbook.networks(NZ, SIZE, width)
    discriminator: nn.Module = with_sigmoid[0] if measures.joint else with_sigmoid
    layout = torch.channels_last if measures.channels_last else torch.contiguous_format
    for network in (generator, discriminator):
        network.to(device).to(memory_format=layout)
    adam_d, adam_g = (
        torch.optim.Adam(network.parameters(), 0.0002, (0.5, 0.999), fused=measures.fused)
        for network in (discriminator, generator)
    )

    def real_or_fake(answers: torch.Tensor, real: bool) -> torch.Tensor:
        if measures.joint:
            return losses.generator_non_saturating(answers if real else -answers)
        return binary_cross_entropy(answers, torch.full_like(answers, float(real)))

    for step in range(len(pixels) // batch_size):
        batch = torch.from_numpy(pixels[step * batch_size : (step + 1) * batch_size]).to(device)
        real = to_float(batch).contiguous(memory_format=layout)
        fake = generator(torch.randn(batch_size, NZ, device=device))
        adam_d.zero_grad()
        loss_real = real_or_fake(discriminator(real), True)
        if not measures.joint:
            loss_real.backward()
        loss_fake = real_or_fake(discriminator(fake.detach()), False)
        (loss_real + loss_fake if measures.joint else loss_fake).backward()
        adam_d.step()

        discriminator.requires_grad_(not measures.frozen)
        adam_g.zero_grad()
        loss_g = real_or_fake(discriminator(fake), True)
        loss_g.backward()
        adam_g.step()
        discriminator.requires_grad_(True)
        if not measures.silent:
            for number in (loss_real + loss_fake, loss_g, real.mean(), fake.mean(), loss_fake):
                number.item()


def ours(pixels: np.ndarray, width: int, batch_size: int, device: torch.device) -> None:
    """Take the same steps in our loop."""
    settings = throughput.settings_of("dcgan", width, batch_size, epochs=1)
    loop.train(contract.load("dcgan"), settings, DataShape(3, SIZE), pixels, None, device, num_frames=2)


def main() -> None:
    """Print a line for each measure: images a second, and the ratio to the line before."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    device = devices.prepare("auto", deterministic=True)
    size = throughput.ON_GPU if device.type == "cuda" else throughput.ON_CPU
    width, batch_size = size["width"], size["batch_size"]
    pixels = np.random.default_rng(0).integers(0, 256, (STEPS * batch_size, SIZE, SIZE, 3), dtype=np.uint8)
    works: dict[str, Callable[[], None]] = {
        name: lambda measures=measures: train(pixels, width, batch_size, measures, device)  # type: ignore[misc]
        for name, measures in lines()
    }
    works["our loop: also averages, curves, guard"] = lambda: ours(pixels, width, batch_size, device)
    speeds: dict[str, list[float]] = {name: [] for name in works}
    print(f"{devices.description(device)}, width {width}, batches of {batch_size}, {rounds} rounds", flush=True)
    with throughput.quietly():
        for number in range(rounds + 1):  # the first does not count
            for name, work in works.items():
                speed = len(pixels) / throughput.seconds(work, device)
                if number:
                    speeds[name].append(speed)
    before: list[float] = []
    for name, found in speeds.items():
        ratios = [after / ahead for after, ahead in zip(found, before, strict=True)] if before else []
        gain = f", {statistics.median(ratios):.2f} times ({min(ratios):.2f} to {max(ratios):.2f})" if ratios else ""
        print(f"{name}: {statistics.median(found):,.0f} images/s{gain}")
        before = found


if __name__ == "__main__":
    main()
