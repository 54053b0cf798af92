"""The one-dimensional lesson: uniform noise learns N(4, 1.25), once from each of two kinds of D.

Source: "GANs in 50 lines of PyTorch" (Nag 2017), whose data, G and D of batches these are.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn.functional import relu
from torch.optim.lr_scheduler import CosineAnnealingLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from gans.base.errors import InputError
from gans.base.progress import progress_bar
from gans.gaussian.settings import PlayerSettings
from gans.networks import losses
from gans.runtime import optimizers, randomness

MEAN, SD = 4.0, 1.25  # of the real values
BATCH = 100  # real or generated values a step
HIDDEN = 50  # units of each hidden layer of G and of D
Discriminators = Callable[[Sequence[torch.Generator]], nn.Module]  # every seed's D from their sources
CPU = torch.device("cpu")  # matrices this small are slower on a GPU
STEPS_DRAWN = 100  # whose random numbers are drawn at once
MOMENTS = 40  # of a training that are looked at
NUM_VALUES = 5_000  # generated for each look
SHIFTS = np.linspace(-2.0, 10.0, 61)  # means of the batches that D is asked about
AVERAGING = 0.99  # share of G's averaged weights that each step keeps
BATCHES_ASKED = 4  # averaged for each such answer


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


class WithSquaredDifferences(nn.Module):
    """Batches (..., N) joined to their squared differences from their own mean, (..., 2 N)."""

    def forward(self, batches: torch.Tensor) -> torch.Tensor:
        """Return the batches and the differences. As in the published code, no gradient flows through the mean."""
        differences = batches - batches.detach().mean(-1, keepdim=True)
        return torch.cat([batches, differences.square()], -1)


def value_generators(sources: Sequence[torch.Generator]) -> nn.Sequential:
    """Return every seed's G, 1-50-50-1: noise (S, N) in [0, 1) to values (S, N), one by one."""
    return nn.Sequential(nn.Unflatten(1, (-1, 1)), *_layers(1, nn.Sigmoid(), sources))


def value_discriminators(sources: Sequence[torch.Generator]) -> nn.Sequential:
    """Return every seed's D, 1-50-50-1: batches (S, B, N) to logits of being real (S, B N), of each value by itself."""
    return nn.Sequential(nn.Flatten(1), nn.Unflatten(1, (-1, 1)), *_layers(1, Elu(), sources))


def batch_discriminators(sources: Sequence[torch.Generator]) -> nn.Sequential:
    """Return every seed's published D, 200-50-50-1: batches (S, B, 100) to logits (S, B), each seen as a whole."""
    return nn.Sequential(WithSquaredDifferences(), *_layers(2 * BATCH, Elu(), sources))


def _layers(inputs: int, second: nn.Module, sources: Sequence[torch.Generator]) -> list[nn.Module]:
    sizes = ((inputs, HIDDEN), (HIDDEN, HIDDEN), (HIDDEN, 1))
    into, between, out = (Linears(*size, sources) for size in sizes)
    return [into, Elu(), between, second, out, nn.Flatten(1)]


@dataclass(frozen=True)
class Course:
    """What was seen of all the seeds at M moments of a training, the last of them its end."""

    seeds: Sequence[int]
    steps: np.ndarray  # (M,) done by then
    values: np.ndarray  # (M, S, 5000) generated, in ascending order
    decisions: np.ndarray  # (M, S, len(SHIFTS)): D's probability of real for generated batches moved to these means

    @property
    def last_values(self) -> np.ndarray:
        """Return the values generated in the last third of training, (moments, S, 5000)."""
        values: np.ndarray = self.values[3 * self.steps > 2 * self.steps[-1]]
        return values


class Score(NamedTuple):
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
    scores = [[score(values) for values in moment] for moment in course.last_values]
    return [Score(*numbers) for numbers in np.mean(scores, 0).tolist()]


def summary(seeds: Sequence[int], scores: Sequence[Score]) -> dict[str, Any]:
    """Return the median over the seeds of each number, then every seed's own."""
    each = [{"seed": seed, **one._asdict()} for seed, one in zip(seeds, scores, strict=True)]
    return {**Score(*np.median(scores, 0).tolist())._asdict(), "seeds": each}


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
    shape = (STEPS_DRAWN, BATCH)
    for start in range(0, steps, STEPS_DRAWN):
        real = [torch.randn(shape, generator=randomness.generator(CPU, s, "real_values", start)) for s in seeds]
        noise = [torch.rand((2, *shape), generator=randomness.generator(CPU, s, "latents", start)) for s in seeds]
        values = MEAN + SD * torch.stack(real, 1)  # (steps, S, 100)
        for_d, for_g = torch.stack(noise, 2)  # (steps, S, 100) each
        yield from zip(values[: steps - start], for_d, for_g, strict=False)


@one_thread()
def train(seeds: range, steps: int, settings: PlayerSettings, discriminators: Discriminators) -> Course:
    """Return what a training against such D went through; all seeds train at once, each as if it were alone.

    With `weight_decay`, each of D's steps first takes lr_d * weight_decay of its weights off: Loshchilov and Hutter
    2019, arXiv:1711.05101. At 0 this is Adam. Both step sizes fall to 0 along half a cosine; what is looked at is made
    by the moving average of G.
    The same arguments give the same bytes. Raises InputError when a loss is not finite.
    """
    sources = [randomness.generator(CPU, seed, "weights") for seed in seeds]
    G, D = value_generators(sources), discriminators(sources)
    average = AveragedModel(G, multi_avg_fn=get_ema_multi_avg_fn(AVERAGING))
    adam = partial(optimizers.AdamW, betas=(settings.beta1, settings.beta2), fused=True)
    optimizer_g = adam(G.parameters(), lr=settings.lr, weight_decay=0.0)
    optimizer_d = adam(D.parameters(), lr=settings.lr_d, weight_decay=settings.weight_decay)
    decays = [CosineAnnealingLR(optimizer, steps) for optimizer in (optimizer_g, optimizer_d)]
    sources = [randomness.generator(CPU, seed, "evaluation") for seed in seeds]
    z = torch.stack([torch.rand(NUM_VALUES, generator=source) for source in sources])  # (S, 5000)
    moments = {round(steps * (i + 1) / MOMENTS) for i in range(MOMENTS)} - {0}
    seen = []
    with progress_bar(steps, "gaussian", "step") as bar:
        for step, (real, z_d, z_g) in enumerate(drawn_numbers(seeds, steps), start=1):
            # D learns to tell a real batch from a generated one. The loss is a mean over the seeds: times their number,
            # each seed has the gradient that it has alone.
            with torch.no_grad():
                fake = G(z_d)
            logits = D(torch.stack([real, fake], 1))  # (S, 2) of batches, (S, 200) of values
            real_logits, fake_logits = logits.chunk(2, 1)
            optimizer_d.zero_grad()
            loss_d = losses.discriminator_cross_entropy(real_logits, fake_logits, settings.label_smoothing)
            (loss_d * len(seeds)).backward()
            optimizer_d.step()

            # G learns to have its batch taken for real; D's weights are looked through, and get no gradient.
            loss_g = losses.generator_non_saturating(D(G(z_g).unsqueeze(1)))
            optimizer_g.zero_grad()
            (loss_g * len(seeds)).backward(inputs=list(G.parameters()))
            optimizer_g.step()
            average.update_parameters(G)
            for decay in decays:
                decay.step()

            if step in moments:
                if not (finite := logits.isfinite().all(1)).all():
                    found = f"the loss of seed {seeds[int(finite.int().argmin())]} is not finite at step {step}"
                    raise InputError(f"{found}; expected a number: lower gaussian.lr")
                seen.append(look(average, D, z))
            bar.update()
    values, decisions = zip(*seen, strict=True)
    return Course(seeds, np.array(sorted(moments)), np.stack(values), np.stack(decisions))


@torch.no_grad()
def look(G: nn.Module, D: nn.Module, z: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Return ascending values for noise z (S, N), and D's probability of real for batches of them moved to SHIFTS."""
    values = torch.cat([G(part) for part in z.split(BATCH, 1)], 1)  # (S, N), in parts that fit the processor's cache
    batches = values[:, : BATCHES_ASKED * BATCH].unflatten(1, (1, BATCHES_ASKED, BATCH))
    moved = batches - batches.mean((2, 3), keepdim=True) + torch.tensor(SHIFTS, dtype=z.dtype).view(-1, 1, 1)
    logits = D(moved.flatten(1, 2))  # (S, shifts * batches) or as many values
    decisions = logits.sigmoid().unflatten(1, (len(SHIFTS), -1)).mean(2)
    return values.sort(1).values.numpy(), decisions.numpy()
