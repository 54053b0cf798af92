"""The pipeline's stages: each reads parameters and files, calls the library, writes files."""

# ruff: noqa: E402  # signals are answered before anything that takes time is imported

import os
import signal
import sys


def _end_when_asked(stage: str) -> None:
    """Have SIGINT and SIGTERM end a stage with one line, at once: it has not begun, or has ended."""

    def end(number: int, _: object) -> None:
        line = f"{stage}: stopped by {signal.Signals(number).name}; run the same command again\n"
        try:
            if os.environ.get("RANK", "0") == "0":  # the first says it for all of them
                os.write(2, line.encode())
        finally:  # also when the terminal is gone
            os._exit(128 + number)

    for number in (signal.SIGINT, signal.SIGTERM):
        # A stage that is started by hand may be one that is to ignore them; DVC ignores SIGINT for itself alone.
        if "DVC_STAGE" in os.environ or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, end)


# Imports take seconds. What comes before this line, while Python itself starts, is Python's to answer. (`python -m` is
# at work as long as argv[0] says so; whoever only imports this package keeps the answers of its own.)
if sys.argv[0] == "-m":
    _end_when_asked(" ".join(sys.orig_argv).rpartition("stages.")[2])

import errno
from collections.abc import Callable
from pathlib import Path

# Temporary and queued experiments run in a copy of the repository: its own library comes before any installed one.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

# How long torch's OpenMP threads spin before they sleep. With the default, a second busy program on two cores slowed
# training from 270 to below 15 images a second; with this, to about 100, and nothing is lost when they are alone.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")

from gans.base import launchers, signals
from gans.base.errors import InputError, in_one_line

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # on the disk, in a quota, for a file of this size

if "DVC_STAGE" in os.environ:  # as DVC runs it
    signals.end_with_dvc()


def run(stage: Callable[..., None], *arguments: str) -> None:
    """Call `stage` with the command line, which is to name `arguments`.

    Ends with one line on standard error where it must: with status 1 when the input is wrong, with 130, 143 or
    129 when SIGINT, SIGTERM or SIGHUP stopped it.
    """
    name = Path(sys.argv[0]).stem
    given = sys.argv[1:]
    if len(given) != len(arguments):
        sys.exit(f"usage: python -m stages.{' '.join([name, *arguments])}")
    signals.heed()
    try:
        stage(*given)
        _end_when_asked(" ".join([name, *given]))
    except (InputError, OSError, signals.Stopped) as problem:
        full = isinstance(problem, OSError) and problem.errno in NO_ROOM
        remedy = "; free some space and run the same command again: what was saved before is kept" if full else ""
        rank = f"[rank {os.environ['RANK']}] " if launchers.started_by_torchrun() else ""
        if isinstance(problem, signals.Stopped) and rank not in ("", "[rank 0] "):
            sys.exit(problem.status)  # the first says it for all of them
        print(f"{rank}{' '.join([name, *given])}: {in_one_line(problem, at_most=None)}{remedy}", file=sys.stderr)
        sys.exit(problem.status if isinstance(problem, signals.Stopped) else 1)
