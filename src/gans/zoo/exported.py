"""A generator as an ONNX file, for programs that know nothing of this project."""

import io
from contextlib import redirect_stdout

import numpy as np
import torch

from gans.base.errors import InputError
from gans.zoo.generator import Generator

NEAR = 1 / 255  # in [-1, 1]: half a step of a pixel


def onnx(generator: Generator) -> bytes:
    """Return a generator as ONNX: `z`, float32 (N, nz), and where there are classes `label`, int64 (N,), to `images`.

    Images are float32 (N, C, S, S) in [-1, 1]. Weights are stored in half precision and used in single. Raises
    InputError without the extra `zoo`, and where ONNX Runtime draws other images than PyTorch.
    """
    try:
        content = _written(generator)
        if (off := difference(content, generator)) > NEAR:
            raise InputError(f"the ONNX file's images differ from PyTorch's by {off:.2g}; expected the same")
    except ImportError as error:
        raise InputError(f"{error.name} is not installed; expected the extra zoo: pip install -e '.[zoo]'") from None
    return content


def _written(generator: Generator) -> bytes:
    import onnx as library  # an extra

    inputs, names = _inputs(generator, 2), ["z", "label"]
    batch = torch.export.Dim("batch")
    with redirect_stdout(io.StringIO()):
        exported = torch.onnx.export(
            generator.sampler.generator.cpu(),
            inputs,
            dynamo=True,
            input_names=names[: len(inputs)],
            output_names=["images"],
            dynamic_shapes=[{0: batch}] * len(inputs),
            verbose=False,
        )
    assert exported is not None
    model = exported.model_proto
    casts = []
    for weight in model.graph.initializer:
        if weight.data_type == library.TensorProto.FLOAT:
            values = library.numpy_helper.to_array(weight).astype(np.float16)
            casts.append(library.helper.make_node("Cast", [f"{weight.name}_half"], [weight.name], to=1))
            weight.CopyFrom(library.numpy_helper.from_array(values, f"{weight.name}_half"))
    for place, cast in enumerate(casts):
        model.graph.node.insert(place, cast)
    del model.graph.value_info[:]
    library.checker.check_model(model, full_check=True)
    content: bytes = model.SerializeToString()
    return content


def difference(content: bytes, generator: Generator) -> float:
    """Return the largest difference of an ONNX file's images, in [-1, 1], from the generator's own."""
    import onnxruntime  # an extra

    inputs = _inputs(generator, 8)
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    feed = {place.name: value.numpy() for place, value in zip(session.get_inputs(), inputs, strict=True)}
    (images,) = session.run(["images"], feed)
    with torch.inference_mode():
        return float(np.abs(images - generator.sampler.generator(*inputs).numpy()).max())


def _inputs(generator: Generator, count: int) -> tuple[torch.Tensor, ...]:
    """Return latents, and labels where there are classes, to try a generator with."""
    z = generator.latents(count)
    return (z, torch.arange(count) % len(generator.classes)) if generator.classes else (z,)
