"""What starts the training stage, as `run.launcher` says it: python alone, or torchrun with its options."""

import os
import re
import socket
from contextlib import suppress

from gans.base.errors import InputError

PATTERN = r"^(python|torchrun( --[a-z0-9_-]+(=[A-Za-z0-9_.:,/@-]+)?)*)$"
EXPECTED = "python, or torchrun with options such as --standalone --nproc-per-node=2"
WAIT_SECONDS = 10.0  # for the machine where the ranks are to meet


def started_by_torchrun() -> bool:
    """Return whether this process is a rank."""
    return "TORCHELASTIC_RUN_ID" in os.environ


def num_ranks(launcher: str) -> int | None:
    """Return how many processes will train; None where that depends on the machines, as with `--nproc-per-node=gpu`."""
    counts = [_option(launcher, "nnodes") or "1", _option(launcher, "nproc-per-node") or "1"]
    return int(counts[0]) * int(counts[1]) if all(count.isdecimal() for count in counts) else None


def check_meeting_place(launcher: str) -> None:
    """Raise InputError when the ranks are to meet on another machine, and nothing answers there; here torchrun will."""
    key, own_port = ("rdzv-endpoint", "29400") if _option(launcher, "rdzv-endpoint") else ("master-addr", "29500")
    host, _, port = _option(launcher, key).partition(":")
    port = port or _option(launcher, "master-port") or own_port  # torchrun's own
    if not host or not port.isdecimal():
        return
    try:
        if not _is_this_machine(host):
            socket.create_connection((host, int(port)), WAIT_SECONDS).close()
    except (OSError, OverflowError) as error:
        line = f"run.launcher: nothing answers at {host}:{port}, where the ranks are to meet ({error}); "
        raise InputError(f"{line}start torchrun on that machine first, or correct --{key}") from None


def _option(launcher: str, name: str) -> str:
    """Return the last value of torchrun's option `name`, in which - and _ are the same; empty without one."""
    found: list[str] = re.findall(rf" --{name.replace('-', '[-_]')}=(\S+)", launcher)
    return found[-1] if found else ""


def _is_this_machine(host: str) -> bool:
    """Return whether `host` is an address of this machine, which others cannot be bound to."""
    family, kind, _, _, address = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)[0]
    with suppress(OSError), socket.socket(family, kind) as probe:
        probe.bind(address)
        return True
    return False
