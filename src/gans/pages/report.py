"""Numbers and figures to a page in HTML, the same in Markdown, and a summary."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, combinations
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from gans.base import paths
from gans.figures.grids import CAPTION, GAP
from gans.networks import symptoms
from gans.pages import leaderboard, templates
from gans.pages.leaderboard import CLASSES, DISTANCES, FACTS, Column, Result

PICTURES = {  # of a variant, in the order of the page
    "grid.png": "Images of 64 latents that stay the same from run to run.",
    "progress.gif": "Some of the same latents over training.",
    "losses": "What G and D lose, and how real D finds real and generated images, while training.",
    "neighbours.png": "Fakes, and the training images nearest to each: the same, if they were learnt by heart.",
    "classes.png": "A class in each row, the same latents along the columns.",
    "arithmetic.png": (
        "Fakes in which a classifier is surest of an attribute, and least sure; others; and these again, moved by the "
        "difference of the mean latents with it and without it."
    ),
    "interpolation.png": "Walks along great arcs, each from one latent to another.",
}
BESIDE_REAL = "real_vs_fake.png"  # of the best variant alone: its grid beside as many held-out real images
ROW = "row.png"  # the images of the first latents, which variants of one nz share
THUMBNAIL = 8, 2  # images across and down of the grids on the leaderboard
JUDGES = "fid_lite0", "fid_rotation"  # whose orders are compared: the first is that of the table
OPENING = 6, 6  # and of those that the page opens on


@dataclass(frozen=True)
class Entry:
    """All that the report says of one variant."""

    name: str
    title: str
    source: str
    nz: int
    own_settings: Mapping[str, Any]  # those that differ from the shared ones
    quality: Mapping[str, Any]
    train: Mapping[str, Any]
    speed: Mapping[str, Any]
    pictures: Mapping[str, Path]  # by the names of PICTURES, BESIDE_REAL and ROW


@dataclass(frozen=True)
class Chapter:
    """What stands under one heading."""

    name: str
    title: str
    text: str
    pictures: Mapping[str, Path]  # by their captions


@dataclass(frozen=True)
class Story:
    """All that a report says."""

    dataset: str
    meta: Mapping[str, Any]  # of the preprocessed array
    settings: Mapping[str, Any]  # the shared ones
    seeds: int  # trainings of each variant
    commit: str
    floor: Mapping[str, Any]  # what real images score that fakes are not held against
    classifier: Mapping[str, Any]  # how well the classifier knows the classes of real images
    gaussian: Mapping[str, Any]  # what the one-dimensional lesson reached
    codes: Mapping[str, Any]  # what autoencoders of several latent sizes reached
    entries: Sequence[Entry]
    note: str = ""  # a line under the title


def summary(story: Story) -> dict[str, Any]:
    """Return the scores and facts that a rerun repeats: metrics/summary.json."""
    return {
        "dataset": story.dataset,
        "data_sha256": story.meta["sha256"],
        "floor": dict(story.floor),
        "classifier": dict(story.classifier),
        "gaussian": {key: story.gaussian[key] for key in ("mean", "sd", "wasserstein_1") if key in story.gaussian},
        "variants": {
            entry.name: {"title": entry.title, **entry.quality, "images_seen": entry.train["images_seen"]}
            for entry in story.entries
        },
    }


def _results(story: Story) -> list[Result]:
    """Return the variants' numbers, the smallest `fid_lite0` first."""
    found = [
        leaderboard.result(entry.name, entry.title, entry.quality, {**entry.train, **entry.speed})
        for entry in story.entries
    ]
    return sorted(found, key=lambda result: result.values["fid_lite0"])


def markdown(story: Story, folder: Path) -> str:
    """Return the report as Markdown for a file in `folder`; its pictures are links."""
    return _written("report.md", story, (DISTANCES, (*CLASSES, *FACTS)), up="../" * len(folder.parts))


def html(story: Story) -> str:
    """Return the report as one page that opens without a network: pictures, style and script lie inside it."""
    with_row = [entry for entry in story.entries if ROW in entry.pictures]
    looks = {"with_row": with_row, "corner": _corner, "thumbnail": THUMBNAIL, "opening": OPENING, "caption": CAPTION}
    return _written("report.html", story, ((*DISTANCES, *CLASSES, *FACTS),), **looks)


def _written(template: str, story: Story, columns: Sequence[Sequence[Column]], **values: Any) -> str:
    """Return what a template makes of what both pages say; the leaderboard's columns may be those of several tables."""
    overview, *lessons = _lessons(story)
    results = _results(story)
    folded = [column for column in chain(*columns) if leaderboard.silent(column, results, story.floor)]
    shown = [[column for column in wanted if column not in folded] for wanted in columns]
    entries = {entry.name: entry for entry in story.entries}
    return templates.written(
        template,
        story=story,
        title=f"Generative adversarial networks on {story.dataset}",
        subtitle=templates.line("subtitle.txt", meta=story.meta),
        findings=_findings(story, results),
        best=entries[results[0].name],
        beside_real=BESIDE_REAL,
        entries=entries,
        tables=[leaderboard.table(wanted, results, story.floor) for wanted in shown],
        overview=overview,
        protocol=templates.line("protocol.txt", seeds=story.seeds, floor=story.floor, meta=story.meta, folded=folded),
        variants=[_chapter(entry) for entry in story.entries],
        lessons=lessons,
        devices=sorted({str(entry.speed["device"]) for entry in story.entries}),
        versions=sorted({" ".join(pair) for entry in story.entries for pair in entry.train["versions"].items()}),
        **values,
    )


def _findings(story: Story, results: Sequence[Result]) -> list[str]:
    """Return a sentence each: which variant is best and how surely, how far it is from real images, what to try."""
    key = "fid_lite0"
    best, *others = results
    leads = {other.title: other.values[key] - best.values[key] for other in others}
    noises = {
        other.title: math.hypot(best.deviations[key], other.deviations[key])
        for other in others
        if key in best.deviations and key in other.deviations
    }
    near = [title for title, noise in noises.items() if leads[title] <= noise]
    found = {"best": best, "floor": story.floor, "leads": leads, "noises": noises, "near": near}
    return [*templates.written("findings.txt", **found).splitlines(), *_agreement(results)]


def _agreement(results: Sequence[Result]) -> list[str]:
    """Return what is to be said of pairs of variants that the judges order differently, beyond the noise if known."""
    judged = [result for result in results if all(key in result.values for key in JUDGES)]
    if len(judged) < 2:
        return []
    known = all(key in result.deviations for key in JUDGES for result in judged)

    def beyond(one: Result, other: Result, key: str) -> float:
        """Return by how much `one` is better, 0 within the noise."""
        gain = other.values[key] - one.values[key]
        noise = [result.deviations[key] if known else 0.0 for result in (one, other)]
        return gain if leaderboard.beyond_noise(gain, *noise) else 0.0

    pairs = list(combinations(judged, 2))
    opposed = [pair for pair in pairs if math.prod(beyond(*pair, key) for key in JUDGES) < 0]
    ranks = [np.argsort(np.argsort([result.values[key] for result in judged])) for key in JUDGES]
    correlation = np.atleast_2d(np.corrcoef(ranks))[0, 1]  # Spearman's
    found = {"opposed": opposed, "pairs": pairs, "known": known, "correlation": correlation}
    return [templates.line("agreement.txt", **found)]


def _chapter(entry: Entry) -> Chapter:
    text = templates.line("variant.txt", entry=entry, remedies=symptoms.REMEDIES)
    pictures = {PICTURES[name]: entry.pictures[name] for name in PICTURES if name in entry.pictures}
    return Chapter(entry.name, entry.title, text, pictures)


def _lessons(story: Story) -> list[Chapter]:
    """Return what is no variant's: all of them over one another, the one-dimensional lesson, codes of several sizes."""
    curves = {
        "Distance to the held-out real images while training.": paths.OVERVIEW_SCORES,
        "Losses while training.": paths.OVERVIEW_LOSSES,
    }
    gaussian = {
        "What was generated, how it got there, and what D made of it.": paths.GAUSSIAN_FIGURE,
        "The same over training.": paths.GAUSSIAN_FILM,
    }
    codes = {"Samples of each size.": paths.CODES / "sizes.png"}
    if (manifold := paths.CODES / "manifold.png").exists():
        codes["The plane of the two-dimensional code."] = manifold
    chapters = {"overview": ("All variants over one another", curves)}
    if story.gaussian:  # else `lessons` leaves it out
        chapters["gaussian"] = ("The one-dimensional lesson", gaussian)
    if story.codes:
        chapters["codes"] = ("Codes of several sizes", codes)
    return [
        Chapter(name, title, templates.line(f"{name}.txt", story=story), pictures)
        for name, (title, pictures) in chapters.items()
    ]


def _corner(grid: Path, image_size: int, shape: tuple[int, int], under: int = 0) -> Image.Image:
    """Return the first images of a grid of square images, which may stand under a caption of `under` pixels."""
    with Image.open(grid) as picture:
        cell, (across, down) = image_size + GAP, shape
        right, bottom = min(picture.width, across * cell + GAP), min(picture.height, under + down * cell + GAP)
        return picture.crop((0, under, right, bottom))
