"""SIGINT and SIGTERM: the first lets the work at hand come to a good end, a second one ends at once."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

ASKING_TO_STOP = (signal.SIGINT, signal.SIGTERM)
PARENT_ENDED = signal.SIGUSR1  # of its own: it may come several times, and along with others
PR_SET_PDEATHSIG = 1  # of Linux's prctl(2)


class Stopped(BaseException):
    """A signal asked to stop. Not an Exception: what handles errors is not to swallow it."""

    def __init__(self, number: int, what_next: str = "run the same command again") -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}; {what_next}")
        self.status = 128 + number  # what shells say of a process that a signal ended


class Noted:
    """The signal that came while it was only to be noted; None so far."""

    number: int | None = None


def heed() -> None:
    """Have the first SIGINT or SIGTERM from now on raise Stopped wherever the program is; the second ends it at once.

    Works in the main thread alone, as Python's signals do.
    """

    def stop(number: int) -> None:
        raise Stopped(number)

    _answer_with(stop)


@contextmanager
def noted() -> Iterator[Noted]:
    """Within it, the first SIGINT or SIGTERM is noted and nothing else; the second, then or later, ends the program."""
    came = Noted()

    def note(number: int) -> None:
        came.number = number

    before = {number: signal.getsignal(number) for number in (*ASKING_TO_STOP, PARENT_ENDED)}
    _answer_with(note)
    try:
        yield came
    finally:
        if came.number is None:
            for number, handler in before.items():
                signal.signal(number, handler)


def end_with_parent() -> None:
    """Have the kernel tell this process when its parent ends, however that comes about; it is answered like SIGTERM.

    DVC passes no signal on: without this, a trainer would go on after its `dvc repro` was killed. Linux alone.
    """
    if sys.platform == "linux":
        parent = os.getppid()
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, PARENT_ENDED, 0, 0, 0)
        if os.getppid() != parent:  # it ended before the kernel knew
            os.kill(os.getpid(), PARENT_ENDED)


def _answer_with(answer: Callable[[int], None]) -> None:
    """Answer the first signal, and leave the second to the system, which ends the process."""

    def handle(number: int, _: FrameType | None) -> None:
        signal.signal(PARENT_ENDED, signal.SIG_IGN)  # it comes once for each thread that the parent had
        if number != PARENT_ENDED:
            for each in ASKING_TO_STOP:
                signal.signal(each, signal.SIG_DFL)
        answer(signal.SIGTERM if number == PARENT_ENDED else number)

    for number in (*ASKING_TO_STOP, PARENT_ENDED):
        signal.signal(number, handle)
