"""Commands that a program starts beside itself, all of which it can stop, and how such a program ends."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from gans.base import signals
from gans.base.errors import InputError, in_one_line


class Crew:
    """The commands that are running, each in a session of its own: a signal reaches it once, from here."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[bytes]] = set()
        self._signal = 0  # with which all were stopped

    @contextmanager
    def started(self, words: Sequence[str], **how: Any) -> Iterator[subprocess.Popen[bytes]]:
        """Start a command as subprocess.Popen does, and wait for its end; raise InputError once all were stopped."""
        if self._signal:
            raise InputError("nothing is started any more; expected the signal that stopped this to end it")
        with subprocess.Popen(words, start_new_session=True, **how) as process:
            self._running.add(process)
            if self._signal:  # came while it was started
                self._pass_on(process)
            try:
                yield process
            finally:
                process.wait()
                self._running.discard(process)

    def stop(self, number: int) -> None:
        """Send a signal to all that is running and to what that has started, and start nothing more."""
        self._signal = number
        for process in list(self._running):
            self._pass_on(process)

    def _pass_on(self, process: subprocess.Popen[bytes]) -> None:
        with suppress(ProcessLookupError, PermissionError):  # it has just ended; the second is macOS's answer
            os.killpg(process.pid, self._signal)


def run(words: Sequence[str]) -> None:
    """Carry out a command of DVC with this interpreter's; raise CalledProcessError where it fails."""
    subprocess.run([sys.executable, "-m", *words], check=True)


def ended(program: str, main: Callable[[], None]) -> None:
    """Call `main`; where that fails, end with one line that begins with the program's name, or with DVC's status."""
    try:
        main()
    except (InputError, OSError, signals.Stopped) as problem:
        print(f"{program}: {in_one_line(problem, at_most=None)}", file=sys.stderr)
        sys.exit(problem.status if isinstance(problem, signals.Stopped) else 1)
    except subprocess.CalledProcessError as failure:
        sys.exit(failure.returncode)
