"""Where trials are carried out: clones of the repository that share its cache, in each of which DVC runs the stages."""

import itertools
import math
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from gans import recipes
from gans.base import artefacts, paths
from gans.base.errors import InputError, in_one_line
from gans.commands import Crew
from gans.pages import revision
from gans.tuning.recipe import RECIPE

NOT_FINITE = "expected a finite number"  # what a stage says of a training that diverged
BEFORE = ("settings", "reference")  # the stages before a training and its score


class Clone:
    """A clone at a commit, in which one command runs at a time."""

    def __init__(self, folder: Path, commit: str, crew: Crew) -> None:
        self.folder, self._commit, self._crew = folder, commit, crew
        if not (folder / ".git").exists():
            _git("clone", "--quiet", "--shared", "--no-checkout", ".", str(folder))
        (folder / "dvc.lock").unlink(missing_ok=True)  # may be half a file, where a sweep was killed
        _git("-C", str(folder), "checkout", "--quiet", "--force", "--detach", commit)
        (folder / ".dvc" / "config.local").write_text(f"[cache]\n    dir = {_cache()}\n", encoding="utf-8")

    def prepare(self, settings: Sequence[str]) -> None:
        """Run all that comes before a training; what the cache has is taken from there."""
        self._set(settings)
        if not self._dvc(*BEFORE, scratch=self.folder / "scratch"):
            raise InputError(f"the data set was not prepared: {self._why()}")

    def score(self, variant: str, settings: Sequence[str], scratch: Path) -> tuple[float, int]:
        """Return `fid_lite0` and the images seen of a training with these settings; infinite where it diverged.

        `scratch` keeps its states, for a longer one.
        """
        self._set(settings)
        if not self._dvc("--single-item", f"train@{variant}", f"evaluate@{variant}", scratch=scratch):
            if NOT_FINITE in self._log.read_text(errors="replace"):
                return math.inf, 0
            raise InputError(f"{variant} was not trained and scored: {self._why()}")
        quality, facts = (
            artefacts.read_json(self.folder / path)
            for path in (paths.quality_metrics(variant), paths.train_metrics(variant))
        )
        return quality["fid_lite0"], int(facts["images_seen"])

    def _set(self, settings: Sequence[str]) -> None:
        """Let params.yaml be the commit's, but for some settings."""
        recipes.write_params(self._commit, settings, self.folder, RECIPE)

    def _dvc(self, *words: str, scratch: Path) -> bool:
        command = [sys.executable, "-m", "dvc", "repro", *words]
        environment = {**os.environ, "GANS_SCRATCH": str(scratch.resolve())}
        how = {"cwd": self.folder, "env": environment, "stderr": subprocess.STDOUT}
        with self._log.open("wb") as output, self._crew.started(command, stdout=output, **how) as process:
            return process.wait() == 0

    @property
    def _log(self) -> Path:
        return self.folder.with_suffix(".log")

    def _why(self) -> str:
        lines = [line.strip() for line in self._log.read_text(errors="replace").splitlines()]
        said = [line for line in lines if line and "%|" not in line and "failed to reproduce" not in line]
        return f"{said[-1] if said else 'it does not say why'} (the whole of it is in {self._log})"


@contextmanager
def lent(commit: str, crew: Crew) -> Iterator[Clone]:
    """Yield the first clone that nobody uses, made where there is none."""
    folder = paths.scratch("tuning") / "clones"
    folder.mkdir(parents=True, exist_ok=True)
    for number in itertools.count(1):
        with suppress(Timeout), FileLock(folder / f"{number}.lock", timeout=0):
            yield Clone(folder / str(number), commit, crew)
            return


def _cache() -> Path:
    """Return the folder of the cache of the repository here."""
    done = subprocess.run([sys.executable, "-m", "dvc", "cache", "dir"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise InputError(f"dvc cache dir failed: {in_one_line(done.stderr)}")
    return Path(done.stdout.strip()).resolve()


def _git(*words: str) -> str:
    if (found := revision.git(*words)) is None:
        raise InputError(f"git {' '.join(words)} failed; expected a Git repository with a commit")
    return found.decode()
