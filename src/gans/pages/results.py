"""The variants of several revisions in one table, and the images of each one's first latents under one another."""

import io
import json
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml
from PIL import Image

from gans.base import paths, publishing
from gans.base.errors import InputError
from gans.base.paths import PARAMS
from gans.figures import grids
from gans.pages import leaderboard, machines, revision, templates, terminal
from gans.pages.leaderboard import CLASSES, DISTANCES, FACTS, OF_JUDGES, PROTOCOL, Result, Table

TABLE, PICTURE = paths.REPORT / "results.md", paths.REPORT / "results.png"
LOCK = Path("dvc.lock")


class Trainings(NamedTuple):
    """What a revision has of one variant."""

    rev: str  # as tables name it
    commit: str
    name: str
    title: str
    decisive: str  # all that decides the weights, but the seeds: code, data, settings, device
    seeds: frozenset[int]
    weights: str  # MD5 of the folder
    quality: Mapping[str, Any]
    facts: Mapping[str, Any]  # of the trainings, and their timings


class Revision(NamedTuple):
    """What a revision tells of all its variants, and of how they were scored."""

    name: str
    found: Sequence[Trainings]
    floor: Mapping[str, Any]
    judges: Mapping[str, Any]  # how well its classifiers know real images
    protocol: Mapping[str, Any]


Ranking = Sequence[tuple[Result, Sequence[Trainings]]]  # the best first


def read(rev: str) -> Revision:
    """Return what a revision tells; raise InputError where the pipeline did not run to its end there."""
    commit = revision.commit_of(rev)

    def content(path: Path) -> Any:
        if (found := revision.content(commit, path)) is None:
            ran = "expected a revision whose pipeline ran to its end: see `dvc exp show`"
            raise InputError(f"{rev} has no {path}; {ran}")
        return json.loads(found) if path.suffix == ".json" else yaml.safe_load(found)

    def trainings(variant: str, quality: Mapping[str, Any]) -> Trainings:
        train, lock = content(paths.train_metrics(variant)), stages[f"train@{variant}"]
        settings = {key: value for key, value in lock["params"][str(PARAMS)].items() if key not in ("seed", "seeds")}
        code_and_data = {dep["path"]: dep["md5"] for dep in lock["deps"]}
        kind = [lock["cmd"], train["device"], train.get("arithmetic")]
        return Trainings(
            name,
            commit,
            variant,
            quality["title"],
            decisive=json.dumps([settings, code_and_data, kind], sort_keys=True),
            seeds=frozenset(range(seed, seed + quality["seeds"])),
            weights=next(out["md5"] for out in lock["outs"] if out["path"] == str(paths.model(variant))),
            quality=quality,
            facts={**train, **content(paths.speed_metrics(variant))},
        )

    try:
        name = revision.label_of(rev, commit[:7])
        summary, seed, stages = content(paths.SUMMARY), int(content(PARAMS)["seed"]), content(LOCK)["stages"]
        found = [trainings(variant, quality) for variant, quality in summary["variants"].items()]
        both = {"against": "held_out", **summary["floor"], **summary}  # which older runs do not say
        return Revision(name, found, summary["floor"], summary["classifier"], {key: both[key] for key in PROTOCOL})
    except InputError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, StopIteration, yaml.YAMLError) as error:
        what = f"{type(error).__name__} {' '.join(str(error).split())}"[:80]
        raise InputError(f"{rev} is not as this version writes runs ({what}); expected one of `dvc repro`") from None


def check_protocol(revisions: Sequence[Revision]) -> None:
    """Raise InputError where runs were not scored on the same images in the same way."""
    first = revisions[0]
    for other in revisions:
        for key, value in other.protocol.items():
            if value != first.protocol[key]:
                raise InputError(
                    f"{key} is {value} in {other.name} but {first.protocol[key]} in {first.name}; expected runs scored "
                    "alike on the same images: give others a table of their own"
                )


def grouped(found: Sequence[Trainings]) -> tuple[list[list[Trainings]], list[Trainings]]:
    """Return those that differ in their seeds alone, together; and those left out, as they share seeds with others.

    The same weights in several revisions count once.
    """
    groups: dict[tuple[str, str], list[Trainings]] = {}
    left_out: list[Trainings] = []
    for each in sorted(found, key=lambda each: -len(each.seeds)):
        if any(each.weights == other.weights for group in groups.values() for other in group):
            continue
        group = groups.setdefault((each.name, each.decisive), [])
        shared = any(each.seeds & other.seeds for other in group)
        (left_out if shared else group).append(each)
    return list(groups.values()), left_out


def pooled(group: Sequence[Trainings]) -> tuple[dict[str, Any], dict[str, float]]:
    """Return the quality and facts of trainings as if all had been one run's: means, and deviations over seeds.

    The best moment is that of any revision's first training.
    """
    qualities, counts = [each.quality for each in group], np.array([len(each.seeds) for each in group])
    means = _means(qualities, counts, float)
    found: dict[str, Any] = {**means}
    if (num := int(counts.sum())) > 1:
        found["sd"] = {}
        for key, mean in means.items():
            within = [quality.get("sd", {}).get(key, 0.0) ** 2 for quality in qualities]
            between = [(quality[key] - mean) ** 2 for quality in qualities]
            found["sd"][key] = float(np.sqrt(((counts - 1) @ within + counts @ between) / (num - 1)))
    if bests := [quality["best"] for quality in qualities if "best" in quality]:
        found["best"] = min(bests, key=lambda best: float(best["fid_lite0"]))
    facts = _means([each.facts for each in group], counts, int | float)
    if "seconds" in facts:
        facts["images_per_second"] = facts["images_seen"] / facts["seconds"]
    return found, facts


def _means(files: Sequence[Mapping[str, Any]], counts: np.ndarray, kind: Any) -> dict[str, float]:
    """Return the means, weighted by `counts`, of the values of this kind that all files have."""
    keys = [key for key in files[0] if all(isinstance(file.get(key), kind) for file in files)]
    return {key: float(counts @ [file[key] for file in files]) / float(counts.sum()) for key in keys}


def ranked(groups: Sequence[Sequence[Trainings]]) -> Ranking:
    """Return groups with their results, the best first; where a variant is there several times its title says whose."""
    names = [first.name for first, *_ in groups]
    found = []
    for group in groups:
        first = group[0]
        title = first.title if names.count(first.name) == 1 else f"{first.title} ({first.rev})"
        found.append((leaderboard.result(f"{first.name} {first.rev}", title, *pooled(group)), group))
    return sorted(found, key=lambda pair: pair[0].values.get("fid_lite0", math.inf))


def tables(ranking: Ranking, revisions: Sequence[Revision]) -> list[Table]:
    """Return distances, and all else; what classifiers judge is left out where they are not the same."""
    shown = [
        [column for column in columns if _same_judges(revisions) or column.key not in OF_JUDGES]
        for columns in (DISTANCES, (*CLASSES, *FACTS))
    ]
    found = [result for result, _ in ranking]
    return [leaderboard.table(columns, found, revisions[0].floor) for columns in shown]


def _same_judges(revisions: Sequence[Revision]) -> bool:
    return all(each.judges == revisions[0].judges for each in revisions)


def markdown(ranking: Ranking, revisions: Sequence[Revision]) -> str:
    """Return the tables, and under them how they were made."""
    first, everything = revisions[0], [each for _, group in ranking for each in group]
    return templates.written(
        "results.md",
        tables=tables(ranking, revisions),
        floor=first.floor,
        dataset=first.protocol["dataset"],
        devices=sorted({each.facts["device"] for each in everything}),
        counts={result.title: sum(len(each.seeds) for each in group) for result, group in ranking},
        same_judges=_same_judges(revisions),
        kinds=kinds(everything),
        commits={each.rev: revision.described(each.commit) for each in everything},
    )


def kinds(found: Sequence[Trainings]) -> str:
    """Return a line where some were trained on another kind of processor or GPU than the first."""
    first = found[0]
    lines = (
        machines.difference({first.rev: first.facts, each.rev: each.facts}) for each in found if each.rev != first.rev
    )
    return next(filter(None, lines), "")


def picture(ranking: Ranking) -> tuple[np.ndarray | None, list[str]]:
    """Return the images of the first latents, a variant in each row, and of which variants there are none."""
    rows, lacking = {}, []
    for result, (first, *_) in ranking:
        if (png := revision.content(first.commit, paths.samples(first.name) / "row.png")) is None:
            lacking.append(result.title)
        else:
            rows[result.title] = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))
    return (grids.row_captioned([*rows.values()], [*rows]) if rows else None), lacking


def main() -> None:
    """Write the table and the picture; end with one line when the input is wrong."""
    revs = list(dict.fromkeys(" ".join(sys.argv[1:]).split()))
    if not revs:
        sys.exit('usage: make results REVS="main other"; branches, tags, commits or experiments')
    try:
        revisions = [read(rev) for rev in revs]
        check_protocol(revisions)
        groups, left_out = grouped([each for found in revisions for each in found.found])
        ranking = ranked(groups)
        drawn, lacking = picture(ranking)
        publishing.remove(PICTURE)  # it may be of other revisions
        with publishing.published(TABLE) as draft:
            draft.write_text(markdown(ranking, revisions), encoding="utf-8")
        if drawn is not None:
            with publishing.published(PICTURE) as draft:
                grids.save_png(draft, drawn)
    except (InputError, OSError) as error:
        sys.exit(" ".join(str(error).split()))
    for each in left_out:
        print(f"{each.rev}: {each.title} is left out: it shares seeds with another revision's", file=sys.stderr)
    if lacking:
        print(f"Not drawn, as their images are not in DVC's cache: {', '.join(lacking)}", file=sys.stderr)
    notes = [kinds([each for _, group in ranking for each in group])]
    print(*filter(None, [*map(terminal.scores, tables(ranking, revisions)), *notes]), "", sep="\n\n", end="")
    print(f"Written: {TABLE}" + ("" if drawn is None else f" and {PICTURE}"))


if __name__ == "__main__":
    main()
