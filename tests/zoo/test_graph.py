"""A generator as a list of layers: the same pictures, by few operations."""

import pytest
import torch
from generators import untrained
from torch import nn
from torch.nn.functional import conv2d, conv_transpose2d, interpolate, leaky_relu, one_hot

from gans.base.errors import InputError
from gans.networks import contract
from gans.networks.settings import AdversarialSettings
from gans.zoo import graph
from gans.zoo.graph import Layer


def carried_out(layers: list[Layer], z: torch.Tensor, label: int) -> torch.Tensor:
    """Return what the layers make of one latent (nz,), by torch's own functions."""
    found: list[torch.Tensor] = []
    for layer in layers:
        given = [found[number] for number in layer.inputs]
        weight, bias = (None if value is None else torch.from_numpy(value) for value in (layer.weight, layer.bias))
        options = layer.options
        stride_padding = [int(options.get(key, 0)) for key in ("stride", "padding")]
        match layer.op:
            case "latent":
                result = z
            case "label":
                result = one_hot(torch.tensor(label), layer.shape[0]).float()
            case "constant":
                result = weight
            case "join":
                result = torch.cat([part.flatten() for part in given])
            case "linear":
                result = weight @ given[0].flatten()
            case "convolve":
                kernel = int(options["kernel"])
                kernels = weight.reshape(len(weight), -1, kernel, kernel)
                result = conv2d(given[0][None], kernels, None, *stride_padding, groups=int(options["groups"]))[0]
            case "convolve_up":
                kernel = int(options["kernel"])
                kernels = weight.reshape(layer.shape[0], kernel, kernel, -1).permute(3, 0, 1, 2)
                result = conv_transpose2d(given[0][None], kernels, None, *stride_padding)[0]
            case "scale":
                result = weight[:, :, None] * given[0].reshape(len(weight), 1, -1)
            case "leaky":
                result = leaky_relu(given[0], options["slope"])
            case "tanh":
                result = given[0].tanh()
            case "repeat":
                result = interpolate(given[0][None], scale_factor=float(options["times"]))[0]
            case "add" | "mul":
                many, few = (value.flatten() for value in given)
                few = few.repeat_interleave(len(many) // len(few))
                result = many + few if layer.op == "add" else many * few
        if bias is not None:
            result = result.reshape(len(bias), -1) + bias[:, None]
        found.append(result.reshape(layer.shape))
    return found[-1]


@pytest.mark.parametrize("name", contract.names())
def test_the_layers_make_the_generators_pictures(name: str, small: AdversarialSettings) -> None:
    generator = untrained(name, small)
    network, z = generator.sampler.generator, generator.latents(4, seed=3)
    layers = graph.traced(network, small.nz, len(generator.classes))
    assert layers[-1].shape == (3, 16, 16)
    assert not [layer for layer in layers if layer.op == "scale"]  # each batch normalisation is part of another layer
    labels = torch.tensor([0, 2, 1, 2])
    with torch.no_grad():
        images = network(z, *([labels] if generator.classes else []))
    made = torch.stack([carried_out(layers, *pair) for pair in zip(z, labels.tolist(), strict=True)])
    assert images.std() > 0.2
    torch.testing.assert_close(made, images, rtol=0, atol=1e-4)


class Twice(nn.Module):
    """A normalisation of what is used otherwise, too."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.norm = nn.Linear(4, 12), nn.BatchNorm2d(3)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        maps = self.first(z).unflatten(1, (3, 2, 2))
        return (self.norm(maps) + maps).tanh()


def test_what_is_used_twice_is_normalised_by_itself() -> None:
    network = Twice()
    network(torch.randn(64, 4) + 1)  # statistics that are not 0 and 1
    layers = graph.traced(network.eval(), 4)
    assert [layer.op for layer in layers] == ["latent", "linear", "scale", "add", "tanh"]
    z = torch.randn(4)
    torch.testing.assert_close(carried_out(layers, z, 0), network(z[None])[0].detach(), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("layer", "line"),
    [
        (nn.SELU(), "does not know aten.selu"),
        (nn.Sequential(nn.Unflatten(1, (4, 2, 2)), nn.ConvTranspose2d(4, 4, 2, groups=2)), "aten.conv_transpose2d"),
        (nn.Sequential(nn.Unflatten(1, (4, 2, 2)), nn.Conv2d(4, 4, (1, 2))), "aten.conv2d"),
    ],
)
def test_an_operation_that_the_engine_lacks_is_named(layer: nn.Module, line: str) -> None:
    with pytest.raises(InputError, match=line):
        graph.traced(nn.Sequential(nn.Linear(4, 16), layer).eval(), 4)
