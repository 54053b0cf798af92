"""Commands side by side, and which of them make the pipeline."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from conftest import ROOT
from programs import bounded, until

from gans import repro
from gans.base import processors
from gans.params import Params

# Ends well once the other one has begun: a command that runs alone waits in vain.
MEETING = """
import pathlib, sys, time
mine, other = map(pathlib.Path, sys.argv[1:])
mine.touch()
until = time.monotonic() + 60
while not other.exists() and time.monotonic() < until: time.sleep(0.01)
sys.exit(not other.exists())
"""


def python(code: str, *words: object) -> list[str]:
    return [sys.executable, "-c", code, *map(str, words)]


def test_commands_run_side_by_side_and_no_more_than_asked_for(tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    assert repro.Lanes(2).run([python(MEETING, a, b), python(MEETING, b, a)])
    comes_and_goes = (  # fails where another is there
        "import os, sys, time; os.mkdir(sys.argv[1]); time.sleep(0.3); os.rmdir(sys.argv[1])"
    )
    assert repro.Lanes(1).run([python(comes_and_goes, tmp_path / "c")] * 3)


def test_one_that_fails_stops_no_other(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    words = [python("import sys; sys.exit('no room')"), python("import sys; open(sys.argv[1], 'x')", tmp_path / "done")]
    assert not repro.Lanes(1).run(words)
    assert (tmp_path / "done").exists()
    assert "no room" in capfd.readouterr().err


def test_each_has_one_thread_unless_the_user_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    asks = "import os, sys; sys.exit(os.environ['OMP_NUM_THREADS'] != sys.argv[1])"
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert repro.Lanes(1).run([python(asks, 1)])
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert repro.Lanes(1).run([python(asks, 3)])


def test_lines_are_told_from_the_states_of_a_bar(tmp_path: Path) -> None:
    printed = tmp_path / "printed"
    printed.write_bytes("Running\n\r 0%|a\r50%|b\n\nERROR: é\n".encode() + b"rest")
    with printed.open("rb") as file:
        found = list(repro.pieces(file))
    assert found == [("Running", True), (" 0%|a", False), ("50%|b", True), ("ERROR: é", True), ("rest", True)]


RUNS_TWO = """
import sys
from gans import repro
from gans.base import signals
signals.heed()
child = '''
import pathlib, signal, sys, time
def note(*_):
    with open(sys.argv[1], 'a') as file: file.write('x')
    time.sleep(0.3)
    sys.exit(1)
signal.signal(signal.SIGINT, note)
pathlib.Path(sys.argv[1]).touch()
time.sleep(120)
'''
try:
    repro.Lanes(2).run([[sys.executable, '-c', child, name] for name in sys.argv[1:]])
except signals.Stopped as stopped:
    sys.exit(stopped.status)
"""


def test_a_signal_is_passed_on_once_and_waited_for(tmp_path: Path) -> None:
    places = [tmp_path / "a", tmp_path / "b", tmp_path / "never"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    with bounded(subprocess.Popen(python(RUNS_TWO, *places), env=environment)) as lanes:
        until(lambda: all(place.exists() for place in places[:2]), alive=lanes)
        lanes.send_signal(signal.SIGINT)
        assert lanes.wait() == 130
    assert [place.read_text() for place in places[:2]] == ["x", "x"]
    assert not places[2].exists()


def test_the_longest_training_comes_first_and_all_stages_are_run() -> None:
    params = Params.load(ROOT / "params.yaml")
    first, trainings, rest, last = repro.phases(params)
    assert [command[-1] for command in first] == ["preprocess", "gaussian"]
    names = [command[-1].partition("@")[2] for command in trainings if "train@" in command[-1]]
    lengths = [params.own(name).get("epochs", params.epochs) for name in names]
    assert sorted(names) == sorted(params.active)
    assert lengths == sorted(lengths, reverse=True)
    assert [command[-3:] for command in rest] == [[f"evaluate@{n}", f"sample@{n}", f"plot@{n}"] for n in names]
    assert last == [[*repro.DVC]]


def test_a_gpu_has_one_command_at_a_time_and_a_core_too(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Params.load(ROOT / "params.yaml").run
    monkeypatch.setattr(processors, "num_cores", lambda: 7)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    for num_gpus, device, launcher, lanes in [
        (0, "auto", "python", 7),
        (3, "auto", "python", 3),
        (3, "cpu", "python", 7),
        (3, "auto", "torchrun --standalone --nproc-per-node=2", 1),
    ]:
        monkeypatch.setattr(torch.cuda, "is_available", lambda num_gpus=num_gpus: num_gpus > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda num_gpus=num_gpus: num_gpus)
        assert repro.num_lanes(run.model_copy(update={"device": device, "launcher": launcher})) == lanes
