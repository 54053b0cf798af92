"""Numbers and figures to a page in HTML, the same in Markdown, and a summary."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
from PIL import Image

from gans.figures.grids import GAP
from gans.pages import embedding, leaderboard
from gans.pages.leaderboard import CLASSES, DISTANCES, FACTS, Table

PAGE, SCRIPT = Path(__file__).with_name("report.html"), Path(__file__).with_name("report.js")
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
WIDE = ("real_vs_fake.png", "losses")
ROW = "row.png"  # the images of the first latents, which variants of one nz share
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
    floor, meta = story.floor, story.meta
    crop = f"crop {meta['crop_px']} px" if meta["crop_px"] else "largest central square"
    several = (
        f"Mean ± standard deviation of {story.seeds} trainings with different seeds; a score is bold when it is better "
        "than every other by more than that noise."
        if story.seeds > 1
        else "One training each: which differences are noise is not known, so nothing is bold (see `seeds`)."
    )
    return (
        f"{several} {floor['n_fake']:,} generated images against {floor['n_real']:,} held-out real ones. What is named "
        f"{floor['extractor']}, and the shares beside it, are made with the features of EfficientNet-Lite0: such "
        "distances are larger by nature than the Inception distances in papers, and compare with one another alone. "
        f"The floor is what real training images score. {meta['image_size']} x {meta['image_size']} pixels, {crop}, "
        f"{meta['filter']}. What each score means, and when it lies, stands in docs/metrics.md."
    )


def markdown(story: Story, folder: Path) -> str:
    """Return the report as Markdown for a file in `folder`; its pictures are links."""
    scores, others = tables(story)
    parts = [
        f"# {_title(story)}\n",
        f"{_subtitle(story)}\n",
        leaderboard.markdown(scores),
        f"{protocol(story)}\n",
        leaderboard.markdown(others),
    ]
    for section in (story.overview, *map(_as_lesson, story.entries), *story.lessons):
        parts.append(f"## {section.title}\n\n{section.text}\n")
        parts += [f"![{caption}]({_link(folder, path)})\n" for caption, path in section.pictures.items()]
    parts.append("## Settings and provenance\n")
    parts.append("\n".join(f"- {name}: {value}" for name, value in _provenance(story).items()) + "\n")
    return "\n".join(parts)


def html(story: Story) -> str:
    """Return the report as one page that opens without a network: pictures, style and script lie inside it."""
    provenance = [f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in _provenance(story).items()]
    return Template(PAGE.read_text(encoding="utf-8")).substitute(
        style=embedding.style(),
        script=SCRIPT.read_text(encoding="utf-8"),
        title=escape(_title(story)),
        subtitle=escape(_subtitle(story)),
        leaderboard=_leaderboard(story),
        protocol=escape(protocol(story)),
        overview=_lesson_section(story.overview),
        same_latents=_same_latents(story.entries),
        sections="\n".join([*map(_entry_section, story.entries), *map(_lesson_section, story.lessons)]),
        provenance="\n".join(provenance),
    )


def _leaderboard(story: Story) -> str:
    """Return the table that sorts: a row a variant with a few of its images, its losses, all numbers, its settings."""
    both = tables(story)
    entries = {entry.name: entry for entry in story.entries}
    columns = [column for table in both for column in table.columns]
    heads = "".join(
        f'<th scope="col"{_sorted(column)}><button type="button" data-better="{column.better or "higher"}">'
        f"{escape(column.title)}</button></th>"
        for column in columns
    )
    losses = '<th scope="col" class="losses">losses of <i class="g">G</i>, <i class="d">D</i></th>'
    settings = '<th scope="col">settings of its own</th>'
    rows = [f'<thead><tr><th scope="col">variant</th>{losses}{heads}{settings}</tr></thead><tbody>']
    for first, second in zip(*(table.rows for table in both), strict=True):
        entry = entries[first.name]
        link = f'<a href="#{escape(entry.name)}">{_thumbnail(entry, story.meta["image_size"])}{escape(entry.title)}</a>'
        spark, cells = f'<td class="losses">{_sparkline(entry)}</td>', _cells([*first.cells, *second.cells])
        own = f'<td class="text">{escape(_own_settings(entry))}</td>'
        rows.append(f'<tr><th scope="row">{link}</th>{spark}{cells}{own}</tr>')
    floor = _cells([cell for table in both for cell in table.floor.cells])
    last = f'<tr><th scope="row">{leaderboard.FLOOR}</th><td class="losses"></td>{floor}<td></td></tr>'
    opening = '<table id="leaderboard"><caption id="board">Scores of all variants</caption>'
    return "\n".join([opening, *rows, f"</tbody><tfoot>{last}</tfoot>", "</table>"])


def _sorted(column: leaderboard.Column) -> str:
    return ' aria-sort="ascending"' if column.key == "fid_lite0" else ""


def _cells(cells: Sequence[leaderboard.Cell]) -> str:
    return "".join(
        f'<td data-value="{"" if cell.value is None else repr(cell.value)}">'
        + (f"<b>{escape(cell.text)}</b>" if cell.bold else escape(cell.text))
        + "</td>"
        for cell in cells
    )


def _thumbnail(entry: Entry, image_size: int) -> str:
    """Return the first images of a variant's grid, small, for its row of the leaderboard."""
    if "grid.png" not in entry.pictures:
        return ""
    with Image.open(entry.pictures["grid.png"]) as grid:
        cell = image_size + GAP
        side = min(grid.width, grid.height, max(1, THUMBNAIL // cell) * cell + GAP)
        address = embedding.address(grid.crop((0, 0, side, side)))
    return f'<img class="thumbnail" src="{address}" alt="">'


def _sparkline(entry: Entry) -> str:
    """Return the losses of G and D as a small drawing, D's only where there is one."""
    lines = []
    width, height, points = 120, 40, 60
    curves = {player: np.array(entry.losses.get(f"loss_{player}", ()), float) for player in ("g", "d")}
    finite = {player: curve for player, curve in curves.items() if len(curve) > 1 and np.isfinite(curve).all()}
    if not finite:
        return ""
    low, high = min(map(np.min, finite.values())), max(map(np.max, finite.values()))
    for player, curve in finite.items():
        shown = np.array([part.mean() for part in np.array_split(curve, min(points, len(curve)))])
        across = np.linspace(1, width - 1, len(shown))
        down = height - 2 - (height - 4) * (shown - low) / max(high - low, 1e-9)
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(across, down, strict=True))
        lines.append(f'<polyline class="{player}" points="{path}"/>')
    label = f"{entry.title}: losses over training, from {low:.2f} to {high:.2f}"
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    return f'<svg class="spark" role="img" aria-label="{escape(label)}" {size}>{"".join(lines)}</svg>'


def _same_latents(entries: Sequence[Entry]) -> str:
    """Return the images that variants of one latent size make of the same latents, under one another."""
    parts = []
    for nz in sorted({entry.nz for entry in entries}):
        rows = [entry for entry in entries if entry.nz == nz and ROW in entry.pictures]
        figures = [
            f'<figure class="row"><figcaption>{escape(entry.title)}</figcaption>'
            f"{_image(entry.pictures[ROW], f'{entry.title}: images of the first latents')}</figure>"
            for entry in rows
        ]
        if figures:
            group = f'tabindex="0" role="group" aria-label="The same latents, nz = {nz}"'
            parts.append(f'<p class="quiet">nz = {nz}</p><div class="rows" {group}>{"".join(figures)}</div>')
    return "\n".join(parts)


def _as_lesson(entry: Entry) -> Lesson:
    pictures = {f"{entry.title}: {PICTURES[name]}": path for name, path in _in_order(entry)}
    return Lesson(entry.name, entry.title, _introduction(entry), pictures)


def _entry_section(entry: Entry) -> str:
    figures = [_figure(entry.title, PICTURES[name], path, name in WIDE) for name, path in _in_order(entry)]
    return _section(entry.name, entry.title, _introduction(entry), figures)


def _lesson_section(lesson: Lesson) -> str:
    figures = [_figure(lesson.title, caption, path, True) for caption, path in lesson.pictures.items()]
    return _section(lesson.name, lesson.title, lesson.text, figures)


def _section(name: str, title: str, text: str, figures: Sequence[str]) -> str:
    heading = [f'<h2 id="{escape(name)}">{escape(title)}</h2>', f'<p class="quiet">{escape(text)}</p>']
    return "\n".join([*heading, '<div class="pictures">', *figures, "</div>"])


def _figure(title: str, caption: str, path: Path, wide: bool) -> str:
    opening = '<figure class="wide">' if wide else "<figure>"
    image = _image(path, f"{title}: {caption}")
    return f"{opening}{image}<figcaption>{escape(caption)}</figcaption></figure>"


def _image(path: Path, alternative: str) -> str:
    """Return a picture as a tag that holds it."""
    with Image.open(path) as picture:
        address, (width, height) = embedding.address(picture), picture.size
    return f'<img src="{address}" width="{width}" height="{height}" loading="lazy" alt="{escape(alternative)}">'


def _link(folder: Path, path: Path) -> str:
    return "/".join([*[".."] * len(folder.parts), *path.parts])


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


def _in_order(entry: Entry) -> list[tuple[str, Path]]:
    return [(name, entry.pictures[name]) for name in PICTURES if name in entry.pictures]


def _title(story: Story) -> str:
    return f"Generative adversarial networks on {story.dataset}"


def _subtitle(story: Story) -> str:
    meta = story.meta
    splits = ", ".join(f"{stop - start:,} {name}" for name, (start, stop) in meta["splits"].items())
    return f"{meta['num_images']:,} images of {meta['image_size']} x {meta['image_size']} pixels: {splits}."


def _own_settings(entry: Entry) -> str:
    return ", ".join(f"{key} {value}" for key, value in entry.own_settings.items()) or "none"


def _introduction(entry: Entry) -> str:
    return f"{entry.source}. Settings of its own: {_own_settings(entry)}."


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
