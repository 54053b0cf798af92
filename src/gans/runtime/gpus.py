"""Which GPU a process takes where there are several: each has a lock file, which ends with the process."""

import itertools
import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import torch
from filelock import FileLock, Timeout

VISIBLE = "CUDA_VISIBLE_DEVICES"  # what CUDA goes by when it starts

_held: list[FileLock] = []  # until this process ends


def take_one() -> None:
    """Have this process see one GPU alone, if there are several: the first that no other one has taken.

    Experiments that run beside one another take different ones so. When all are taken, one is shared. Call it before
    anything else touches CUDA, which looks at the environment once.
    """
    chosen = os.environ.get(VISIBLE)
    seen = chosen.split(",") if chosen is not None else [str(number) for number in range(torch.cuda.device_count())]
    names = [name.strip() for name in itertools.takewhile(lambda name: name.strip() not in ("", "-1"), seen)]
    if len(names) < 2:
        return
    for name in names:
        lock = FileLock(Path(tempfile.gettempdir()) / f"gans-gpu-{name.replace('/', '-')}.lock", timeout=0, mode=0o666)
        with suppress(Timeout, PermissionError):  # another process's, another user's
            lock.acquire()
            _held.append(lock)
            os.environ[VISIBLE] = name
            return
    os.environ[VISIBLE] = names[os.getpid() % len(names)]
    print(f"all {len(names)} GPUs are taken: sharing GPU {os.environ[VISIBLE]}", file=sys.stderr)
