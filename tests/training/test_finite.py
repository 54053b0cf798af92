"""Nothing is learnt from a loss or a gradient that is not finite."""

import pytest
import torch
from torch import nn

from gans.base.errors import InputError
from gans.runtime import optimizers
from gans.training.steps import FiniteGuard

NAN, INF = float("nan"), float("inf")
OPTIMIZERS = {"adam": optimizers.Adam, "sgd": optimizers.SGD}


class Player:
    """A network with its optimiser, under a guard; `step` takes one step by a gradient of our choice."""

    def __init__(self, optimizer: str, players: tuple[str, ...] = ("loss_d", "loss_g")) -> None:
        torch.manual_seed(0)
        self.network = nn.Linear(3, 2)
        self.optimizer = OPTIMIZERS[optimizer](self.network.parameters(), lr=0.1, fused=True)
        self.guard = FiniteGuard(players, [self.optimizer], torch.device("cpu"))

    def step(self, loss: float = 1.0, gradient: float = 1.0) -> None:
        for weight in self.network.parameters():
            weight.grad = torch.ones_like(weight)
        self.network.weight.grad[1, 2] = gradient  # type: ignore[index]
        self.guard.look(torch.tensor(loss), self.network)
        self.optimizer.step()

    def weights(self) -> torch.Tensor:
        return torch.cat([weight.detach().flatten().clone() for weight in self.network.parameters()])


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("wrong", [{"loss": NAN}, {"loss": INF}, {"gradient": NAN}, {"gradient": -INF}])
def test_no_step_is_taken_from_the_first_wrong_one_on(optimizer: str, wrong: dict[str, float]) -> None:
    player = Player(optimizer)
    player.step()
    learnt = player.weights()
    player.step(**wrong)
    player.step()
    assert torch.equal(player.weights(), learnt)
    with pytest.raises(InputError):
        player.guard.check()


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_while_all_is_finite_the_guard_changes_nothing(optimizer: str) -> None:
    guarded, free = Player(optimizer), Player(optimizer)
    del free.optimizer.found_inf  # type: ignore[attr-defined]
    for _ in range(3):
        guarded.step(gradient=1e18)
        free.step(gradient=1e18)
    assert torch.equal(guarded.weights(), free.weights())
    assert not torch.equal(guarded.weights(), Player(optimizer).weights())
    guarded.guard.check()


@pytest.mark.parametrize(
    ("before", "wrong", "line"),
    [
        (0, {"loss": NAN}, "loss_d is nan at step 11; expected a finite number: lower lr"),
        (1, {"loss": -INF}, "loss_d is -inf at step 11"),
        (2, {"gradient": INF}, "the norm of loss_g's gradient is inf at step 11"),
        (5, {"gradient": NAN, "loss": 2.5}, "the norm of loss_g's gradient is nan at step 12"),
    ],
)
def test_the_first_wrong_one_is_named_with_its_step(before: int, wrong: dict[str, float], line: str) -> None:
    """Two steps of D and one of G are an iteration; the guard began at the eleventh."""
    player = Player("adam", ("loss_d", "loss_d", "loss_g"))
    for _ in range(before):
        player.step()
    player.guard.first = 10  # iterations done before it began to look
    player.step(**wrong)
    player.step(loss=INF)
    with pytest.raises(InputError, match=line):
        player.guard.check()
