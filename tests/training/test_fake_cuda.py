"""Whole trainings, and what looks at their images, on a GPU that is not there: its tensors have shapes, no numbers.

Forward passes are on fake CUDA tensors, where autocast does what it does on a GPU. Backward passes there want a driver:
a second training has its fake tensors on the device `meta`, with the forward passes in fp32. The Gaussian lesson is not
here: it asks for the CPU by name, and its own tests run it where there is no GPU.
"""

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from conftest import ROOT, settings_for
from torch import nn
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode, unset_fake_temporarily
from torch.optim import Optimizer
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from gans.data.arrays import DataShape
from gans.data.batches import Batches
from gans.networks import contract
from gans.networks.contract import Batch, Learnt, Variant
from gans.networks.sampling import Sampler
from gans.networks.settings import AdversarialSettings
from gans.params import Params
from gans.runtime import devices, randomness
from gans.scoring import classifier, features, probe
from gans.training import loop
from gans.training.observer import LossCurve
from gans.training.steps import Execution, FiniteGuard, Iteration

CUDA, META = torch.device("cuda"), torch.device("meta")
SHAPE = DataShape(3, 16, [12, 12])
aten = torch.ops.aten


class Machine(TorchDispatchMode):
    """Notes who waits for the device, and whose generator is of another; it stands over a FakeTensorMode.

    Where waiting is allowed, numbers that are asked for are 0 (True of what is true or not), those of the CPU 1.
    """

    def __init__(self, device: torch.device) -> None:
        super().__init__()
        self.device = device
        self.may_wait = True
        self.asked_for: dict[int, torch.device] = {}  # where a generator of this seed was

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        given = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)]
        on_device = any(tensor.device.type == self.device.type for tensor in given)
        if func is aten._local_scalar_dense.default:
            self._waits_for(func, on_device)
            return args[0].dtype == torch.bool if on_device else 1
        goes = torch.device(kwargs.get("device") or "cpu").type == self.device.type or func is aten.lift_fresh.default
        if given and not goes and not any(isinstance(tensor, FakeTensor) for tensor in given):
            with unset_fake_temporarily():  # what came from the device, or never was there
                return func(*args, **kwargs)
        if func is aten.convolution.default:  # of which fake tensors do not ask it
            assert args[0].dtype == args[1].dtype, f"{args[0].dtype} and {args[1].dtype} are not the same dtype"
        found = func(*args, **kwargs)
        if isinstance(found, torch.Tensor):
            here = found.device.type == self.device.type
            if source := kwargs.get("generator"):
                asked = self.asked_for.get(source.initial_seed(), source.device)
                assert asked.type == found.device.type, f"a generator of {asked} draws on {found.device}"
            if given and here != on_device:
                self._waits_for(func, not kwargs.get("non_blocking"))
                if not here:
                    with unset_fake_temporarily():
                        return torch.zeros(found.shape, dtype=found.dtype)
        return found

    def _waits_for(self, func: object, waits: bool) -> None:
        assert self.may_wait or not waits, f"{func} waits for the device"

    def waiting(self, function: Callable[..., Any], allowed: bool = True) -> Callable[..., Any]:
        """Return a function, during which the device may be waited for; or from whose first call on it may not."""

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            before, self.may_wait = self.may_wait, allowed
            result = function(*args, **kwargs)
            self.may_wait = before and allowed
            return result

        return call


@contextmanager
def machine(device: torch.device) -> Iterator[Machine]:
    """A GPU whose tensors are fake; torch and this project's modules are told of it, and put back afterwards."""
    found = Machine(device)
    with pytest.MonkeyPatch.context() as patch:
        # Fake weights can be neither swapped nor copied as others are.
        patch.setattr(nn.Module, "_apply", converted)
        patch.setattr(nn.Parameter, "__deepcopy__", copied)
        patch.setattr(FakeTensor, "__deepcopy__", copied, raising=False)
        # A GPU that knows bf16 and has room, and generators on it.
        patch.setattr(torch.cuda.amp.common, "amp_definitely_not_available", lambda: False)
        patch.setattr(torch.cuda, "is_bf16_supported", lambda *_, **__: True)
        patch.setattr(devices, "room_for_images", lambda _: 1 << 40)
        real = randomness.generator

        def generator(device: torch.device, *rest: Any) -> torch.Generator:
            source = real(torch.device("cpu"), *rest)
            found.asked_for[source.initial_seed()] = device
            return source

        patch.setattr(randomness, "generator", generator)
        # From the first step on only those wait that say so: log points, images for people, a new epoch's order.
        patch.setattr(Iteration, "set_pace", found.waiting(Iteration.set_pace, allowed=False))
        for kind, name in (
            (FiniteGuard, "check"),
            (LossCurve, "rows"),
            (LossCurve, "read"),
            (Sampler, "__call__"),
            (Batches, "_shuffled"),
        ):
            patch.setattr(kind, name, found.waiting(getattr(kind, name)))
        if device.type == "cuda":
            patch.setattr(torch.Tensor, "backward", without_going_back)
            patch.setattr(torch.func, "grad", slopes_of)
        else:
            patch.setattr(torch, "autocast", lambda *_, **__: nullcontext())
            kinds = ["cuda", "cpu", "meta"]
            patch.setattr(sys.modules[Optimizer.__module__], "_get_fused_kernels_supported_devices", lambda: kinds)
        with FakeTensorMode(allow_non_fake_inputs=True), found:
            yield found


def converted(module: nn.Module, function: Callable[[torch.Tensor], torch.Tensor], recurse: bool = True) -> nn.Module:
    """Do what nn.Module._apply does, with new weights in the places of the old."""
    for part in module.modules():
        for key, value in part._parameters.items():
            if value is not None:
                part._parameters[key] = nn.Parameter(function(value.detach()), value.requires_grad)
        part._buffers.update({key: value if value is None else function(value) for key, value in part._buffers.items()})
    return module


def copied(tensor: torch.Tensor, memo: dict[int, Any]) -> torch.Tensor:
    new = torch.empty_like(tensor.detach())
    memo[id(tensor)] = new = nn.Parameter(new, tensor.requires_grad) if isinstance(tensor, nn.Parameter) else new
    return new


def without_going_back(loss: torch.Tensor) -> None:
    """Stand for a backward pass."""
    assert loss.dtype == torch.float32, f"the loss is {loss.dtype}"
    assert loss.requires_grad


def slopes_of(function: Callable[..., Any], has_aux: bool) -> Callable[[torch.Tensor], tuple[torch.Tensor, Any]]:
    """Stand for torch.func.grad."""

    def slopes(inputs: torch.Tensor) -> tuple[torch.Tensor, Any]:
        value, rest = function(inputs)
        return torch.zeros_like(inputs) * value, rest

    return slopes


@pytest.fixture
def augmented(small: AdversarialSettings) -> AdversarialSettings:
    return small.model_copy(update={"epochs": 1, "augment": ["color", "translation", "cutout"]})


@pytest.fixture
def faces() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (16, 16, 16, 3), dtype=np.uint8)


def train(kind: type[Variant], settings: Any, faces: np.ndarray, device: torch.device) -> loop.Trained:
    how, labels = Execution(bf16=True), np.arange(len(faces)) % 2
    return loop.train(kind, settings, SHAPE, faces, labels, device, 2, how=how)


@pytest.mark.parametrize("device", [CUDA, META], ids=str)
@pytest.mark.parametrize("name", contract.names())
def test_a_training_stays_on_the_gpu_and_never_waits_for_it_between_log_points(
    name: str, device: torch.device, augmented: AdversarialSettings, faces: np.ndarray
) -> None:
    with machine(device):
        trained = train(contract.load(name), settings_for(name, augmented), faces, device)
    assert trained.images_seen == len(faces)
    assert {weight.device.type for weight in trained.averaged.parameters()} == {device.type}


class Wrong(contract.load("dcgan")):  # type: ignore[misc]
    """A variant whose discriminator makes one mistake after the other."""

    mistake: ClassVar[Callable[[Variant, Batch], torch.Tensor]]

    def discriminator_loss(self, batch: Batch) -> Learnt:
        loss, readings = super().discriminator_loss(batch)
        return loss + type(self).mistake(self, batch), readings


def left_on_the_cpu(_: Variant, batch: Batch) -> torch.Tensor:
    return (batch.z * torch.ones(batch.z.shape[1])).mean()


def drawn_by_the_cpus(_: Variant, batch: Batch) -> torch.Tensor:
    source = randomness.generator(torch.device("cpu"), 0, "layers")
    return torch.randn(len(batch.z), generator=source, device=batch.z.device).mean()


def in_bf16(variant: Variant, batch: Batch) -> torch.Tensor:
    with torch.autocast("cuda", enabled=False):
        assert variant.discriminator is not None
        return variant.discriminator(batch.fake).mean()


MISTAKES: dict[str, tuple[Callable[[Variant, Batch], Any], str]] = {
    "a tensor left on the CPU": (left_on_the_cpu, "at least two devices, cuda:0 and cpu"),
    "a generator of the CPU": (drawn_by_the_cpus, "a generator of cpu draws on cuda"),
    "item": (lambda _, batch: batch.d(batch.real).mean().item(), "waits for the device"),
    "float": (lambda _, batch: float(batch.d(batch.real).mean()), "waits for the device"),
    "bool": (lambda _, batch: 1.0 if batch.z.mean() > 0 else 0.0, "waits for the device"),
    "tolist": (lambda _, batch: batch.z[0].tolist()[0], "waits for the device"),
    "cpu": (lambda _, batch: batch.z.cpu().mean(), "waits for the device"),
    "an array that is sent": (lambda _, batch: torch.ones(3).to(batch.z.device).mean(), "waits for the device"),
    "a list that is sent": (lambda _, batch: torch.tensor([1.0], device=batch.z.device).mean(), "waits for the device"),
    "what is not zero": (lambda _, batch: batch.z[batch.z > 0].mean(), "aten.nonzero"),
    "layers that are given bf16 outside of autocast": (in_bf16, "same dtype"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_caught(mistake: str, augmented: AdversarialSettings, faces: np.ndarray) -> None:
    made, line = MISTAKES[mistake]
    kind = type("Mistaken", (Wrong,), {"mistake": made})
    with machine(CUDA), pytest.raises(Exception, match=line):
        train(kind, settings_for("dcgan", augmented), faces, CUDA)


def test_a_loss_in_bf16_is_caught(augmented: AdversarialSettings, faces: np.ndarray) -> None:
    class Rounded(contract.load("lsgan")):  # type: ignore[misc]
        def generator_loss(self, batch: Batch) -> Learnt:
            return self.discriminator(batch.fake).mean(), {}

    with machine(CUDA), pytest.raises(AssertionError, match=r"the loss is torch\.bfloat16"):
        train(Rounded, settings_for("lsgan", augmented), faces, CUDA)


def test_spectral_normalisation_divides_by_a_number_in_fp32(
    augmented: AdversarialSettings, faces: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = set()

    def product(*operands: torch.Tensor, mv: Callable[..., torch.Tensor] = torch.mv) -> torch.Tensor:
        found = mv(*operands)
        seen.add(found.dtype)
        return found

    monkeypatch.setattr(torch, "mv", product)
    with machine(CUDA):
        train(contract.load("sngan"), settings_for("sngan", augmented), faces, CUDA)
    assert seen == {torch.float32}


@pytest.mark.parametrize("device", [CUDA, META], ids=str)
def test_what_looks_at_images_does_so_on_the_gpu(
    device: torch.device, small: AdversarialSettings, faces: np.ndarray
) -> None:
    """The scores' network, a classifier that learns labels, one that learns attributes, and the probe of a D."""
    settings = Params.load(ROOT / "params.yaml").classifier.model_copy(update={"batch_size": 16, "epochs": 1})
    how: dict[str, Any] = {"random_flip": True, "seed": 0, "device": device}
    labels, having = np.arange(16) % 2, np.zeros((16, 3), bool)
    with machine(device):
        assert features.Lite0(device)(faces).shape == (16, 1280)
        judge = classifier.train(faces, labels, 2, settings, **how)
        assert judge(faces).shape == (16, 2)
        assert features.of_classifier(judge)(faces).shape == (16, 8 * settings.width)
        assert classifier.train(faces, having, 3, settings, **how).has(faces).shape == (16, 3)
        discriminator = contract.load("cdcgan")(settings_for("cdcgan", small), SHAPE).discriminator
        assert discriminator is not None
        assert len(probe.features_of(devices.in_use(discriminator, device), faces, True, device)) == 16
