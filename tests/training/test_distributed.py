"""Two processes that train as one, on the CPU: what torchrun starts, and what becomes of it."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import ROOT, settings_for
from programs import bounded, kill_group, until

from gans.base.errors import InputError
from gans.data.arrays import DataShape
from gans.networks import contract
from gans.networks.settings import AdversarialSettings
from gans.training import distributed, loop, steps
from gans.training.distributed import Ranks
from gans.training.steps import Execution

SHAPE = DataShape(3, 16)
TORCHRUN = [str(Path(sys.executable).with_name("torchrun")), "--standalone"]

# Trains a variant on the images and settings in a folder, and writes what each rank has at the end.
PROGRAM = """
import hashlib, json, sys
from pathlib import Path

root, folder, epochs_a_save = sys.argv[1:]
sys.path[:0] = [root + "/src", root]
import stages
import numpy as np
from gans.networks import contract
from gans.runtime import devices
from gans.training import distributed, loop
from gans.data.arrays import DataShape
from gans.training.state import Saving, Store


def main():
    place = Path(folder)
    device = devices.prepare("cpu", deterministic=True)
    kind = contract.load("r3gan")
    settings = kind.Settings.model_validate(json.loads((place / "settings.json").read_text()))
    with distributed.joined(device) as ranks:
        saving = Saving(Store(place / "state"), 1e6, float(epochs_a_save)) if ranks.leads else None
        pixels = np.load(place / "pixels.npy", mmap_mode="r")
        print("ready", flush=True)
        trained = loop.train(kind, settings, DataShape(3, 16), pixels, None, device, 2, saving=saving, ranks=ranks)
        weights = hashlib.sha256()
        for module in trained.variant.networks.values():
            for weight in module.parameters():
                weights.update(weight.detach().numpy().tobytes())
        (place / f"rank_{ranks.rank}.json").write_text(json.dumps([weights.hexdigest(), trained.rows]))


sys.argv[1:] = []
stages.run(main)
"""


@pytest.fixture(scope="module")
def longer(small: AdversarialSettings) -> AdversarialSettings:
    """Settings of a training that is long enough to be interrupted."""
    return small.model_copy(update={"epochs": 8})


@pytest.fixture(scope="module")
def folder(longer: AdversarialSettings, pixels: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a program, images, and settings of R3GAN, whose networks look at each image by itself."""
    folder = tmp_path_factory.mktemp("ranks")
    (folder / "program.py").write_text(PROGRAM)
    np.save(folder / "pixels.npy", pixels)
    write_settings(folder, longer)
    return folder


@pytest.fixture(scope="module")
def undisturbed(folder: Path) -> list[list[Any]]:
    """What both ranks have at the end."""
    found = outcome(folder)
    forget(folder)
    return found


def forget(folder: Path) -> None:
    """Remove the states of a training, so that the next one begins anew."""
    for path in folder.glob("state/*"):
        path.unlink()


def write_settings(folder: Path, settings: AdversarialSettings) -> None:
    (folder / "settings.json").write_text(settings_for("r3gan", settings).model_dump_json())


@contextmanager
def started(folder: Path, every_epochs: float = 1e6) -> Iterator[subprocess.Popen[str]]:
    words = [*TORCHRUN, "--nproc-per-node=2", str(folder / "program.py"), str(ROOT), str(folder)]
    how = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "start_new_session": True}
    how["env"] = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    with bounded(subprocess.Popen([*words, str(every_epochs)], **how), kill_group) as command:
        yield command


def outcome(folder: Path) -> list[list[Any]]:
    with started(folder) as command:
        output = command.communicate()[0]
        assert command.returncode == 0, output
    return [json.loads((folder / f"rank_{rank}.json").read_text()) for rank in (0, 1)]


def losses(rows: list[dict[str, float]]) -> list[float]:
    return [row[column] for row in rows for column in ("loss_d", "loss_g", "r1", "r2")]


@pytest.mark.slow
def test_two_ranks_learn_what_one_does_with_the_whole_batch(
    undisturbed: list[list[Any]], longer: AdversarialSettings, pixels: np.ndarray, cpu: torch.device
) -> None:
    one, other = undisturbed
    assert one == other  # the same weights, and the same losses, on both
    alone = loop.train(contract.load("r3gan"), settings_for("r3gan", longer), SHAPE, pixels, None, cpu, 2)
    assert len(one[1]) == len(alone.rows) == 32
    ours, theirs = losses(one[1][:8]), losses(alone.rows[:8])  # what rounds otherwise grows from step to step
    assert ours == pytest.approx(theirs, rel=1e-3)
    assert ours != theirs  # they did share the work


def test_what_the_first_rank_is_to_do_is_not_begun_by_others() -> None:
    with Ranks(1, 2).by_first(lambda: pytest.fail("begun")) as given:
        assert given is None


@pytest.mark.slow
def test_an_interrupted_training_of_two_ranks_goes_on(folder: Path, undisturbed: list[list[Any]]) -> None:
    with started(folder, every_epochs=0.25) as command:
        until(lambda: list((folder / "state").glob("*.pt")), alive=command)
        command.send_signal(signal.SIGTERM)
        output = command.communicate()[0]
    assert command.returncode != 0
    assert re.search(r"\[rank 0\] .*stopped by SIGTERM; step \d+ of 32 is saved", output)

    assert outcome(folder) == undisturbed


@pytest.mark.slow
def test_a_killed_rank_ends_the_run_with_a_message(folder: Path, small: AdversarialSettings, tmp_path: Path) -> None:
    folder = shutil.copytree(folder, tmp_path / "killed")
    forget(folder)
    write_settings(folder, small.model_copy(update={"epochs": 10_000}))
    with started(folder, every_epochs=1) as command:
        until(lambda: list((folder / "state").glob("*.pt")), alive=command)  # by then both ranks are at work
        children = Path(f"/proc/{command.pid}/task/{command.pid}/children").read_text().split()
        os.kill(int(children[-1]), signal.SIGKILL)
        output = command.communicate()[0]
    assert command.returncode != 0
    assert re.search(r"\[rank \d\] program: another rank has ended or no longer answers", output)


@pytest.mark.parametrize(("size", "rank", "part"), [(1, 0, slice(0, 12)), (2, 1, slice(6, 12)), (3, 0, slice(0, 4))])
def test_each_rank_has_its_part_of_a_batch(size: int, rank: int, part: slice) -> None:
    assert Ranks(rank, size).part_of(12) == part


def test_a_batch_without_equal_parts_is_refused() -> None:
    with pytest.raises(InputError, match="batch_size is 12, but 5 ranks share it; expected a multiple"):
        Ranks(0, 5).part_of(12)


def test_more_ranks_than_gpus_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "x")
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    line = r"run\.launcher starts 4 processes on this machine, which has 2 GPU\(s\); expected no more"
    with pytest.raises(InputError, match=line), distributed.joined(torch.device("cuda")):
        pass


def test_ranks_that_never_come_are_reported(monkeypatch: pytest.MonkeyPatch, cpu: torch.device) -> None:
    values = {"TORCHELASTIC_RUN_ID": "x", "LOCAL_WORLD_SIZE": "1", "WORLD_SIZE": "2", "RANK": "0", "LOCAL_RANK": "0"}
    with socket.create_server(("127.0.0.1", 0)) as free:
        place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free.getsockname()[1])}
    for name, value in {**values, **place}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(distributed, "PATIENCE", timedelta(seconds=1))
    with pytest.raises(InputError, match="the ranks did not find one another"), distributed.joined(cpu):
        pass


def test_batch_normalisation_over_all_ranks_is_put_in_place_of_each_ranks_own(
    small: AdversarialSettings, pixels: np.ndarray, cpu: torch.device
) -> None:
    """Alone, which is all that the CPU can do of it, it learns the same."""
    kind, how = contract.load("dcgan"), Execution(synchronised=True)
    own, all_ranks = (loop.train(kind, small, SHAPE, pixels, None, cpu, 2, how=how) for how in (Execution(), how))
    kinds = {type(layer) for layer in all_ranks.averaged.modules()}
    assert torch.nn.SyncBatchNorm in kinds
    assert torch.nn.BatchNorm2d not in kinds
    assert own.rows == all_ranks.rows


def test_what_is_not_for_ranks_or_not_for_the_cpu_is_refused(
    monkeypatch: pytest.MonkeyPatch, cpu: torch.device
) -> None:
    with pytest.raises(InputError, match=r"run\.sync_batchnorm is true, which torch has for CUDA alone"):
        steps.execution(cpu, "fp32", "off", synchronised=True)
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "x")
    with pytest.raises(InputError, match=r"run\.compile is on, but run\.launcher is torchrun; expected off or auto"):
        steps.execution(cpu, "fp32", "on")
