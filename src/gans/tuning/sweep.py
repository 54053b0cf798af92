"""Give variants the same number of short trainings, and stop the hopeless early: `make tune VARIANT=dcgan`."""

import math
import signal
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args

from filelock import FileLock

from gans import commands, recipes
from gans.base import paths, publishing, signals
from gans.base.errors import InputError, in_one_line
from gans.base.settings import nearest
from gans.commands import Crew
from gans.networks import contract
from gans.pages import revision
from gans.params import Params
from gans.sources.settings import Dataset
from gans.tuning import clones, findings
from gans.tuning.findings import KEPT, SCORE, STOPPED, Row
from gans.tuning.recipe import RECIPE, Recipe

DATASETS = get_args(get_args(Dataset)[0])


def main(variants: str = "", dataset: str = "", data_root: str = "", jobs: str = "") -> None:
    """Tune the variants named, or all; write what each trial gave, and what is found of all that were tuned."""
    params, recipe = Params.load(), Recipe.load()
    names, dataset = _known(variants.split(), params), dataset or "toyfaces"
    if dataset not in DATASETS:
        raise InputError(f"DATASET is {dataset!r}; expected one of {', '.join(DATASETS)}{nearest(dataset, DATASETS)}")
    if not (jobs or "1").isdecimal() or not (num_jobs := int(jobs or "1")):
        raise InputError(f"JOBS is {jobs!r}; expected how many variants are tuned at a time, such as 2")
    root = data_root or params.data.root
    here = [f"data.root={paths.users_folder(root).resolve()}"] if root else []
    settings, commit = [*recipes.overrides(recipe.settings), f"dataset={dataset}", *here], revision.commit_of("HEAD")
    params = _committed(commit, settings)
    trials = {name: recipe.trials_of(name, params.settings_of(name, contract.load(name).Settings)) for name in names}
    if revision.edited():
        print("tune: what is not committed is not tuned", file=sys.stderr)
    crew, table, failed = Crew(), "", 0
    with ThreadPoolExecutor(num_jobs) as pool:
        tuned = [pool.submit(tune, name, trials[name], dataset, settings, recipe, commit, crew) for name in names]
        try:
            for each in as_completed(tuned):
                try:
                    each.result()
                except (InputError, OSError) as problem:  # what one variant lacks, others may have
                    print(f"tune: {in_one_line(problem, at_most=None)}", file=sys.stderr)
                    failed += 1
                    continue
                with FileLock(paths.scratch("tuning") / "findings.lock"):  # of another sweep, beside this one
                    table = findings.write(dataset)
        except BaseException as problem:
            crew.stop(problem.status - 128 if isinstance(problem, signals.Stopped) else signal.SIGTERM)
            pool.shutdown(cancel_futures=True)
            raise
    if table:
        print(f"\n{table}\n\nWritten: {', '.join(map(str, [findings.FOLDER, *findings.places(dataset)]))}")
    if failed:
        raise InputError(f"{failed} of {len(names)} variants not tuned; run the same command again")


def _committed(commit: str, settings: Sequence[str]) -> Params:
    """Return the params.yaml of a commit with some settings changed; raise InputError on one that it does not take."""
    with TemporaryDirectory() as folder:
        recipes.write_params(commit, settings, Path(folder), RECIPE)
        with chdir(folder):  # so that a message names the file as it is known
            return Params.load()


def tune(
    variant: str,
    trials: Sequence[Mapping[str, Any]],
    dataset: str,
    shared: Sequence[str],
    recipe: Recipe,
    commit: str,
    crew: Crew,
) -> None:
    """Carry out a variant's trials, and write what each gave as soon as it is known.

    After each rung one in `keep` goes on, those with the lowest FID, and the first in any case: successive halving,
    Jamieson and Talwalkar 2016, arXiv:1502.07943, algorithm 1.
    """
    rows: list[Row] = [
        {"dataset": dataset, "trial": number, "changes": " ".join(recipes.overrides(changes))}
        for number, changes in enumerate(trials, start=1)
    ]
    shared = [*shared, f"active=[{variant}]"]
    running = list(range(len(trials)))
    place = paths.scratch("tuning").resolve() / dataset / variant
    with clones.lent(commit, crew) as clone:
        clone.prepare(shared)
        for epochs in recipe.rungs:
            for number in running:
                own = findings.overrides(variant, {**trials[number], "epochs": epochs})
                fid, images = clone.score(variant, [*shared, *own], place / str(number + 1))
                rows[number] |= {f"{SCORE}{epochs}": fid, "images": images}
                findings.write_rows(variant, dataset, rows)
                told = f"{rows[number]['changes'] or 'own settings'}: FID {fid:.0f} after {epochs} epoch(s)"
                print(f"{variant} {number + 1}/{len(trials)} {told}", flush=True)
            fids = {number: rows[number][f"{SCORE}{epochs}"] for number in running}
            running = better(fids, recipe.keep) if epochs != recipe.rungs[-1] else running
            for number in fids.keys() - set(running):
                rows[number]["outcome"] = STOPPED
                publishing.remove(place / str(number + 1))
        for number in running:
            rows[number]["outcome"] = KEPT
        findings.write_rows(variant, dataset, rows)


def better(fids: Mapping[int, float], keep: int) -> list[int]:
    """Return which trials go on: one in `keep`, at least one, and the first; none that diverged."""
    going_on = sorted(fids, key=lambda number: fids[number])[: max(1, len(fids) // keep)]
    return [number for number in fids if (number in going_on or number == 0) and math.isfinite(fids[number])]


def _known(names: Sequence[str], params: Params) -> list[str]:
    for name in names:
        if name not in params.variants:
            expected = f"expected some of {', '.join(params.variants)}{nearest(name, params.variants)}"
            raise InputError(f"VARIANT is {name!r}; {expected}")
    return [*dict.fromkeys(names)] or [*params.variants]


if __name__ == "__main__":
    signals.heed()
    commands.ended("tune", lambda: main(*sys.argv[1:]))
