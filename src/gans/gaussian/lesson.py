"""The one-dimensional lesson: uniform noise learns N(4, 1.25) from a D that sees a whole batch at once.

Source: "GANs in 50 lines of PyTorch" (Nag 2017), whose networks, data and optimiser these are.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, astuple, dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.functional import relu

from gans.base.errors import InputError
from gans.base.progress import progress_bar
from gans.networks import losses
from gans.runtime import randomness

MEAN, SD = 4.0, 1.25  # of the real values
BATCH = 100  # values that D sees at once
HIDDEN = 50  # units of each hidden layer of G and of D
CPU = torch.device("cpu")  # matrices this small are slower on a GPU
STEPS_DRAWN = 100  # whose random numbers are drawn at once
MOMENTS = 150  # of a training that are looked at
NUM_VALUES = 10_000  # generated for each look
SHIFTS = np.linspace(-2.0, 10.0, 61)  # means of the batches that D is asked about
BATCHES_ASKED = 20  # averaged for each such answer


class Linears(nn.Module):
    """Several nn.Linear side by side, one a seed, as one product: (S, N, inputs) to (S, N, outputs).

    Each is initialised as nn.Linear is, uniformly within 1 / sqrt(inputs), from its own source of random numbers.
    """

    def __init__(self, inputs: int, outputs: int, sources: Sequence[torch.Generator]) -> None:
        super().__init__()
        bound = 1 / math.sqrt(inputs)
        drawn = torch.stack([torch.empty(inputs + 1, outputs).uniform_(-bound, bound, generator=s) for s in sources])
        self.weight = nn.Parameter(drawn[:, :-1].clone())  # (S, inputs, outputs)
        self.bias = nn.Parameter(drawn[:, -1:].clone())  # (S, 1, outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return every seed's x (N, inputs) times its weights plus its bias."""
        return torch.baddbmm(self.bias, x, self.weight)


class Elu(nn.Module):
    """nn.ELU with alpha 1, whose own kernel takes four times as long on a CPU."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return x where x > 0, exp(x) - 1 elsewhere."""
        return relu(x) + torch.expm1(-relu(-x))


class ValueGenerator(nn.Module):
    """Noise to values, one by one: 1-50-50-1."""

    def __init__(self, sources: Sequence[torch.Generator]) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            Linears(1, HIDDEN, sources),
            Elu(),
            Linears(HIDDEN, HIDDEN, sources),
            nn.Sigmoid(),
            Linears(HIDDEN, 1, sources),
        )

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Return values (S, N) for noise (S, N) in [0, 1)."""
        values: torch.Tensor = self.layers(z.unsqueeze(2))
        return values.squeeze(2)


class BatchDiscriminator(nn.Module):
    """A whole batch to one logit of being real: 200-50-50-1."""

    def __init__(self, sources: Sequence[torch.Generator]) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            Linears(2 * BATCH, HIDDEN, sources),
            Elu(),
            Linears(HIDDEN, HIDDEN, sources),
            Elu(),
            Linears(HIDDEN, 1, sources),
        )

    def forward(self, batches: torch.Tensor) -> torch.Tensor:
        """Return logits (S, B) for batches (S, B, 100)."""
        logits: torch.Tensor = self.layers(with_squared_differences(batches))
        return logits.squeeze(2)


def with_squared_differences(batches: torch.Tensor) -> torch.Tensor:
    """Return batches (..., N) joined to their squared differences from their own mean, (..., 2 N).

    As in the published code, no gradient flows through the mean.
    """
    differences = batches - batches.detach().mean(-1, keepdim=True)
    return torch.cat([batches, differences.square()], -1)


@dataclass(frozen=True)
class Course:
    """What was seen of all the seeds at M moments of a training, the last of them its end."""

    steps: np.ndarray  # (M,) done by then
    values: np.ndarray  # (M, S, 10000) generated, in ascending order
    decisions: np.ndarray  # (M, S, len(SHIFTS)): D's probability of real for generated batches moved to these means


@dataclass(frozen=True)
class Score:
    """How the generated values of one seed are distributed: 4, 1.25 and 0 are perfect."""

    mean: float
    sd: float
    wasserstein_1: float


def score(values: np.ndarray) -> Score:
    """Return the mean, the standard deviation and the distance of ascending values (N,) to the real distribution.

    In one dimension Wasserstein-1 is the mean distance between equal quantiles: Peyre and Cuturi 2019,
    arXiv:1803.00567, remark 2.30. The normal's are taken in the middle of each of N equal shares.
    """
    n = len(values)
    quantiles = MEAN + SD * torch.special.ndtri((torch.arange(n, dtype=torch.float64) + 0.5) / n).numpy()
    return Score(float(values.mean()), float(values.std()), float(np.abs(values - quantiles).mean()))


def final_scores(course: Course) -> list[Score]:
    """Return a score for each seed: the mean of those at the moments in the last third of training."""
    last = course.values[3 * course.steps > 2 * course.steps[-1]]  # (moments, S, N)
    scores = [[astuple(score(values)) for values in moment] for moment in last]
    return [Score(*numbers) for numbers in np.mean(scores, 0).tolist()]


def summary(seeds: Sequence[int], scores: Sequence[Score]) -> dict[str, Any]:
    """Return metrics/gaussian.json: the median over the seeds of each number, then every seed's own."""
    medians = np.median([astuple(one) for one in scores], 0).tolist()
    each = [{"seed": seed, **asdict(one)} for seed, one in zip(seeds, scores, strict=True)]
    return {**asdict(Score(*medians)), "seeds": each}


@contextmanager
def one_thread() -> Iterator[None]:
    """Have torch use one thread: matrices this small are slower on several, by far where the cores are busy."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def drawn_numbers(seeds: Sequence[int], steps: int) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    """Yield, for each step, real values and the noise of D's and of G's turn: (S, 100) each.

    A seed's numbers follow from it and the step alone, so they stay the same beside any others.
    """
    for start in range(0, steps, STEPS_DRAWN):
        real, noise = [], []
        for seed in seeds:
            shape = (STEPS_DRAWN, BATCH)
            real.append(torch.randn(shape, generator=randomness.generator(CPU, seed, "real_values", start)))
            noise.append(torch.rand((2, *shape), generator=randomness.generator(CPU, seed, "latents", start)))
        values = MEAN + SD * torch.stack(real, 1)  # (steps, S, 100)
        for_d, for_g = torch.stack(noise, 2)  # (steps, S, 100) each
        yield from zip(values[: steps - start], for_d, for_g, strict=False)


@one_thread()
def train(
    seeds: Sequence[int],
    *,
    steps: int,
    lr: float,
    beta1: float,
    beta2: float,
    label_smoothing: float,
    weight_decay: float,
) -> Course:
    """Return what a training went through; all seeds train at once, each as if it were alone.

    With `weight_decay`, each of D's steps first takes lr * weight_decay of its weights off: Loshchilov and Hutter 2019,
    arXiv:1711.05101. At 0 this is Adam.
    The same arguments give the same bytes. Raises InputError when a loss is not finite.
    """
    sources = [randomness.generator(CPU, seed, "weights") for seed in seeds]
    G, D = ValueGenerator(sources), BatchDiscriminator(sources)
    adam = partial(torch.optim.AdamW, lr=lr, betas=(beta1, beta2), fused=True)
    optimizer_g, optimizer_d = adam(G.parameters(), weight_decay=0.0), adam(D.parameters(), weight_decay=weight_decay)
    sources = [randomness.generator(CPU, seed, "evaluation") for seed in seeds]
    z = torch.stack([torch.rand(NUM_VALUES, generator=source) for source in sources])  # (S, 10000)
    moments = {round(steps * (i + 1) / MOMENTS) for i in range(MOMENTS)} - {0}
    seen = []
    with progress_bar(steps, "gaussian", "step") as bar:
        for step, (real, z_d, z_g) in enumerate(drawn_numbers(seeds, steps), start=1):
            # D learns to tell one real batch from one generated batch. The loss is a mean over the seeds: times their
            # number, each seed has the gradient that it has alone.
            with torch.no_grad():
                fake = G(z_d)
            logits = D(torch.stack([real, fake], 1))  # (S, 2)
            optimizer_d.zero_grad()
            loss_d = losses.discriminator_cross_entropy(logits[:, 0], logits[:, 1], label_smoothing)
            (loss_d * len(seeds)).backward()
            optimizer_d.step()

            # G learns to have its batch taken for real; D's weights are looked through, and get no gradient.
            loss_g = losses.generator_non_saturating(D(G(z_g).unsqueeze(1)))
            optimizer_g.zero_grad()
            (loss_g * len(seeds)).backward(inputs=list(G.parameters()))
            optimizer_g.step()

            if step in moments:
                refuse_what_is_not_finite(logits, seeds, step)
                seen.append(look(G, D, z))
            bar.update()
    values, decisions = zip(*seen, strict=True)
    return Course(np.array(sorted(moments)), np.stack(values), np.stack(decisions))


@torch.no_grad()
def look(G: nn.Module, D: nn.Module, z: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Return ascending values for noise z (S, N), and D's probability of real for batches of them moved to SHIFTS."""
    values = torch.cat([G(part) for part in z.split(BATCH, 1)], 1)  # (S, N), in parts that fit the processor's cache
    batches = values[:, : BATCHES_ASKED * BATCH].unflatten(1, (1, BATCHES_ASKED, BATCH))
    moved = batches - batches.mean((2, 3), keepdim=True) + torch.tensor(SHIFTS, dtype=z.dtype).view(-1, 1, 1)
    logits = D(moved.flatten(1, 2))  # (S, shifts * batches)
    decisions = logits.sigmoid().unflatten(1, (len(SHIFTS), BATCHES_ASKED)).mean(2)
    return values.sort(1).values.numpy(), decisions.numpy()


def refuse_what_is_not_finite(logits: torch.Tensor, seeds: Sequence[int], step: int) -> None:
    """Raise InputError when D's logits (S, 2), and so the losses, are not finite."""
    for seed, finite in zip(seeds, logits.isfinite().all(1).tolist(), strict=True):
        if not finite:
            raise InputError(
                f"the loss of seed {seed} is not finite at step {step}; expected a number: lower gaussian.lr"
            )
