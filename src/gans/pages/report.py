"""Numbers and figures to a page in HTML, the same in Markdown, and a summary."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from gans.figures.grids import GAP
from gans.pages import leaderboard, templates
from gans.pages.leaderboard import CLASSES, DISTANCES, FACTS, Table

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
    """All that is told of one variant."""

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
class Lesson:
    """A section that is no variant's."""

    name: str
    title: str
    text: str
    pictures: Mapping[str, Path]  # by their captions


@dataclass(frozen=True)
class Story:
    """All that a report tells."""

    dataset: str
    meta: Mapping[str, Any]  # of the preprocessed array
    settings: Mapping[str, Any]  # the shared ones
    seeds: int  # trainings of each variant
    commit: str
    floor: Mapping[str, Any]  # the scores of real training images against held-out ones
    classifier: Mapping[str, Any]  # how well the classifier knows the classes of real images
    gaussian: Mapping[str, Any]  # what the one-dimensional lesson reached
    entries: Sequence[Entry]
    overview: Lesson
    lessons: Sequence[Lesson]


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


def tables(story: Story) -> tuple[Table, Table]:
    """Return the comparison: what images are worth by themselves, then what classes tell and what it took."""
    results = [
        leaderboard.result(entry.name, entry.title, entry.quality, {**entry.train, **entry.speed})
        for entry in story.entries
    ]
    floor = {key: float(value) for key, value in story.floor.items() if isinstance(value, int | float)}
    return (leaderboard.table(DISTANCES, results, floor), leaderboard.table((*CLASSES, *FACTS), results, floor))


def protocol(story: Story) -> str:
    """Return how the scores were made, in words."""
    return " ".join(templates.written("protocol.txt", seeds=story.seeds, floor=story.floor, meta=story.meta).split())


def markdown(story: Story, folder: Path) -> str:
    """Return the report as Markdown for a file in `folder`; its pictures are links."""
    scores, others = (leaderboard.markdown(table) for table in tables(story))
    return templates.written(
        "report.md",
        title=_title(story),
        subtitle=_subtitle(story),
        scores=scores,
        protocol=protocol(story),
        others=others,
        sections=[story.overview, *map(_lesson, story.entries), *story.lessons],
        names=[entry.name for entry in story.entries],
        up="../" * len(folder.parts),
        provenance=_provenance(story),
    )


def html(story: Story) -> str:
    """Return the report as one page that opens without a network: pictures, style and script lie inside it."""
    both, entries = tables(story), {entry.name: entry for entry in story.entries}
    paired = zip(*(table.rows for table in both), strict=True)
    shown = [entry for entry in story.entries if ROW in entry.pictures]
    return templates.written(
        "report.html",
        title=_title(story),
        subtitle=_subtitle(story),
        columns=[column for table in both for column in table.columns],
        rows=[(_in_table(story, entries[first.name]), [*first.cells, *second.cells]) for first, second in paired],
        floor=[cell for table in both for cell in table.floor.cells],
        floor_title=leaderboard.FLOOR,
        protocol=protocol(story),
        overview=story.overview,
        of_nz={nz: [entry for entry in shown if entry.nz == nz] for nz in sorted({entry.nz for entry in shown})},
        row_name=ROW,
        sections=[(_lesson(entry), WIDE) for entry in story.entries] + [(lesson, None) for lesson in story.lessons],
        provenance=_provenance(story),
    )


def _in_table(story: Story, entry: Entry) -> dict[str, Any]:
    """Return what the leaderboard's row of a variant has beside numbers."""
    return {
        "name": entry.name,
        "title": entry.title,
        "thumbnail": _thumbnail(entry, story.meta["image_size"]),
        "sparkline": _sparkline(entry),
        "own_settings": _own_settings(entry),
    }


def _thumbnail(entry: Entry, image_size: int) -> Image.Image | None:
    """Return the first images of a variant's grid."""
    if "grid.png" not in entry.pictures:
        return None
    with Image.open(entry.pictures["grid.png"]) as grid:
        cell = image_size + GAP
        side = min(grid.width, grid.height, max(1, THUMBNAIL // cell) * cell + GAP)
        return grid.crop((0, 0, side, side))


def _sparkline(entry: Entry) -> dict[str, Any] | None:
    """Return the points of the losses of G and D in a small drawing, D's only where there is one, and their range."""
    width, height, points = SPARKLINE
    curves = {player: np.array(entry.losses.get(f"loss_{player}", ()), float) for player in ("g", "d")}
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


def _lesson(entry: Entry) -> Lesson:
    """Return a variant's section."""
    text = f"{entry.source}. Settings of its own: {_own_settings(entry)}."
    pictures = {PICTURES[name]: entry.pictures[name] for name in PICTURES if name in entry.pictures}
    return Lesson(entry.name, entry.title, text, pictures)


def overview_lesson(losses: Path, scores: Path) -> Lesson:
    """Return the section in which all variants are drawn over one another."""
    text = "Scores are those of the averaged generator, by the same latents at each moment; losses are running means."
    pictures = {"Distance to the held-out real images while training.": scores, "Losses while training.": losses}
    return Lesson("overview", "All variants over one another", text, pictures)


def gaussian_lesson(metrics: Mapping[str, Any], figure: Path, gif: Path) -> Lesson:
    """Return the section of the one-dimensional lesson."""
    seeds = metrics["seeds"]
    text = (
        "Uniform noise learns N(4, 1.25) from a discriminator that sees a whole batch and its squared differences. "
        f"Over the last third of training, the median of {len(seeds)} seeds has mean {metrics['mean']:.2f}, standard "
        f"deviation {metrics['sd']:.2f} and Wasserstein-1 distance {metrics['wasserstein_1']:.2f}."
    )
    captions = ("What was generated, how it got there, and what D made of it.", "The same over training.")
    return Lesson("gaussian", "The one-dimensional lesson", text, dict(zip(captions, (figure, gif), strict=True)))


def codes_lesson(metrics: Mapping[str, Any], folder: Path) -> Lesson:
    """Return the section of the autoencoders of several latent sizes."""
    kl = ", ".join(f"{values['kl']:.1f} at {name.removeprefix('nz_')}" for name, values in metrics.items())
    text = (
        "Variational autoencoders of several latent sizes, after figure 5 of Kingma and Welling 2014. How much of the "
        f"code is used, in nats an image: {kl}."
    )
    pictures = {
        "Samples of each size.": folder / "sizes.png",
        "The plane of the two-dimensional code.": folder / "manifold.png",
    }
    drawn = {caption: path for caption, path in pictures.items() if path.exists()}
    return Lesson("codes", "Codes of several sizes", text, drawn)


def _title(story: Story) -> str:
    return f"Generative adversarial networks on {story.dataset}"


def _subtitle(story: Story) -> str:
    meta = story.meta
    splits = ", ".join(f"{stop - start:,} {name}" for name, (start, stop) in meta["splits"].items())
    return f"{meta['num_images']:,} images of {meta['image_size']} x {meta['image_size']} pixels: {splits}."


def _own_settings(entry: Entry) -> str:
    return ", ".join(f"{key} {value}" for key, value in entry.own_settings.items()) or "none"


def _provenance(story: Story) -> dict[str, str]:
    devices = sorted({str(entry.speed["device"]) for entry in story.entries})
    versions = sorted(
        {f"{name} {version}" for entry in story.entries for name, version in entry.train["versions"].items()}
    )
    return {
        "commit when this was written": story.commit,
        "settings": ", ".join(f"{key} {value}" for key, value in story.settings.items()),
        "seeds": str(story.seeds),
        "images": f"SHA-256 {story.meta['sha256']}",
        "device": "; ".join(devices),
        "versions": ", ".join(versions),
    }
