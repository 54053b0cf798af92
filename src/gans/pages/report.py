"""Numbers and figures to a page in HTML, the same in Markdown, and a summary."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from gans.base import paths
from gans.figures.grids import GAP
from gans.pages import leaderboard, templates
from gans.pages.leaderboard import CLASSES, DISTANCES, FACTS, Column, Table

PICTURES = {  # in the order of the page
    "real_vs_fake.png": "Held-out real images, and the images of 64 latents that stay the same from run to run.",
    "losses": "What G and D lose, and how real D finds real and generated images, while training.",
    "progress.gif": "The same latents over training.",
    "neighbours.png": "Fakes, and the training images nearest to each: the same, if they were learnt by heart.",
    "classes.png": "A class in each row, the same latents along the columns.",
    "arithmetic.png": (
        "Fakes in which a classifier is surest of an attribute, and least sure; others; and these again, moved by the "
        "difference of the mean latents with it and without it."
    ),
    "grid.png": "The generated images by themselves.",
    "progress.png": "The same latents again, a row a moment.",
    "interpolation.png": "Walks along great arcs, each from one latent to another.",
}
WIDE = [PICTURES["real_vs_fake.png"], PICTURES["losses"]]
ROW = "row.png"  # the images of the first latents, which variants of one nz share
SPARKLINE = 120, 40, 60  # pixels across and down, points
THUMBNAIL = 132  # pixels of a grid, about: two by two images of 64


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
    losses: Mapping[str, Sequence[float]]  # the columns of its loss curve
    pictures: Mapping[str, Path]  # by the names of PICTURES, and ROW


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
    floor: Mapping[str, Any]  # the scores of real training images against held-out ones
    classifier: Mapping[str, Any]  # how well the classifier knows the classes of real images
    gaussian: Mapping[str, Any]  # what the one-dimensional lesson reached
    codes: Mapping[str, Any]  # what autoencoders of several latent sizes reached
    entries: Sequence[Entry]


def summary(story: Story) -> dict[str, Any]:
    """Return the scores and facts that a rerun repeats: metrics/summary.json."""
    return {
        "dataset": story.dataset,
        "data_sha256": story.meta["sha256"],
        "floor": dict(story.floor),
        "classifier": dict(story.classifier),
        "gaussian": {key: story.gaussian[key] for key in ("mean", "sd", "wasserstein_1")},
        "variants": {
            entry.name: {"title": entry.title, **entry.quality, "images_seen": entry.train["images_seen"]}
            for entry in story.entries
        },
    }


def table(story: Story, *columns: Column) -> Table:
    """Return the comparison of the variants by these columns."""
    results = [
        leaderboard.result(entry.name, entry.title, entry.quality, {**entry.train, **entry.speed})
        for entry in story.entries
    ]
    return leaderboard.table(columns, results, story.floor)


def markdown(story: Story, folder: Path) -> str:
    """Return the report as Markdown for a file in `folder`; its pictures are links."""
    tables = table(story, *DISTANCES), table(story, *CLASSES, *FACTS)
    return _written("report.md", story, tables=tables, up="../" * len(folder.parts))


def html(story: Story) -> str:
    """Return the report as one page that opens without a network: pictures, style and script lie inside it."""
    return _written(
        "report.html",
        story,
        table=table(story, *DISTANCES, *CLASSES, *FACTS),
        with_row=[entry for entry in story.entries if ROW in entry.pictures],
        wide=WIDE,
        thumbnail=_thumbnail,
        sparkline=_sparkline,
    )


def _written(template: str, story: Story, **values: Any) -> str:
    """Return what a template makes of what both pages say."""
    overview, *lessons = _lessons(story)
    return templates.written(
        template,
        story=story,
        title=f"Generative adversarial networks on {story.dataset}",
        subtitle=templates.line("subtitle.txt", meta=story.meta),
        overview=overview,
        protocol=templates.line("protocol.txt", seeds=story.seeds, floor=story.floor, meta=story.meta),
        variants=[_chapter(entry) for entry in story.entries],
        lessons=lessons,
        devices=sorted({str(entry.speed["device"]) for entry in story.entries}),
        versions=sorted({" ".join(pair) for entry in story.entries for pair in entry.train["versions"].items()}),
        **values,
    )


def _chapter(entry: Entry) -> Chapter:
    text = templates.line("variant.txt", entry=entry)
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
    return [
        Chapter(name, title, templates.line(f"{name}.txt", story=story), pictures)
        for name, title, pictures in (
            ("overview", "All variants over one another", curves),
            ("gaussian", "The one-dimensional lesson", gaussian),
            ("codes", "Codes of several sizes", codes),
        )
    ]


def _thumbnail(entry: Entry, image_size: int) -> Image.Image | None:
    """Return the first images of a variant's grid."""
    if "grid.png" not in entry.pictures:
        return None
    with Image.open(entry.pictures["grid.png"]) as grid:
        cell = image_size + GAP
        side = min(grid.width, grid.height, max(1, THUMBNAIL // cell) * cell + GAP)
        return grid.crop((0, 0, side, side))


def _sparkline(losses: Mapping[str, Sequence[float]]) -> dict[str, Any] | None:
    """Return the points of the losses of G and D in a small drawing, D's only where there is one, and their range."""
    width, height, points = SPARKLINE
    curves = {player: np.array(losses.get(f"loss_{player}", ()), float) for player in ("g", "d")}
    finite = {player: curve for player, curve in curves.items() if len(curve) > 1 and np.isfinite(curve).all()}
    if not finite:
        return None
    low, high = min(map(np.min, finite.values())), max(map(np.max, finite.values()))
    lines = {}
    for player, curve in finite.items():
        shown = np.array([part.mean() for part in np.array_split(curve, min(points, len(curve)))])
        across = np.linspace(1, width - 1, len(shown))
        down = height - 2 - (height - 4) * (shown - low) / max(high - low, 1e-9)
        lines[player] = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(across, down, strict=True))
    return {"low": low, "high": high, "lines": lines, "width": width, "height": height}
