"""A generator as a list of plain layers, for an engine that knows a dozen operations."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

import numpy as np
import torch
from torch import nn

from gans.base.errors import InputError

FOLD = ("linear", "convolve", "convolve_up")  # layers that a batch normalisation can become part of
LOOKS = ("to", "flatten", "unflatten", "unsqueeze", "_assert_tensor_metadata")  # at the same numbers in another shape


@dataclass(frozen=True)
class Layer:
    """One operation. Its output has the layer's place in the list as its number; others name it by that."""

    op: str
    inputs: tuple[int, ...]
    shape: tuple[int, ...]  # of the output for one image, (C, H, W) or (F,)
    weight: np.ndarray | None = None  # float32 (rows, columns), a row for each output that has weights of its own
    bias: np.ndarray | None = None  # float32 (rows,), of convolve_up (C,)
    options: Mapping[str, float] = field(default_factory=dict)


def traced(generator: nn.Module, nz: int, num_classes: int = 0) -> list[Layer]:
    """Return the layers of a generator in evaluation mode, on the CPU; the last one's output is the image, (C, S, S).

    `latent` is z, (nz,), and `label` the class, one-hot. A batch normalisation is part of the layer before it where
    nothing else uses that. Raises InputError for an operation that is not among those below.
    """
    inputs = (torch.zeros(1, nz), *([torch.zeros(1, dtype=torch.int64)] if num_classes else []))
    exported = torch.export.export(generator, inputs)
    signature = exported.graph_signature
    stored = {**signature.inputs_to_parameters, **signature.inputs_to_buffers}
    tracing = _Tracing()
    for node in exported.graph.nodes:
        if node.op == "placeholder" and node.name in stored:
            tracing.weights[node] = exported.state_dict[stored[node.name]].detach()
        elif node.op == "placeholder" and node.name == signature.user_inputs[0]:
            tracing.numbers[node] = tracing.put(Layer("latent", (), (nz,)))
        elif node.op == "call_function":
            tracing.numbers[node] = tracing.follow(node)
    (image,) = next(node for node in exported.graph.nodes if node.op == "output").args[0]
    assert tracing.numbers[image] == len(tracing.layers) - 1
    return tracing.layers


@dataclass(frozen=True)
class _Tracing:
    """What is known of a graph's nodes so far: the layers, the numbers of their outputs, and weights."""

    layers: list[Layer] = field(default_factory=list)
    numbers: dict[torch.fx.Node, int] = field(default_factory=dict)
    weights: dict[torch.fx.Node, torch.Tensor] = field(default_factory=dict)

    def put(self, layer: Layer) -> int:
        """Return the number of a new layer's output."""
        self.layers.append(layer)
        return len(self.layers) - 1

    def follow(self, node: torch.fx.Node) -> int:
        """Return the number of a node's output, having put a layer where it needs one."""
        given = _arguments(node)
        nodes = {key: value for key, value in given.items() if isinstance(value, torch.fx.Node)}
        weights = {key: self.weights[value] for key, value in nodes.items() if value in self.weights}
        operands = [value for value in node.all_input_nodes if value in self.numbers]
        numbers = tuple(self.numbers[value] for value in operands)
        shape = _shape(node)
        match name := _name(node):
            case "one_hot":
                return self.put(Layer("label", (), shape))
            case _ if name in LOOKS:
                self.layers[numbers[0]] = replace(self.layers[numbers[0]], shape=shape or self.layers[numbers[0]].shape)
                return numbers[0]
            case "cat":
                numbers = tuple(self.numbers[value] for value in given["tensors"])
                return self.put(Layer("join", numbers, shape))
            case "linear":
                return self.put(_weighted("linear", numbers, shape, weights["weight"], weights.get("bias")))
            case "conv2d":
                options = _square(node, given, weights["weight"]) | {"groups": given["groups"]}
                weight = weights["weight"].flatten(1)  # (out, in / groups k k)
                return self.put(_weighted("convolve", numbers, shape, weight, weights.get("bias"), options))
            case "conv_transpose2d":
                _refuse(node, given["groups"] != 1 or any(given["output_padding"]))
                options = _square(node, given, weights["weight"])
                weight, bias = weights["weight"].permute(1, 2, 3, 0).flatten(0, 2), weights.get("bias")  # (out k k, in)
                if _shape(operands[0])[1:] != (1, 1) or options["padding"]:
                    return self.put(_weighted("convolve_up", numbers, shape, weight, bias, options))
                bias = None if bias is None else bias.repeat_interleave(len(weight) // len(bias))
                return self.put(_weighted("linear", numbers, shape, weight, bias))  # one pixel: all of its kernel
            case "batch_norm":
                scale = weights["weight"] / (weights["running_var"] + given["eps"]).sqrt()
                shift = weights["bias"] - weights["running_mean"] * scale
                before = self.layers[numbers[0]]
                if before.op not in FOLD or not _used_once(operands[0]):
                    return self.put(_weighted("scale", numbers, shape, scale[:, None], shift))
                self.layers[numbers[0]] = _scaled(before, scale.numpy(), shift.numpy())
                return numbers[0]
            case "relu" | "leaky_relu":
                return self.put(Layer("leaky", numbers, shape, options={"slope": given.get("negative_slope", 0.0)}))
            case "tanh":
                return self.put(Layer("tanh", numbers, shape))
            case "upsample_nearest2d":
                _, high, wide = _shape(operands[0])
                times = shape[1] // high
                _refuse(node, shape[1:] != (high * times, wide * times))
                return self.put(Layer("repeat", numbers, shape, options={"times": times}))
            case "add" | "mul":
                for constant in weights.values():
                    layer = _weighted("constant", (), tuple(constant.shape), constant.flatten(1))
                    numbers = (*numbers, self.put(layer))
                sizes = {number: prod(self.layers[number].shape) for number in numbers}
                numbers = tuple(sorted(numbers, key=lambda number: -sizes[number]))  # the second may be one a channel
                _refuse(node, given.get("alpha", 1) != 1 or len(numbers) != 2)
                _refuse(node, self.layers[numbers[1]].shape not in (shape, (shape[0], *[1] * (len(shape) - 1))))
                return self.put(Layer(name, numbers, shape))
        raise _unknown(node)


def _arguments(node: torch.fx.Node) -> dict[str, Any]:
    """Return what an operation is given, by its names, with what it takes otherwise."""
    schema: Any = node.target._schema  # type: ignore[union-attr]
    given = {argument.name: argument.default_value for argument in schema.arguments}
    return given | dict(zip(given, node.args, strict=False)) | node.kwargs


def _weighted(
    op: str,
    inputs: tuple[int, ...],
    shape: tuple[int, ...],
    weight: torch.Tensor,
    bias: torch.Tensor | None = None,
    options: Mapping[str, float] | None = None,
) -> Layer:
    biases = None if bias is None else bias.float().numpy()
    return Layer(op, inputs, shape, weight.float().contiguous().numpy(), biases, options or {})


def _scaled(layer: Layer, scale: np.ndarray, shift: np.ndarray) -> Layer:
    """Return a layer whose output is, channel by channel, scaled and shifted by (C,) each."""
    assert layer.weight is not None
    weight = layer.weight * scale.repeat(len(layer.weight) // len(scale))[:, None]
    num_biases = len(scale) if layer.op == "convolve_up" else len(layer.weight)
    scale, shift = (values.repeat(num_biases // len(values)) for values in (scale, shift))
    return replace(layer, weight=weight, bias=shift if layer.bias is None else layer.bias * scale + shift)


def _used_once(node: torch.fx.Node) -> bool:
    """Return whether a layer's output, looked at in whichever shape, has one use."""
    seen_by = node.all_input_nodes[0] if _name(node) in LOOKS else None
    return len(node.users) == 1 and (seen_by is None or _used_once(seen_by))


def _square(node: torch.fx.Node, given: Mapping[str, Any], weight: torch.Tensor) -> dict[str, float]:
    """Return the kernel, stride and padding of a convolution, in pixels; refuse one that is not the same both ways."""
    options = {"kernel": weight.shape[2:], "stride": given["stride"], "padding": given["padding"]}
    _refuse(node, any(len(set(values)) != 1 for values in options.values()) or set(given["dilation"]) != {1})
    return {key: int(values[0]) for key, values in options.items()}


def _shape(node: torch.fx.Node) -> tuple[int, ...]:
    """Return the shape of a node's output for one image; of a check, which has none, ()."""
    return tuple(getattr(node.meta["val"], "shape", ())[1:])


def _name(node: torch.fx.Node) -> str:
    return str(node.target).split(".")[1].rstrip("_") if node.op == "call_function" else node.op


def _refuse(node: torch.fx.Node, refused: bool) -> None:
    if refused:
        raise _unknown(node)


def _unknown(node: torch.fx.Node) -> InputError:
    return InputError(f"the explorer's engine does not know {node.target} as it is used here")
