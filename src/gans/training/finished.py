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
        length = self._place / LENGTH
        if self._tied and length.exists() and (done := artefacts.read_json(length)["epochs"]) < epochs:
            print(
                f"{title}: begins anew and does not go on from the {done} epochs that were trained before, because "
                f"{' and '.join(self._tied)} make{'s' if len(self._tied) == 1 else ''} every step depend on the length",
                file=sys.stderr,
            )

    def of(self, part: str) -> Path:
        """Return the folder for the state of one of a plan's trainings."""
        return self._place / part

    def keep(self, part: str, store: Store, epochs: int) -> None:
        """Keep the newest state of a training of so many epochs, unless there is one of a longer; forget old ones."""
        length = self._place / LENGTH
        try:
            self._place.mkdir(parents=True, exist_ok=True)
            if not self._tied and (not length.exists() or artefacts.read_json(length)["epochs"] <= epochs):
                with publishing.published(self.of(part)) as draft:
                    store.copy_newest(draft)
            artefacts.write_json(length, {"epochs": epochs})
            ended = sorted(self._folder.glob(f"*/{LENGTH}"), key=lambda file: file.stat().st_mtime)
            for old in ended[:-KEPT]:
                publishing.remove(old.parent)
        except (InputError, OSError) as error:  # the training itself is whole
            print(f"not kept for a longer training: {in_one_line(error)}", file=sys.stderr)
