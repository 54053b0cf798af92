"""The variants of several revisions in one table, and their images of the same latents under one another."""

import io
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from PIL import Image

from gans import images, leaderboard, paths, revision
from gans.config import PARAMS
from gans.errors import InputError
from gans.leaderboard import CLASSES, DISTANCES, FACTS, PROTOCOL, Result

TABLE, PICTURE = paths.REPORT / "results.md", paths.REPORT / "results.png"
APART = ("seed", "seeds", "active", "variants", "data")  # params.yaml's keys that PROTOCOL or a run tells of by itself


@dataclass(frozen=True)
class Run:
    """What a revision has of one variant."""

    rev: str  # as it was asked for
    commit: str
    name: str
    title: str
    settings: str  # all that decides a training, but its seed
    seeds: frozenset[int]
    quality: Mapping[str, Any]
    facts: Mapping[str, Any]  # of the trainings, and their timings


def runs_of(rev: str) -> tuple[list[Run], dict[str, Any]]:
    """Return what a revision has of its active variants, and its summary; raise InputError where it has not."""
    commit = revision.commit_of(rev)
    summary = json.loads(_content(rev, commit, paths.SUMMARY))
    params = yaml.safe_load(_content(rev, commit, PARAMS))
    try:
        shared = {key: value for key, value in params.items() if key not in APART}
        return [
            Run(
                rev,
                commit,
                name,
                scores["title"],
                settings=json.dumps([shared, params["variants"][name]], sort_keys=True),
                seeds=frozenset(range(params["seed"], params["seed"] + scores["seeds"])),
                quality=scores,
                facts={
                    **json.loads(_content(rev, commit, paths.train_metrics(name))),
                    **json.loads(_content(rev, commit, paths.speed_metrics(name))),
                },
            )
            for name, scores in summary["variants"].items()
        ], summary
    except KeyError as error:
        raise InputError(f"{rev} lacks {error}; expected a revision that this version ran: `dvc repro` there") from None


def _content(rev: str, commit: str, path: Path) -> bytes:
    content = revision.in_git(commit, path)
    if content is None:
        raise InputError(f"{rev} has no {path}; expected a revision whose pipeline ran to its end: see `dvc exp show`")
    return content


def grouped(runs: Sequence[Run]) -> list[list[Run]]:
    """Return the runs that differ in their seed alone, together; a training that several revisions have counts once."""
    groups: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        group = groups.setdefault((run.name, run.settings), [])
        if not any(run.seeds & other.seeds for other in group):
            group.append(run)
    return list(groups.values())


def pooled(group: Sequence[Run]) -> tuple[dict[str, Any], dict[str, float]]:
    """Return the quality and facts of runs as if all their trainings had been one run's.

    Means and deviations are those of all trainings; the best moment is the best of any.
    """
    qualities, counts = [run.quality for run in group], np.array([len(run.seeds) for run in group])
    num = int(counts.sum())
    scores = [key for key, value in qualities[0].items() if isinstance(value, float)]
    means = {key: float(counts @ [quality[key] for quality in qualities]) / num for key in scores}
    found: dict[str, Any] = {**means, "seeds": num}
    if num > 1:
        found["sd"] = {}
        for key in scores:
            within = [quality.get("sd", {}).get(key, 0.0) ** 2 for quality in qualities]
            between = [(quality[key] - means[key]) ** 2 for quality in qualities]
            found["sd"][key] = float(np.sqrt(((counts - 1) @ within + counts @ between) / (num - 1)))
    if bests := [quality["best"] for quality in qualities if "best" in quality]:
        found["best"] = min(bests, key=lambda best: float(best["fid_lite0"]))
    numbers = [key for key, value in group[0].facts.items() if isinstance(value, int | float)]
    return found, {key: float(counts @ [run.facts[key] for run in group]) / num for key in numbers}


def ranked(groups: Sequence[Sequence[Run]]) -> list[tuple[Result, Sequence[Run]]]:
    """Return groups with their results, the best first; where a variant has several settings its title says whose."""
    names = [group[0].name for group in groups]
    found = []
    for group in groups:
        first = group[0]
        title = first.title if names.count(first.name) == 1 else f"{first.title} ({first.rev})"
        found.append((leaderboard.result(f"{first.name} {first.rev}", title, *pooled(group)), group))
    return sorted(found, key=lambda pair: pair[0].values["fid_lite0"])


def markdown(ranking: Sequence[tuple[Result, Sequence[Run]]], summary: Mapping[str, Any]) -> str:
    """Return the tables, and under them how they were made."""
    floor = {key: float(value) for key, value in summary["floor"].items() if isinstance(value, int | float)}
    results = [result for result, _ in ranking]
    runs = [run for _, group in ranking for run in group]
    devices = sorted({str(run.facts["device"]) for run in runs})
    counts = {result.title: sum(len(run.seeds) for run in group) for result, group in ranking}
    each = set(counts.values())
    trainings = f"{each.pop()} each" if len(each) == 1 else ", ".join(f"{title} {n}" for title, n in counts.items())
    told = [
        f"{summary['floor']['n_fake']:,} generated images against {summary['floor']['n_real']:,} held-out real ones of",
        f"{summary['dataset']}. Trained on {', '.join(devices)}. Trainings: {trainings}.",
        *(f"{rev}: {revision.told(commit)}." for rev, commit in sorted({(run.rev, run.commit) for run in runs})),
    ]
    tables = [leaderboard.table(columns, results, floor) for columns in (DISTANCES, (*CLASSES, *FACTS))]
    return "\n".join([*map(leaderboard.markdown, tables), " ".join(told), ""])


def picture(ranking: Sequence[tuple[Result, Sequence[Run]]]) -> tuple[np.ndarray | None, list[str]]:
    """Return the images of the first latents, a variant in each row, and of which variants there are none."""
    rows, captions, lacking = [], [], []
    for result, group in ranking:
        png = revision.in_cache(group[0].commit, paths.samples(group[0].name) / "row.png")
        if png is None:
            lacking.append(result.title)
            continue
        with Image.open(io.BytesIO(png)) as opened:
            rows.append(np.asarray(opened.convert("RGB")))
        captions.append(result.title)
    return (images.row_captioned(rows, captions) if rows else None), lacking


def check_protocol(revs: Sequence[str], summaries: Sequence[Mapping[str, Any]]) -> None:
    """Raise InputError where runs were not scored on the same images in the same way."""
    first, *others = ({**summary["floor"], **summary} for summary in summaries)
    for rev, other in zip(revs[1:], others, strict=True):
        for key in PROTOCOL:
            if other[key] != first[key]:
                raise InputError(
                    f"{key} is {other[key]} in {rev} but {first[key]} in {revs[0]}; expected runs scored alike on the "
                    "same images: give others a table of their own"
                )


def main() -> None:
    """Write the table and the picture; end with one line when the input is wrong."""
    revs = list(dict.fromkeys(" ".join(sys.argv[1:]).split()))
    if not revs:
        sys.exit('usage: make results REVS="main other"; branches, tags, commits or experiments')
    try:
        asked = [runs_of(rev) for rev in revs]
        summaries = [summary for _, summary in asked]
        check_protocol(revs, summaries)
        ranking = ranked(grouped([run for runs, _ in asked for run in runs]))
        drawn, lacking = picture(ranking)
        with paths.published(TABLE) as draft:
            draft.write_text(markdown(ranking, summaries[0]), encoding="utf-8")
        if drawn is not None:
            with paths.published(PICTURE) as draft:
                images.save_png(draft, drawn)
    except (InputError, OSError) as error:
        sys.exit(" ".join(str(error).split()))
    if lacking:
        print(f"Not drawn, as their images are not in DVC's cache: {', '.join(lacking)}", file=sys.stderr)
    print(f"Written: {TABLE}" + ("" if drawn is None else f" and {PICTURE}"))


if __name__ == "__main__":
    main()
