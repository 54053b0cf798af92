"""torch's optimisers, without the second of imports that comes with them."""

import pytest
import torch
from programs import printed

from gans.runtime import optimizers

ALL = ["SGD", "Adam", "AdamW"]


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("name", ALL)
def test_weights_and_states_are_torchs_to_the_bit(name: str, fused: bool) -> None:
    first = torch.randn(5, 3)
    options = {"lr": 0.1, "fused": fused, **({"momentum": 0.5} if name == "SGD" else {})}

    def learnt(kind: type[torch.optim.Optimizer]) -> list[torch.Tensor]:
        weight = torch.nn.Parameter(first.clone())
        optimizer = kind([weight], **options)
        for step in range(4):
            if step == 2:  # it goes on with another's state
                state = optimizer.state_dict()
                optimizer = kind([weight], **options)
                optimizer.load_state_dict(state)
            optimizer.zero_grad()
            (weight**2).sum().backward()
            optimizer.step()
        assert weight.is_leaf
        return [weight.detach(), *(torch.as_tensor(part) for part in optimizer.state_dict()["state"][0].values())]

    ours, theirs = learnt(getattr(optimizers, name)), learnt(getattr(torch.optim, name))
    assert len(ours) >= 2
    assert not torch.equal(ours[0], first)
    assert all(map(torch.equal, ours, theirs))


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
