"""torch's optimisers without torch's compiler, which their decorators import when one is made: 1.4 s a program."""

import inspect
from typing import TypeVar

import torch

Kind = TypeVar("Kind", bound=type[torch.optim.Optimizer])


def _plain(kind: Kind) -> Kind:
    """Return a kind of optimiser whose methods are those beneath torch's decorators.

    The decorators are for a compiler that meets these methods, and `step`'s keeps it off the gradients' tape, as
    `no_grad` does here: what is computed is the same to the bit.
    """
    names = ("add_param_group", "zero_grad", "state_dict", "load_state_dict", "step")
    methods = {name: inspect.unwrap(getattr(kind, name)) for name in names}
    methods["step"] = torch.no_grad()(methods["step"])
    return type(kind.__name__, (kind,), methods)  # type: ignore[return-value]


SGD, Adam, AdamW = _plain(torch.optim.SGD), _plain(torch.optim.Adam), _plain(torch.optim.AdamW)
