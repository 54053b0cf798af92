"""The first signal is heeded, the second obeyed at once: real signals to real processes."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import ROOT

from gans.base import signals

BEGINNING = f"""
import os, sys, time
sys.path.insert(0, {str(ROOT / "src")!r})
from gans.base import signals
"""
NOTING = """
with signals.noted() as came:
    print("ready", flush=True)
    while came.number is None:
        time.sleep(0.01)
    print("noted", came.number, flush=True)
    sys.stdin.read()
print("after", flush=True)
"""
HEEDING = """
signals.heed()
try:
    print("ready", flush=True)
    time.sleep(30)
except Exception:
    print("swallowed")
except signals.Stopped as stopped:
    print(stopped, stopped.status, flush=True)
    sys.stdin.read()
print("after", flush=True)
"""


@contextmanager
def process(code: str) -> Iterator[subprocess.Popen[str]]:
    """Start a program that says when it is ready, and end it when the test fails."""
    command = [sys.executable, "-c", BEGINNING + code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as started:
        try:
            assert said(started) == "ready"
            yield started
        finally:
            started.kill()


def said(program: subprocess.Popen[str]) -> str:
    assert program.stdout is not None
    return program.stdout.readline().strip()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_noted_signal_stops_nothing(number: signal.Signals) -> None:
    with process(NOTING) as program:
        program.send_signal(number)
        assert said(program) == f"noted {number.value}"
        assert program.communicate(timeout=10)[0] == "after\n"
        assert program.returncode == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_heeded_signal_is_raised_where_the_program_is(number: signal.Signals) -> None:
    with process(HEEDING) as program:
        program.send_signal(number)
        assert said(program) == f"stopped by {number.name}; run the same command again {128 + number}"
        assert program.communicate(timeout=10)[0] == "after\n"


@pytest.mark.parametrize("code", [NOTING, HEEDING])
@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_the_program_at_once(code: str, first: signal.Signals, second: signal.Signals) -> None:
    with process(code) as program:
        program.send_signal(first)
        said(program)
        program.send_signal(second)
        assert program.wait(timeout=10) == -second


def test_a_second_signal_ends_the_program_also_after_the_work_that_noted_the_first() -> None:
    after = """
signals.heed()
with signals.noted() as came:
    print("ready", flush=True)
    while came.number is None:
        time.sleep(0.01)
print("saved", flush=True)
time.sleep(30)
"""
    with process(after) as program:
        program.send_signal(signal.SIGINT)
        assert said(program) == "saved"
        program.send_signal(signal.SIGINT)
        assert program.wait(timeout=10) == -signal.SIGINT


def test_without_a_signal_all_is_as_before() -> None:
    before = signal.getsignal(signal.SIGINT)
    with signals.noted():
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == before


@pytest.mark.parametrize("code", [NOTING, HEEDING])
@pytest.mark.parametrize("first", signals.LEFT_ALONE)
def test_to_be_left_alone_may_be_told_many_times_and_is_no_second_signal(code: str, first: signal.Signals) -> None:
    with process(code) as program:
        program.send_signal(first)
        told = signal.SIGTERM if first == signals.DVC_ENDED else first
        assert said(program) in (
            f"noted {told.value}",
            f"stopped by {told.name}; run the same command again {128 + told}",
        )
        for number in (*signals.LEFT_ALONE, *signals.LEFT_ALONE):
            program.send_signal(number)
        assert program.communicate(timeout=10)[0] == "after\n"
        assert program.returncode == 0


def test_nohup_has_the_last_word_on_a_closed_terminal() -> None:
    with process("import signal\nsignal.signal(signal.SIGHUP, signal.SIG_IGN)\n" + NOTING) as program:
        program.send_signal(signal.SIGHUP)
        time.sleep(0.2)
        program.send_signal(signal.SIGTERM)
        assert said(program) == "noted 15"


def test_the_work_comes_to_a_good_end_also_when_its_terminal_is_closed(tmp_path: Path) -> None:
    ours, its = os.openpty()
    words = f"""
with signals.noted() as came:
    print("ready", flush=True)
    while came.number is None:
        time.sleep(0.01)
    print("a bar that nobody sees", flush=True)
    print("an error that nobody sees", file=sys.stderr, flush=True)
    with open({str(tmp_path / "saved")!r}, "w") as file:
        file.write(str(came.number))
"""
    with subprocess.Popen(
        ["setsid", "--ctty", "--wait", sys.executable, "-c", BEGINNING + words], stdin=its, stdout=its, stderr=its
    ) as program:
        os.close(its)
        assert os.read(ours, 100).split() == [b"ready"]
        os.close(ours)
        program.wait(timeout=10)
    assert (tmp_path / "saved").read_text() == str(signal.SIGHUP.value)


SHELLS = {"a shell that gives way": "bash", "a shell that stays": "dash"}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that another has ended")
@pytest.mark.parametrize("shell", SHELLS.values(), ids=SHELLS)
def test_a_stage_learns_that_dvc_was_killed(tmp_path: Path, shell: str) -> None:
    """DVC of many threads, as it is; between it and the stage is a shell, which may stay there or not."""
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell} here")
    stage = tmp_path / "stage.py"
    stage.write_text(
        BEGINNING
        + f"""
signals.end_with_dvc()
with signals.noted() as came:
    open({str(tmp_path / "ready")!r}, "w").close()
    for _ in range(2000):
        if came.number is not None:
            break
        time.sleep(0.01)
    time.sleep(0.1)
    with open({str(tmp_path / "came.draft")!r}, "w") as file:
        file.write(str(came.number))
os.replace({str(tmp_path / "came.draft")!r}, {str(tmp_path / "came")!r})
"""
    )
    dvc = f"""
import subprocess, threading
for _ in range(8):
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
command = [{shell!r}, "-c", {f"{sys.executable} {stage}"!r}]
started = subprocess.Popen(command, env={{**os.environ, "DVC_STAGE": "train@dcgan"}})
while not os.path.exists({str(tmp_path / "ready")!r}):
    time.sleep(0.01)
print("ready", flush=True)
started.wait()
"""
    with process(dvc) as program:
        program.kill()
    for _ in range(1000):
        if (tmp_path / "came").exists():
            break
        time.sleep(0.01)
    assert (tmp_path / "came").read_text() == str(signal.SIGTERM.value)
