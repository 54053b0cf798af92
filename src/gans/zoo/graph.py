"""A generator as a list of plain layers, for an engine that knows a dozen operations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

import numpy as np
import torch
from torch import nn

from gans.base.errors import InputError

WEIGHTED = ("linear", "convolve", "convolve_up")  # layers that a batch normalisation can become part of
ONLY_LOOKED_AT_OTHERWISE = ("to", "flatten", "unflatten", "unsqueeze", "_assert_tensor_metadata")


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
    layers: list[Layer] = []
    found: dict[torch.fx.Node, int | torch.Tensor] = {}  # numbers of outputs, and weights
    for node in exported.graph.nodes:
        if node.op == "placeholder" and node.name in stored:
            found[node] = exported.state_dict[stored[node.name]].detach()
        elif node.op == "placeholder" and node.name == signature.user_inputs[0]:
            layers.append(Layer("latent", (), (nz,)))
            found[node] = 0
        elif node.op == "call_function":
            found[node] = _added(node, layers, found)
    (image,) = next(node for node in exported.graph.nodes if node.op == "output").args[0]
    assert found[image] == len(layers) - 1
    return layers


def _added(node: torch.fx.Node, layers: list[Layer], found: Mapping[torch.fx.Node, int | torch.Tensor]) -> int:
    """Return the number of a node's output, having put its layer at the end of `layers` where it needs one."""
    schema: Any = node.target._schema  # type: ignore[union-attr]
    given: dict[str, Any] = {argument.name: argument.default_value for argument in schema.arguments}
    given |= dict(zip(given, node.args, strict=False)) | node.kwargs
    weights = {key: found[value] for key, value in given.items() if isinstance(value, torch.fx.Node) and value in found}
    operands = [value for value in node.all_input_nodes if isinstance(found.get(value), int)]
    numbers = tuple(int(found[value]) for value in operands)
    shape = _shape(node)
    op, options, weight, bias = "", {}, None, weights.get("bias")
    match name := schema.name.removeprefix("aten::").rstrip("_"):
        case "one_hot":
            op, numbers = "label", ()
        case _ if name in ONLY_LOOKED_AT_OTHERWISE:
            return numbers[0]
        case "cat":
            op, numbers = "join", tuple(int(found[value]) for value in given["tensors"])
        case "linear":
            op, weight = "linear", weights["weight"]
        case "conv2d":
            op, weight = "convolve", weights["weight"].flatten(1)
            options = _square(node, given, weights["weight"]) | {"groups": given["groups"]}
        case "conv_transpose2d":
            options = _square(node, given, weights["weight"])
            weight = weights["weight"].permute(1, 2, 3, 0).flatten(0, 2)  # (out k k, in)
            op = "convolve_up"
            if _shape(operands[0])[1:] == (1, 1) and not options["padding"]:  # all of its kernel is seen
                op, options = "linear", {}
                bias = None if bias is None else bias.repeat_interleave(len(weight) // len(bias))
            _refuse(node, given["groups"] != 1 or any(given["output_padding"]))
        case "batch_norm":
            scale = weights["weight"] / (weights["running_var"] + given["eps"]).sqrt()
            shift = weights["bias"] - weights["running_mean"] * scale
            if layers[numbers[0]].op in WEIGHTED and _used_once(operands[0]):
                layers[numbers[0]] = _scaled(layers[numbers[0]], scale.numpy(), shift.numpy())
                return numbers[0]
            op, weight, bias = "scale", scale[:, None], shift
        case "relu" | "leaky_relu":
            op, options = "leaky", {"slope": given.get("negative_slope", 0.0)}
        case "tanh":
            op = "tanh"
        case "upsample_nearest2d":
            before = _shape(operands[0])
            op, options = "repeat", {"times": shape[1] // before[1]}
            _refuse(node, shape[1:] != (before[1] * options["times"], before[2] * options["times"]))
        case "add" | "mul":
            op = name
            constants = [value for value in weights.values() if isinstance(value, torch.Tensor)]
            for constant in constants:
                layers.append(Layer("constant", (), tuple(constant.shape), _array(constant.flatten(1))))
                numbers = (*numbers, len(layers) - 1)
            numbers = tuple(sorted(numbers, key=lambda number: -prod(layers[number].shape)))
            _refuse(node, given.get("alpha", 1) != 1 or len(numbers) != 2)
            _refuse(node, prod(layers[numbers[1]].shape) not in (prod(shape), shape[0]))
        case _:
            _refuse(node, True)
    layers.append(Layer(op, numbers, shape, _array(weight), _array(bias), options))
    return len(layers) - 1


def _scaled(layer: Layer, scale: np.ndarray, shift: np.ndarray) -> Layer:
    """Return a layer whose output is, channel by channel, scaled and shifted by (C,) each."""
    assert layer.weight is not None
    weight = layer.weight * scale.repeat(len(layer.weight) // len(scale))[:, None]
    num_biases = len(scale) if layer.op == "convolve_up" else len(layer.weight)
    scale, shift = (values.repeat(num_biases // len(values)) for values in (scale, shift))
    return replace(layer, weight=weight, bias=shift if layer.bias is None else layer.bias * scale + shift)


def _used_once(node: torch.fx.Node) -> bool:
    """Return whether a layer's output, looked at in whichever shape, has one use."""
    seen_by = node.all_input_nodes[0] if _name(node) in ONLY_LOOKED_AT_OTHERWISE else None
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


def _array(value: torch.Tensor | None) -> np.ndarray | None:
    return None if value is None else value.to(torch.float32).contiguous().numpy()


def _refuse(node: torch.fx.Node, refused: bool) -> None:
    if refused:
        raise InputError(f"the explorer's engine does not know {node.target} as it is used here ({node.format_node()})")
