"""Programs that tests start beside themselves; each ends at the latest after five minutes, whatever it waits for."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import IO, Any, TypeVar

from conftest import ROOT

T = TypeVar("T")
Process = subprocess.Popen[str]

DEADLINE_S = 300.0
BEGINNING = f"import os, sys, time; sys.path.insert(0, {str(ROOT / 'src')!r})\n"


@contextmanager
def bounded(process: Process, kill: Callable[[Process], None] = subprocess.Popen.kill) -> Iterator[Process]:
    """Kill a process at the end, and when its time is over, so that nobody waits for what it says."""
    watch = threading.Timer(DEADLINE_S, kill, [process])
    watch.start()
    with process:
        try:
            yield process
        finally:
            kill(process)
            watch.cancel()


def kill_group(process: Process) -> None:
    """Kill a process and those that it has started, which began as a session."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


@contextmanager
def program(
    code: str, command: Sequence[str] = (), stdout: int | IO[str] = subprocess.PIPE, **environment: str | None
) -> Iterator[Process]:
    """Run code that finds this checkout's library, by way of `command`; what it prints can be read line by line."""
    given = {name: value for name, value in {**os.environ, **environment}.items() if value is not None}
    words = [*command, sys.executable, "-c", BEGINNING + code]
    with bounded(subprocess.Popen(words, stdin=subprocess.PIPE, stdout=stdout, text=True, env=given)) as process:
        yield process


def until(condition: Callable[[], T], alive: subprocess.Popen[Any] | None = None) -> T:
    """Return what a condition says once that is true of it; a process has to live as long as it is not."""
    deadline = time.monotonic() + DEADLINE_S
    while not (found := condition()):
        assert time.monotonic() < deadline, "it never came about"
        assert alive is None or alive.poll() is None, "it has ended"
        time.sleep(0.005)
    return found


def said(process: Process) -> str:
    """Return the next line that a program prints; empty when it has ended."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def printed(code: str) -> str:
    """Return all that a program prints, once it has ended well."""
    with program(code) as process:
        output = process.communicate()[0]
        assert process.returncode == 0, output
        return output
