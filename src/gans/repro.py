"""Run the pipeline with several variants side by side: `make repro`.

`dvc repro` runs one stage after another. Small batches gain little from a second core, so here each training has one
thread, and as many variants are trained at a time as there are cores, or GPUs where there are some. DVC's manual of
`dvc repro` allows it under "Parallel stage execution", as long as no two write the same; what all variants need is
therefore made beforehand.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import IO

from tqdm import tqdm

from gans.base import launchers, processors, signals
from gans.commands import Crew, ended
from gans.params import Params
from gans.runtime.settings import RunSettings

OF_TRAINED = ("evaluate", "sample", "plot")
DVC = (sys.executable, "-m", "dvc", "--wait-for-lock", "repro")
HINTS = re.compile(  # what each `dvc repro` says, and need not be said of each
    r"\s*$|> |Stage '.*' didn't change|Data and pipelines are up to date|Updating lock file|To track the changes"
    r"|\tgit add|To enable auto|\tdvc config|Use `dvc push`"
)
BAR_SECONDS = "0.5"  # from one state of a bar to the next


class Lanes:
    """Commands side by side, each with a line at the foot of the terminal; one of them that fails stops no other."""

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._environment = {"OMP_NUM_THREADS": "1", "TQDM_MININTERVAL": BAR_SECONDS, **os.environ}
        self._crew = Crew()
        self._places = set(range(jobs))  # lines at the foot that are free

    def run(self, commands: Sequence[Sequence[str]]) -> bool:
        """Return whether all went well, however many of them ran at a time; a signal is passed on to each that runs."""
        with ThreadPoolExecutor(self._jobs) as pool:
            try:
                ending = [pool.submit(self._run, command) for command in commands]
                return all([each.result() for each in ending])
            except signals.Stopped as stopped:
                self._crew.stop(stopped.status - 128)
                raise

    def _run(self, command: Sequence[str]) -> bool:
        printed = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        with self._crew.started(command, env=self._environment, **printed) as process:
            assert process.stdout is not None
            place = self._places.pop()
            with tqdm(bar_format="{desc}", position=place, leave=False, disable=not sys.stderr.isatty()) as foot:
                for text, whole in pieces(process.stdout):
                    if not whole:
                        foot.set_description_str(text[: shutil.get_terminal_size().columns - 1])
                    elif not HINTS.match(text) and "%|" not in text:  # the last state of a bar is a line, too
                        tqdm.write(text, file=sys.stderr)
            self._places.add(place)
        return process.returncode == 0


def pieces(output: IO[bytes]) -> Iterator[tuple[str, bool]]:
    """Yield what a program prints, as it comes: text, and whether it is a whole line or the state of a bar."""
    rest = b""
    while chunk := os.read(output.fileno(), 65536):
        *done, rest = re.split(rb"(?<=[\r\n])", rest + chunk)
        for piece in done:
            if text := piece.decode(errors="replace").strip("\r\n"):
                yield text, piece.endswith(b"\n")
    if rest:
        yield rest.decode(errors="replace"), True


def phases(params: Params) -> list[list[list[str]]]:
    """Return commands of DVC that may run side by side, and after them the next ones.

    First the images and the lesson that needs none; then what scores need and all trainings, the longest first as far
    as epochs tell; then what is made of each; at last whatever is left, above all the pages.
    """
    alone = [*DVC, "--single-item"]
    lengths = {name: params.own(name).get("epochs", params.epochs) for name in params.active}
    names = sorted(params.active, key=lambda name: -lengths[name])
    return [
        [[*DVC, "settings", "preprocess"], [*alone, "gaussian"]],
        [
            [*alone, "classifier", "reference"],
            *([*alone, f"train@{name}"] for name in names),
            [*alone, "codes", "sample_codes"],
        ],
        [[*alone, *(f"{stage}@{name}" for stage in OF_TRAINED)] for name in names],
        [[*DVC]],
    ]


def num_lanes(run: RunSettings) -> int:
    """Return how many commands run at a time: one a GPU, so that no training takes from another; else one a core."""
    if launchers.num_ranks(run.launcher) != 1:  # ranks are side by side already
        return 1
    if run.device != "cpu":
        import torch  # here, because it takes seconds

        if torch.cuda.is_available():
            return torch.cuda.device_count()
        if torch.backends.mps.is_available():
            return 1
    return processors.num_cores()


def main() -> None:
    """Run all stages; end with status 1 where some fail."""
    params = Params.load()
    lanes = Lanes(num_lanes(params.run))
    if not all(lanes.run(phase) for phase in phases(params)):
        sys.exit("repro: some stages failed, see above; the same command goes on with what is left")


if __name__ == "__main__":
    signals.heed()
    ended("repro", main)
