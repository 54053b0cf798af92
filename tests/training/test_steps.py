"""Every fast way to carry out an iteration gives what the plain one gives."""

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import settings_for
from torch import nn

from gans.base import signals
from gans.base.errors import InputError
from gans.data.arrays import DataShape
from gans.data.batches import Batches
from gans.networks import contract, losses, sampling
from gans.networks.contract import Readings
from gans.networks.settings import AdversarialSettings
from gans.runtime import devices, randomness
from gans.training import loop, steps
from gans.training.observer import Snapshots
from gans.training.state import Saving, Store
from gans.training.steps import PLAIN, Execution, Inputs, Iteration

STEPS = 20
SHAPE = DataShape(3, 16, [12, 12])
CPU = torch.device("cpu")


def learner(
    settings: AdversarialSettings,
    how: Execution = PLAIN,
    *,
    device: torch.device = CPU,
    dtype: torch.dtype = torch.float32,
    name: str = "dcgan",
    make: Callable[[Iteration], Any] = steps.graphed,
) -> tuple[Iteration, Callable[[Inputs, float], Readings]]:
    """Return an iteration of a variant for images of 16 x 16 and two classes, and what it learns a batch with."""
    torch.manual_seed(0)
    variant = contract.load(name)(settings_for(name, settings.model_copy(update={"discriminator_steps": 1})), SHAPE)
    for network in variant.networks.values():
        network.to(device, dtype)
    iteration = Iteration(variant, device, how)
    carried_out = make(iteration)

    def learn(batch: Inputs, share: float) -> Readings:
        iteration.set_pace(share)
        return carried_out([batch], torch.full((), share, device=device))

    return iteration, learn


def fresh(
    settings: AdversarialSettings, pixels: np.ndarray, device: torch.device = CPU, dtype: torch.dtype = torch.float32
) -> Iterator[Inputs]:
    """Yield 20 batches; what layers draw for themselves follows from their number."""
    labels = np.arange(len(pixels)) % 2
    batches = Batches(pixels, labels, batch_size=8, random_flip=True, seed=0, device=device)
    for step in range(STEPS):
        torch.manual_seed(randomness.derived_seed(0, "layers", step))
        images, classes = batches[step]
        yield images.to(dtype), classes, sampling.latents(8, settings, "latents", device, step).to(dtype)


Read = Callable[..., dict[str, list[float]]]


@pytest.fixture
def readings(small: AdversarialSettings, pixels: np.ndarray) -> Read:
    """A function that returns what 20 iterations read, by column, with settings changed to these."""

    def read(how: Execution, changes: dict[str, Any] | None = None, **more: Any) -> dict[str, list[float]]:
        settings = small.model_copy(update=changes or {})
        iteration, learn = learner(settings, how, **more)
        found: dict[str, list[float]] = {}
        places = {key: value for key, value in more.items() if key in ("device", "dtype")}
        for number, batch in enumerate(fresh(settings, pixels, **places)):
            for column, value in learn(batch, number / STEPS).items():
                found.setdefault(column, []).append(value.item())
        iteration.guard.check()
        return found

    return read


def agree(one: dict[str, list[float]], other: dict[str, list[float]], rel: float) -> bool:
    return all(one[column] == pytest.approx(other[column], rel=rel, abs=rel / 10) for column in one | other)


WHILE_IT_COMPILES = pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor")  # torch looks at it


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch compiles with g++, which is not here")
@WHILE_IT_COMPILES
@pytest.mark.parametrize("name", ["dcgan", "cgan", "sngan", "wgan_gp", "r3gan"])
def test_compiled_networks_learn_what_plain_ones_do(readings: Read, name: str) -> None:
    """In double precision, where rounding has no time to grow: in single precision Adam's first steps magnify it."""
    plain = readings(PLAIN, dtype=torch.float64, name=name)
    compiled = readings(Execution(compiled=True), dtype=torch.float64, name=name)
    assert agree(plain, compiled, rel=1e-6)
    assert plain["loss_d"][0] != pytest.approx(plain["loss_d"][-1], rel=0.01)  # there was something to agree on


@pytest.mark.parametrize("name", ["dcgan", "cdcgan", "vae", "sngan", "wgan_gp", "r3gan"])
def test_bf16_learns_nearly_what_fp32_does(readings: Read, name: str) -> None:
    plain, rounded = (readings(how, {"lr": 0.0002}, name=name) for how in (PLAIN, Execution(bf16=True)))
    assert agree(plain, rounded, rel=0.1)
    assert plain != rounded


def test_losses_are_never_computed_in_bf16(small: AdversarialSettings, pixels: np.ndarray) -> None:
    logits = torch.linspace(-3, 3, 7, dtype=torch.bfloat16)
    assert losses.at_least_fp32(logits).dtype == torch.float32
    assert losses.at_least_fp32(logits.double()).dtype == torch.float64
    variant = contract.load("dcgan")(small, DataShape(3, 16))
    with torch.autocast("cpu", torch.bfloat16):
        batch = variant.batch(torch.zeros(2, 3, 16, 16), None, torch.zeros(2, small.nz))
        assert batch.fake.dtype == torch.bfloat16
        assert batch.d(batch.fake).dtype == torch.float32


def test_what_is_kept_of_a_bf16_training_is_fp32(small: AdversarialSettings, pixels: np.ndarray) -> None:
    how = Execution(bf16=True)
    trained = loop.train(contract.load("dcgan"), small, DataShape(3, 16), pixels, None, CPU, 2, how=how)
    kept = [*trained.averaged.parameters(), *trained.variant.generator.parameters()]
    assert {weight.dtype for weight in kept} == {torch.float32}
    facts = trained.facts(CPU, how)
    assert (facts["arithmetic"], facts["compiled"]) == ("bf16", False)


def test_gs_step_computes_no_gradient_for_d(
    small: AdversarialSettings, pixels: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D's gradients are as its own step left them, not there once more and not added to."""
    seen: list[list[torch.Tensor]] = []
    iteration, learn = learner(small)
    look, discriminator = iteration.guard.look, iteration.variant.discriminator
    assert discriminator is not None

    def noting(loss: torch.Tensor, player: nn.Module) -> None:
        look(loss, player)
        seen.append([weight.grad.clone() for weight in discriminator.parameters()])  # type: ignore[union-attr]

    monkeypatch.setattr(iteration.guard, "look", noting)
    learn(next(fresh(small, pixels)), 0.0)
    in_its_own, in_gs = seen
    assert all(map(torch.equal, in_its_own, in_gs))


@pytest.mark.parametrize(
    ("precision", "compiled", "expected"),
    [
        ("auto", "auto", Execution(bf16=False, compiled=False)),
        ("fp32", "off", Execution(bf16=False, compiled=False)),
        ("bf16", "off", Execution(bf16=True, compiled=False)),
        ("fp32", "on", Execution(bf16=False, compiled=True)),
    ],
)
def test_settings_mean_this_on_the_cpu(precision: str, compiled: str, expected: Execution) -> None:
    assert steps.execution(CPU, precision, compiled) == expected


def test_without_a_compiler_one_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no_such_compiler")
    with pytest.raises(InputError, match=r"run\.compile is on, but there is no no_such_compiler .*set it to off"):
        steps.execution(CPU, "auto", "on")


@pytest.mark.parametrize("name", contract.names())
def test_no_loss_and_no_reading_is_in_bf16(small: AdversarialSettings, pixels: np.ndarray, name: str) -> None:
    variant = learner(small, name=name)[0].variant
    images, labels, z = next(fresh(small, pixels))
    with torch.autocast("cpu", torch.bfloat16):
        for turn in variant.turns():
            loss, read = turn.loss(variant.batch(images, labels, z))
            assert {value.dtype for value in (loss, *read.values())} == {torch.float32}


@pytest.mark.parametrize("deterministic", [True, False])
def test_the_compiler_chooses_kernels_by_timing_only_where_runs_need_not_repeat(
    small: AdversarialSettings, deterministic: bool
) -> None:
    devices.prepare("cpu", deterministic)
    learner(small, Execution(compiled=True))
    assert torch._inductor.config.deterministic == deterministic
    devices.prepare("cpu", True)


@pytest.mark.parametrize(
    ("cause", "kind", "line"),
    [
        (
            RuntimeError("a layer waits"),
            InputError,
            r"no CUDA graph can be made .*\(a layer waits\); set run\.compile to off",
        ),
        (torch.OutOfMemoryError("CUDA is full"), torch.OutOfMemoryError, "^CUDA is full$"),
    ],
)
def test_why_no_graph_was_recorded_is_not_hidden_by_its_end(
    small: AdversarialSettings,
    pixels: np.ndarray,
    monkeypatch: pytest.MonkeyPatch,
    cause: Exception,
    kind: type,
    line: str,
) -> None:
    @contextmanager
    def recording(*_: object, **__: object) -> Iterator[None]:
        """What torch.cuda.graph does: after an error, the recording cannot be ended either."""
        try:
            yield
        finally:
            raise RuntimeError("operation failed due to a previous error during capture")

    def iteration(*_: object) -> Readings:
        raise cause

    for name, stub in (("graph", recording), ("Stream", object), ("CUDAGraph", object)):
        monkeypatch.setattr(torch.cuda, name, stub)
    graphed = steps.GraphedIteration(learner(small)[0])
    monkeypatch.setattr(graphed, "_iteration", iteration)
    with pytest.raises(kind, match=line):
        graphed._recorded([next(fresh(small, pixels))])


@pytest.fixture
def cuda() -> torch.device:
    """A GPU that repeats itself to the bit; tests are skipped where there is none."""
    if not torch.cuda.is_available():
        pytest.skip("this machine has no GPU")
    return devices.prepare("cuda", deterministic=True)


@pytest.mark.parametrize("changes", [{}, {"lr_end": 0.00001}, {"optimizer": "sgd"}], ids=str)
@pytest.mark.parametrize("name", ["dcgan", "cgan", "sngan", "wgan_gp", "vae"])
def test_a_cuda_graph_learns_what_its_kernels_do_to_the_bit(
    readings: Read, cuda: torch.device, name: str, changes: dict[str, Any]
) -> None:
    plain = readings(PLAIN, changes, device=cuda, name=name)
    assert readings(PLAIN, changes, device=cuda, name=name, make=steps.GraphedIteration) == plain


@WHILE_IT_COMPILES
@pytest.mark.parametrize("name", ["dcgan", "cgan", "sngan", "wgan_gp", "vae"])
def test_on_cuda_compiled_bf16_in_a_graph_learns_nearly_what_fp32_does(
    readings: Read, cuda: torch.device, name: str
) -> None:
    hows = PLAIN, Execution(bf16=True, compiled=True)
    plain, fast = (readings(how, {"lr": 0.0002}, device=cuda, name=name) for how in hows)
    assert agree(plain, fast, rel=0.1)


@WHILE_IT_COMPILES
@pytest.mark.parametrize("compiled", [False, True])
def test_on_cuda_an_interrupted_training_goes_on_to_the_same_bytes(
    small: AdversarialSettings, pixels: np.ndarray, cuda: torch.device, tmp_path: Path, compiled: bool
) -> None:
    """Step sizes fall meanwhile: a graph must find them where the state that was loaded has put them."""
    kind, settings = contract.load("dcgan"), small.model_copy(update={"epochs": 6, "lr_end": 0.00001})

    def train(**more: Any) -> loop.Trained:
        how = Execution(compiled=compiled)
        return loop.train(kind, settings, DataShape(3, 16), pixels, None, cuda, 2, how=how, **more)

    saving = Saving(Store(tmp_path), every_seconds=1e6, every_epochs=1e6)
    whole = train()
    with pytest.raises(signals.Stopped):
        train(saving=saving, snapshots=Snapshots(2.0, lambda *_: os.kill(os.getpid(), signal.SIGTERM)))
    assert train(saving=saving).rows == whole.rows


@pytest.mark.parametrize("name", contract.names())
def test_on_cuda_bf16_repeats_itself_to_the_bit(
    small: AdversarialSettings, pixels: np.ndarray, cuda: torch.device, name: str
) -> None:
    """Every layer, its gradient and the gradient of that has a kernel that repeats itself."""
    labels, settings = np.arange(len(pixels)) % 2, settings_for(name, small)
    how = Execution(bf16=True)
    one, two = (loop.train(contract.load(name), settings, SHAPE, pixels, labels, cuda, 2, how=how) for _ in range(2))
    assert one.rows == two.rows
    assert all(map(torch.equal, one.averaged.state_dict().values(), two.averaged.state_dict().values()))


@pytest.mark.filterwarnings("ignore:Synchronization debug mode is a prototype")
def test_an_iteration_does_not_wait_for_the_gpu(
    small: AdversarialSettings, pixels: np.ndarray, cuda: torch.device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "room_for_images", lambda _: 0)
    _, learn = learner(small, Execution(bf16=True), device=cuda)
    batches = fresh(small, pixels, cuda)
    learn(next(batches), 0.0)
    try:
        torch.cuda.set_sync_debug_mode("error")
        for batch in batches:
            learn(batch, 0.5)
    finally:
        torch.cuda.set_sync_debug_mode("default")
