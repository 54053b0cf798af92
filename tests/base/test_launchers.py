"""What `run.launcher` may be, and what is known of the ranks before they start."""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gans.base import launchers
from gans.base.errors import InputError
from gans.params import Params

WriteParams = Callable[[dict[str, Any]], Path]


@pytest.mark.parametrize(
    ("launcher", "num_ranks"),
    [
        ("python", 1),
        ("torchrun --standalone", 1),
        ("torchrun --standalone --nproc-per-node=4", 4),
        ("torchrun --nnodes=2 --nproc_per_node=8 --rdzv-backend=c10d --rdzv-endpoint=host.example:29400", 16),
        ("torchrun --nproc-per-node=gpu", None),
        ("torchrun --nnodes=1:4 --nproc-per-node=8", None),
    ],
)
def test_launchers_that_are_taken_say_how_many_ranks_they_start(
    launcher: str, num_ranks: int | None, write_params: WriteParams
) -> None:
    assert Params.load(write_params({"run.launcher": launcher, "batch_size": 16})).run.launcher == launcher
    assert launchers.num_ranks(launcher) == num_ranks


@pytest.mark.parametrize(
    "launcher", ["mpirun", "python3", "torchrun --standalone; touch y", "torchrun $(touch y)", "torchrun other.py", ""]
)
def test_launchers_that_are_refused(launcher: str, write_params: WriteParams) -> None:
    line = r"run\.launcher is .*; expected python, or torchrun with options such as --standalone --nproc-per-node=2$"
    with pytest.raises(InputError, match=line):
        Params.load(write_params({"run.launcher": launcher}))


def test_a_batch_that_the_ranks_do_not_divide_is_refused_before_anything_runs(write_params: WriteParams) -> None:
    changes = {"run.launcher": "torchrun --standalone --nproc-per-node=3", "active": ["vae"]}
    line = "vae has batches of 16 images, which the 3 ranks of run.launcher share; expected a batch_size that 3 divides"
    with pytest.raises(InputError, match=line):
        Params.load(write_params(changes))
    assert Params.load(write_params({**changes, "batch_size": 15}))


@pytest.mark.parametrize("option", ["--rdzv-endpoint=host.invalid:29400", "--rdzv_endpoint=host.invalid:29400"])
def test_a_meeting_place_that_nobody_knows_is_refused(option: str) -> None:
    line = "run.launcher: nothing answers at host.invalid:29400, where the ranks are to meet .*; start torchrun on that"
    with pytest.raises(InputError, match=line):
        launchers.check_meeting_place(f"torchrun --nnodes=2 {option}")


def test_a_meeting_place_on_another_machine_has_to_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launchers, "_is_this_machine", lambda host: False)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        launcher = f"torchrun --nnodes=2 --master-addr=127.0.0.1 --master-port={port}"
        launchers.check_meeting_place(launcher)
    with pytest.raises(InputError, match="correct --master-addr"):
        launchers.check_meeting_place(launcher)


@pytest.mark.parametrize(
    "launcher", ["python", "torchrun --standalone --nproc-per-node=2", "torchrun --rdzv-endpoint=localhost:1"]
)
def test_ranks_that_meet_on_this_machine_need_nobody_to_answer_yet(launcher: str) -> None:
    launchers.check_meeting_place(launcher)
