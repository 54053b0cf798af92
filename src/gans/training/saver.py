"""What an interruption is not to cost: the parts of a training, saved now and then and put back."""

import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from gans.base import signals
from gans.training.distributed import Ranks
from gans.training.finite import FiniteGuard
from gans.training.observer import Span
from gans.training.state import Store


@dataclass(frozen=True)
class Saving:
    """Where, and how often, a training saves what it takes to go on from: after so many seconds and so many epochs."""

    store: Store
    every_seconds: float
    every_epochs: float


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

    def resumed(self, title: str) -> int:
        """Put the parts back as they were saved last, and say so; return the iterations done by then."""
        state = self._ranks.from_first(self._saving.store.load() if self._saving else None)
        self._began = time.perf_counter()
        if state is None:
            return 0
        for name, part in self._parts.items():
            part.load_state_dict(state[name])
        self._done = state["iterations"]
        self._began -= state["seconds"]
        if self._ranks.leads:
            print(f"{title}: going on after step {self._done} of {self._total}", file=sys.stderr)
        return self._done

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
        self._done = iterations
        stopping, due = self._ranks.anywhere(self._came.number is not None, self._is_due())
        if stopping or due or iterations == self._total:
            self._guard.check()
            self._save()
        return stopping

    def _is_due(self) -> bool:
        if self._saving is None:
            return False
        return self._done % self._every == 0 or time.monotonic() - self._last >= self._saving.every_seconds

    def _save(self) -> None:
        if self._saving is not None:
            state = {name: part.state_dict() for name, part in self._parts.items()}
            self._saving.store.save(self._done, {**state, "iterations": self._done, "seconds": self.seconds})
            self._last = time.monotonic()
