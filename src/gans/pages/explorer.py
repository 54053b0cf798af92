"""A page in which a person moves through the latent space of trained generators: they run in the browser."""

import base64
import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from gans.pages import templates
from gans.zoo.generator import Generator
from gans.zoo.graph import Layer

# Steps of a weight, in the standard deviation of its row: few where there are many weights, to keep the page small.
STEPS, FINE_STEPS = 192, 1024
MANY = 100_000  # weights of a layer
MAX_WEIGHTS = 6_000_000  # of a network in the page: 11 MB


@dataclass(frozen=True, eq=False)
class Network:
    """A generator as the page has it."""

    name: str
    title: str
    summary: str  # a line under the title
    size: int  # pixels
    channels: int
    nz: int
    class_names: Sequence[str]
    class_counts: Sequence[int]
    directions: Mapping[str, Sequence[float]]  # (nz,) each, of length 1, by their names
    layers: Sequence[Layer]
    lacking: str = ""  # why it cannot be in the page, where it cannot

    @classmethod
    def of(cls, generator: Generator, **more: Any) -> Self:
        """Return a generator as the page has it, with what it does not say of itself."""
        return cls(
            name=generator.name,
            size=generator.size,
            channels=generator.channels,
            nz=generator.nz,
            class_names=generator.classes,
            class_counts=generator.sampler.class_counts,
            **more,
        )

    @property
    def num_weights(self) -> int:
        """Return how many numbers its layers hold."""
        return num_weights(self.layers)


def num_weights(layers: Sequence[Layer]) -> int:
    """Return how many numbers layers hold."""
    return sum(layer.weight.size for layer in layers if layer.weight is not None)


def html(networks: Sequence[Network]) -> str:
    """Return the page, one file that opens without a network.

    A generator that lacks something, or has more than MAX_WEIGHTS weights, is left out, and the page says so.
    """
    shown = [network for network in networks if not network.lacking and network.num_weights <= MAX_WEIGHTS]
    return templates.written(
        "explore.html",
        title="Move through latent space",
        networks=[packed(network) for network in shown],
        left_out=[network for network in networks if network not in shown],
    )


def packed(network: Network) -> tuple[dict[str, Any], str]:
    """Return what the script reads of a network at once, and its weights as text, which it unpacks when they are asked.

    The text is base64 of gzip of steps and biases, float32, and of weights, in whole numbers of their row's step: the
    low bytes of all, then the high bytes, which are alike, so that gzip leaves ten bits of sixteen.
    """
    floats: list[np.ndarray] = []
    integers: list[np.ndarray] = []
    layers = []
    for layer in network.layers:
        record: dict[str, Any] = {
            "op": layer.op,
            "inputs": layer.inputs,
            "shape": layer.shape,
            "options": layer.options,
        }
        if layer.weight is not None:
            numbers, steps = whole_numbers(layer.weight)
            integers.append(numbers.ravel())
            floats.append(steps)
            record |= {"rows": layer.weight.shape[0], "columns": layer.weight.shape[1]}
        if layer.bias is not None:
            floats.append(layer.bias)
            record |= {"biases": len(layer.bias)}
        layers.append(record)
    head = np.concatenate(floats).astype("<f4")
    planes = np.concatenate(integers).astype("<i2").view(np.uint8).reshape(-1, 2).T
    content = gzip.compress(head.tobytes() + planes.tobytes(), compresslevel=6, mtime=0)  # 9: a hundredth less, in 1 s
    facts = {key: value for key, value in vars(network).items() if key not in ("layers", "lacking")}
    whole = {**facts, "num_weights": network.num_weights, "num_floats": len(head), "layers": layers}
    return whole, base64.b64encode(content).decode("ascii")


def whole_numbers(weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return weights (rows, columns) as whole numbers of 16 bits, and the steps (rows,) of which they are so many."""
    num_steps = STEPS if weight.size > MANY else FINE_STEPS
    steps = np.maximum(np.sqrt(np.square(weight).mean(1)) / num_steps, np.abs(weight).max(1) / np.iinfo(np.int16).max)
    steps = np.where(steps > 0, steps, 1).astype(np.float32)
    return np.round(weight / steps[:, None]).astype(np.int16), steps
