"""What an interruption is not to cost: the parts of a training, saved now and then, verified, and put back."""

import hashlib
import io
import json
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gans.base import artefacts, publishing, signals
from gans.runtime import devices
from gans.training.distributed import Ranks
from gans.training.observer import Span
from gans.training.steps import FiniteGuard

NUM_KEPT = 2  # states: should the newest be damaged, the one before it serves
DIGITS = 12  # of the step in a state's name, so that names sort as numbers do


def key_of(facts: Mapping[str, Any], device: torch.device) -> str:
    """Return 20 hexadecimal digits that stand for all that decides a result: other ones when any of it is another.

    That is the facts, which are JSON values, the device, the versions, and all code of this project imported so far.
    """
    everything = {**facts, "device": devices.fingerprint(device), "code": _code_in_use()}
    return hashlib.sha256(json.dumps(everything, sort_keys=True).encode()).hexdigest()[:20]


def digest(array: np.ndarray | torch.Tensor) -> str:
    """Return a hash of an array's type, shape and values."""
    tensor = torch.as_tensor(array).contiguous()
    values = tensor.flatten().view(torch.uint8).numpy()  # NumPy does not know all types that torch has
    return hashlib.sha256(f"{tensor.dtype} {tuple(tensor.shape)} ".encode() + values.tobytes()).hexdigest()


class Store:
    """The states of one training in a folder: `<step>.pt`, and its SHA-256 beside it as `<step>.pt.sha256`.

    Whatever else lies in the folder when a state is saved belongs to that state, which is whole only with it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._hashes: dict[str, str] = {}  # of the other files, each read once
        folder.mkdir(parents=True, exist_ok=True)

    def save(self, step: int, state: Mapping[str, Any]) -> None:
        """Write a state; of those before it, the newest stays. When this fails, all that was saved before is kept."""
        content = io.BytesIO()
        torch.save({"state": dict(state), "files": self._files()}, content)
        path = self.folder / f"{step:0{DIGITS}}.pt"
        with publishing.published(_hash_of(path)) as draft:
            draft.write_text(f"{hashlib.sha256(content.getbuffer()).hexdigest()}  {path.name}\n")
        with publishing.published(path) as draft:
            draft.write_bytes(content.getbuffer())
        for old in self._states()[:-NUM_KEPT]:
            _remove(old)

    def load(self) -> dict[str, Any] | None:
        """Return the newest state that is whole; None without one, with the folder emptied.

        What is damaged, what is newer than the state, and what a killed save left are removed.
        """
        found: dict[str, Any] | None = None
        for path in reversed(self._states()):
            if found := self._read(path):
                break
            print(f"{path} is damaged and not used: going on from an earlier state, or anew", file=sys.stderr)
            _remove(path)
        self._hashes = dict(found["files"]) if found else {}
        kept = {self.folder / name for name in self._hashes}
        kept.update(file for state in self._states() for file in (state, _hash_of(state)))
        for path in self.folder.rglob("*"):
            if path.is_file() and path not in kept:
                path.unlink()
        return found["state"] if found else None

    def copy_newest(self, folder: Path) -> None:
        """Copy the newest state, with all that belongs to it, into another folder, which is made."""
        older = {file.name for path in self._states()[:-1] for file in (path, _hash_of(path))}
        shutil.copytree(self.folder, folder, ignore=lambda _, names: older & {*names})

    def begin_with(self, other: Path, before: int) -> dict[str, Any] | None:
        """Return the state that `copy_newest` put into a folder, copied from there, if it is of a step before one."""
        if not any(int(path.stem) < before for path in other.glob("[0-9]*.pt")):
            return None
        with suppress(OSError):  # another process is putting that of a longer one there
            shutil.copytree(other, self.folder, dirs_exist_ok=True)
        for path in self._states():
            if int(path.stem) >= before:
                _remove(path)
        return self.load()

    def _read(self, path: Path) -> dict[str, Any] | None:
        """Return what `save` wrote at `path`, None unless all of it is as it was."""
        try:
            content, said = path.read_bytes(), _hash_of(path).read_bytes().split()[:1]
            if said != [hashlib.sha256(content).hexdigest().encode()]:
                return None
            found: dict[str, Any] = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
            return found if found["files"].items() <= self._files().items() else None
        except OSError:  # a sector that cannot be read, or no hash
            return None

    def _states(self) -> list[Path]:
        """Return the files of all states, oldest first."""
        return sorted(self.folder.glob("[0-9]*.pt"))

    def _files(self) -> dict[str, str]:
        """Return the SHA-256 of all other files in the folder, by their names."""
        states = {file.name for path in self._states() for file in (path, _hash_of(path))}
        inside = (path for path in self.folder.rglob("*") if path.is_file() and not path.name.startswith("."))
        names = {path.relative_to(self.folder).as_posix() for path in inside} - states
        for name in names - self._hashes.keys():
            self._hashes[name] = artefacts.sha256_of(self.folder / name)
        return {name: self._hashes[name] for name in names}


def _hash_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _remove(path: Path) -> None:
    path.unlink()
    _hash_of(path).unlink(missing_ok=True)


def _code_in_use() -> dict[str, str]:
    """Return the SHA-256 of every file of this project that has been imported so far, by its module.

    Models of settings are no part of it: the values themselves are among the facts.
    """
    names = [name for name in sys.modules if name.split(".")[0] in ("gans", "stages", "__main__")]
    names = [name for name in names if name != "gans.params" and not name.endswith(".settings")]
    files = {name: getattr(sys.modules[name], "__file__", None) for name in names}
    return {name: artefacts.sha256_of(Path(file)) for name, file in files.items() if file}


@dataclass(frozen=True)
class Saving:
    """Where, and how often, a training saves what it takes to go on from: after so many seconds and so many epochs."""

    store: Store
    every_seconds: float
    every_epochs: float
    shorter: Path | None = None  # where the state of a shorter training may lie, which had ended, to begin with


class Saver:
    """Saves the parts of a training as `saving` says, and puts them back; without it, neither.

    The first of several ranks alone saves; what it has read, the others get from it. `guard` is asked before anything
    is saved. A signal that asks to stop is answered after the iteration at hand, whose state is saved.
    """

    def __init__(
        self, saving: Saving | None, parts: Mapping[str, Any], guard: FiniteGuard, span: Span, ranks: Ranks
    ) -> None:
        self._saving = saving if ranks.leads else None
        self._answers_signals = saving is not None or ranks.size > 1
        self._parts, self._guard, self._ranks = parts, guard, ranks
        self._total = span.iterations
        self._every = max(1, round(saving.every_epochs * span.iterations / span.epochs)) if saving else 0
        self._done, self._last, self._began = 0, time.monotonic(), time.perf_counter()
        self.went_on_after = 0  # iterations of a shorter training

    def resumed(self, title: str) -> int:
        """Put the parts back as they were saved last, and say so; return the iterations done by then."""
        state = self._ranks.from_first(self._found())
        self._began = time.perf_counter()
        if state is None:
            return 0
        for name, part in self._parts.items():
            part.load_state_dict(state[name])
        self._done = state["iterations"]
        self.went_on_after = state["went_on_after"] if state["total"] == self._total else self._done
        self._began -= state["seconds"]
        if self._ranks.leads:
            print(f"{title}: going on after step {self._done} of {self._total}", file=sys.stderr)
        return self._done

    def _found(self) -> dict[str, Any] | None:
        """Return the training's own newest state, or else that of a shorter one."""
        if not self._saving:
            return None
        state = self._saving.store.load()
        if state is None and self._saving.shorter:
            state = self._saving.store.begin_with(self._saving.shorter, before=self._total)
        return state

    @property
    def seconds(self) -> float:
        """Return how long the training has taken, with the parts before it was interrupted."""
        return time.perf_counter() - self._began

    @contextmanager
    def answering_signals(self) -> Iterator[None]:
        """Note signals meanwhile; afterwards raise Stopped where one came, to any of the ranks."""
        with signals.noted() if self._answers_signals else nullcontext(signals.Noted()) as self._came:
            yield
        if any(self._ranks.anywhere(self._came.number is not None)):  # also one that came during the last save
            saved = f"step {self._done} of {self._total} is saved: run again to go on"
            raise signals.Stopped(self._came.number or signal.SIGTERM, saved)

    def after(self, iterations: int) -> bool:
        """Save after so many iterations where it is time; return whether to stop, because a signal came to a rank."""
        self._done, saving = iterations, self._saving
        due = saving is not None and (
            iterations % self._every == 0 or time.monotonic() - self._last >= saving.every_seconds
        )
        stopping, due = self._ranks.anywhere(self._came.number is not None, due)
        if stopping or due or iterations == self._total:
            self._guard.check()
            if saving:
                state = {name: part.state_dict() for name, part in self._parts.items()}
                place = {"iterations": iterations, "total": self._total, "went_on_after": self.went_on_after}
                saving.store.save(iterations, {**state, **place, "seconds": self.seconds})
                self._last = time.monotonic()
        return stopping
