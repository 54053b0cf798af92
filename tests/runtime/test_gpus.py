"""Which GPU a process takes, shown without any: what it would see is in its environment."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import torch
from programs import program, said

from gans.runtime import gpus

TAKE = """
from types import SimpleNamespace
sys.modules["torch"] = SimpleNamespace(cuda=SimpleNamespace(device_count=lambda: 2))  # which is imported at once
from gans.runtime import gpus
gpus.take_one()
print(os.environ.get(gpus.VISIBLE), flush=True)
sys.stdin.read()
"""


@contextmanager
def process(locks: Path, visible: str | None = None) -> Iterator[str]:
    """Yield what a process on a machine with two GPUs sees of them, while it lives."""
    with program(TAKE, TMPDIR=str(locks), **{gpus.VISIBLE: visible}) as running:
        yield said(running)
        running.communicate()


def test_processes_beside_one_another_take_different_gpus(tmp_path: Path) -> None:
    with ExitStack() as living:
        assert living.enter_context(process(tmp_path)) == "0"
        with process(tmp_path) as second:
            assert second == "1"
            with process(tmp_path) as third:  # all are taken: it has to share
                assert third in ("0", "1")
        with process(tmp_path) as after:  # the lock has ended with its process
            assert after == "1"


def test_a_choice_of_the_users_is_kept_to(tmp_path: Path) -> None:
    with process(tmp_path, "3,1") as first, process(tmp_path, "3,1") as second:
        assert (first, second) == ("3", "1")
    for alone in ("5", ""):
        with process(tmp_path, alone) as seen:
            assert seen == alone


@pytest.mark.skipif(torch.cuda.device_count() > 1, reason="this machine has several GPUs")
def test_with_one_gpu_or_none_nothing_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(gpus.VISIBLE, raising=False)
    gpus.take_one()
    assert gpus.VISIBLE not in os.environ
