"""torch's optimisers, without the second of imports that comes with them."""

import pytest
import torch
from programs import printed

from gans.runtime import optimizers

ALL = ["SGD", "Adam", "AdamW"]


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("name", ALL)
def test_a_step_is_torchs_to_the_bit_and_no_gradient_flows_through_it(name: str, fused: bool) -> None:
    first = torch.randn(5, 3)
    weights = [torch.nn.Parameter(first.clone()) for _ in range(2)]
    ours, theirs = (
        getattr(library, name)([weight], lr=0.1, fused=fused)
        for library, weight in zip((optimizers, torch.optim), weights, strict=True)
    )
    for optimizer, weight in zip((ours, theirs), weights, strict=True):
        for _ in range(3):
            optimizer.zero_grad()
            (weight**2).sum().backward()
            optimizer.step()
        optimizer.load_state_dict(optimizer.state_dict())
    assert torch.equal(*weights)
    assert not torch.equal(weights[0], first)
    assert weights[0].is_leaf
    assert isinstance(ours, getattr(torch.optim, name))


def test_a_program_that_learns_imports_no_compiler() -> None:
    code = f"""
import torch
from gans.runtime import optimizers

weight = torch.nn.Parameter(torch.ones(2))
for name in {ALL}:
    optimizer = getattr(optimizers, name)([weight], lr=0.1)
    optimizer.zero_grad()
    weight.sum().backward()
    optimizer.step()
    optimizer.load_state_dict(optimizer.state_dict())
print("torch._dynamo" in sys.modules)
"""
    assert printed(code) == "False\n"
