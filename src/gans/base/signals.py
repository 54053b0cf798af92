"""SIGINT, SIGTERM and SIGHUP: the first lets the work at hand come to a good end, a second one ends at once."""

import os
import select
import signal
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from types import FrameType

from gans.base import launchers

ASKING_TO_STOP = (signal.SIGINT, signal.SIGTERM)
DVC_ENDED = signal.SIGUSR1
LEFT_ALONE = (signal.SIGHUP, DVC_ENDED)  # nobody wants an answer: these come along with each other, and several times


class Stopped(BaseException):
    """A signal asked to stop. Not an Exception: what handles errors is not to swallow it."""

    def __init__(self, number: int, what_next: str = "run the same command again") -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}; {what_next}")
        self.status = 128 + number  # what shells say of a process that a signal ended


class Noted:
    """The signal that came while it was only to be noted; None so far."""

    number: int | None = None


def heed() -> None:
    """Have the first signal from now on raise Stopped wherever the program is; a second SIGINT or SIGTERM ends it.

    Works in the main thread alone, as Python's signals do.
    """
    _answer_with(_stop)


def _stop(number: int) -> None:
    raise Stopped(number)


@contextmanager
def noted() -> Iterator[Noted]:
    """Within it, the first signal is noted and nothing else; a second SIGINT or SIGTERM, then or later, ends it all."""
    came, before = Noted(), {number: signal.getsignal(number) for number in (*ASKING_TO_STOP, *LEFT_ALONE)}
    _answer_with(partial(setattr, came, "number"))
    try:
        yield came
    finally:
        if came.number is None:
            for number, handler in before.items():
                signal.signal(number, handler)


def end_with_dvc() -> None:
    """Have the end of the DVC that runs this stage, however that comes about, answered like SIGTERM.

    DVC passes no signal on: without this, a trainer would go on after its `dvc repro` was killed. Linux 5.3 alone.
    """
    if sys.platform != "linux":
        return
    with suppress(OSError):  # an older Linux
        ended = os.pidfd_open(_dvc())

        def watch() -> None:
            select.select([ended], [], [])
            os.kill(os.getpid(), DVC_ENDED)

        threading.Thread(target=watch, daemon=True).start()


def _dvc() -> int:
    """Return the nearest process above this one that DVC_STAGE was not given to: DVC itself.

    A shell that does not give way to its last command, such as dash, stands in between, or a launcher.
    """
    mark = f"DVC_STAGE={os.environ['DVC_STAGE']}".encode()
    process = os.getppid()
    with suppress(OSError):  # another user's process, or one that has just ended
        while mark in Path(f"/proc/{process}/environ").read_bytes().split(b"\0"):
            process = int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    return process


def _answer_with(answer: Callable[[int], None]) -> None:
    """Answer the first signal, and leave a second that asks to stop to the system, which ends the process."""

    def handle(number: int, _: FrameType | None) -> None:
        for each in LEFT_ALONE:
            signal.signal(each, signal.SIG_IGN)
        if number in ASKING_TO_STOP:
            for each in ASKING_TO_STOP:  # torchrun repeats what came to all, and is itself the one that loses patience
                signal.signal(each, signal.SIG_IGN if launchers.started_by_torchrun() else signal.SIG_DFL)
        else:
            _leave_closed_terminal()
        answer(signal.SIGTERM if number == DVC_ENDED else number)

    for number in (*ASKING_TO_STOP, *LEFT_ALONE):
        if signal.getsignal(number) != signal.SIG_IGN:  # `nohup` ignores SIGHUP for good
            signal.signal(number, handle)


def _leave_closed_terminal() -> None:
    """Send nowhere what would be written to a terminal that is gone, where it would be an error."""
    for stream in (1, 2):
        with suppress(OSError):  # it was closed from the start
            if stat.S_ISCHR(os.fstat(stream).st_mode) and not os.isatty(stream):
                with open(os.devnull, "wb") as nowhere:
                    os.dup2(nowhere.fileno(), stream)
