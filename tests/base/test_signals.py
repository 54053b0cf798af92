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
from programs import BEGINNING, bounded, program, said, until

from gans.base import signals

NOTING = """
from gans.base import signals
with signals.noted() as came:
    print("ready", flush=True)
    while came.number is None:
        time.sleep(0.01)
    print("noted", came.number, flush=True)
    sys.stdin.read()
print("after", flush=True)
"""
HEEDING = """
from gans.base import signals
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
AFTER_NOTING = """
from gans.base import signals
signals.heed()
with signals.noted() as came:
    print("ready", flush=True)
    while came.number is None:
        time.sleep(0.01)
print("saved", flush=True)
time.sleep(30)
"""


@contextmanager
def ready(code: str) -> Iterator[subprocess.Popen[str]]:
    with program(code) as started:
        assert said(started) == "ready"
        yield started


@pytest.mark.parametrize("code", [NOTING, HEEDING])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, *signals.LEFT_ALONE])
def test_the_first_signal_is_noted_or_raised_and_those_to_be_left_alone_are_no_second(
    code: str, number: signal.Signals
) -> None:
    with ready(code) as started:
        started.send_signal(number)
        meant = signal.SIGTERM if number == signals.DVC_ENDED else number
        raised = f"stopped by {meant.name}; run the same command again {128 + meant}"
        assert said(started) == (f"noted {meant.value}" if code == NOTING else raised)
        for again in (*signals.LEFT_ALONE, *signals.LEFT_ALONE):
            started.send_signal(again)
        assert started.communicate()[0] == "after\n"
        assert started.returncode == 0


@pytest.mark.parametrize("code", [NOTING, HEEDING, AFTER_NOTING])
@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_the_program_at_once(code: str, first: signal.Signals, second: signal.Signals) -> None:
    """Also after the work that noted the first."""
    with ready(code) as started:
        started.send_signal(first)
        assert said(started).split()[0] in ("noted", "stopped", "saved")
        started.send_signal(second)
        assert started.wait(timeout=300) == -second


def test_without_a_signal_all_is_as_before() -> None:
    before = signal.getsignal(signal.SIGINT)
    with signals.noted():
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == before


def test_nohup_has_the_last_word_on_a_closed_terminal() -> None:
    with ready("import signal\nsignal.signal(signal.SIGHUP, signal.SIG_IGN)\n" + NOTING) as started:
        started.send_signal(signal.SIGHUP)
        time.sleep(0.2)
        started.send_signal(signal.SIGTERM)
        assert said(started) == "noted 15"


def test_the_work_comes_to_a_good_end_also_when_its_terminal_is_closed(tmp_path: Path) -> None:
    ours, its = os.openpty()
    code = f"""
from gans.base import signals
with signals.noted() as came:
    print("ready", flush=True)
    while came.number is None:
        time.sleep(0.01)
    print("a bar that nobody sees", flush=True)
    print("an error that nobody sees", file=sys.stderr, flush=True)
    with open({str(tmp_path / "saved")!r}, "w") as file:
        file.write(str(came.number))
"""
    words = ["setsid", "--ctty", "--wait", sys.executable, "-c", BEGINNING + code]
    with bounded(subprocess.Popen(words, stdin=its, stdout=its, stderr=its, text=True)) as started:
        os.close(its)
        assert os.read(ours, 100).split() == [b"ready"]
        os.close(ours)
        started.wait()
    assert (tmp_path / "saved").read_text() == str(signal.SIGHUP.value)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that another has ended")
@pytest.mark.parametrize("shell", ["bash", "dash"], ids=["a shell that gives way", "a shell that stays"])
def test_a_stage_learns_that_dvc_was_killed(tmp_path: Path, shell: str) -> None:
    """DVC of many threads, as it is; between it and the stage is a shell, which may stay there or not."""
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell} here")
    stage = tmp_path / "stage.py"
    stage.write_text(
        BEGINNING
        + f"""
from gans.base import signals
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
    with ready(dvc) as started:
        started.kill()
    until((tmp_path / "came").exists)
    assert (tmp_path / "came").read_text() == str(signal.SIGTERM.value)
