"""Trainings that have ended, kept for longer ones: those with the same settings but more epochs go on from them."""

import sys
from collections.abc import Sequence
from pathlib import Path

from gans.base import artefacts, publishing
from gans.base.errors import InputError, in_one_line
from gans.training.state import Store

KEPT = 4  # of a variant, those that ended last
LENGTH = "length.json"


class Finished:
    """The last states of a variant's trainings in `folder`; those of one `key` differ in their epochs alone.

    Where settings are `tied` to the length, by their keys, the length alone is kept, to say why a longer one begins
    anew.
    """

    def __init__(self, folder: Path, key: str, tied: Sequence[str]) -> None:
        self._folder, self._place, self._tied = folder, folder / key, tied

    def explain(self, title: str, epochs: int) -> None:
        """Say so where a training of so many epochs cannot go on from a shorter one."""
        if self._tied and 0 < self._length() < epochs:
            tied = (
                f"{' and '.join(self._tied)} make{'s' if len(self._tied) == 1 else ''} each step depend on the length"
            )
            line = f"does not go on from the {self._length()} epochs that were trained before, because {tied}"
            print(f"{title}: begins anew and {line}", file=sys.stderr)

    def of(self, part: str) -> Path:
        """Return the folder for the state of one of a plan's trainings."""
        return self._place / part

    def keep(self, part: str, store: Store, epochs: int) -> None:
        """Keep the newest state of a training of so many epochs, unless there is one of a longer; forget old ones."""
        try:
            if not self._tied and epochs >= self._length():
                with publishing.published(self.of(part)) as draft:
                    store.copy_newest(draft)
            artefacts.write_json(self._place / LENGTH, {"epochs": max(epochs, self._length())})
            ended = sorted((path for path in self._folder.iterdir() if path.is_dir()), key=lambda p: p.stat().st_mtime)
            for old in ended[:-KEPT]:
                publishing.remove(old)
        except (InputError, OSError) as error:  # the training itself is whole
            print(f"not kept for a longer training: {in_one_line(error)}", file=sys.stderr)

    def _length(self) -> int:
        """Return the epochs of the longest that has ended, 0 where there is none."""
        try:
            return int(artefacts.read_json(self._place / LENGTH)["epochs"])
        except (InputError, OSError, ValueError, KeyError):  # damaged, it says nothing
            return 0
