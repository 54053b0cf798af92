"""Numbers and figures to a page in HTML, the same in Markdown, and a summary."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template
from typing import Any

PAGE = Path(__file__).with_name("report.html")
PICTURES = {  # in the order of the page
    "real_vs_fake.png": "Held-out real images, and the images of 64 latents that stay the same from run to run.",
    "losses": "What G and D lose, and how real D finds real and generated images, while training.",
    "progress.gif": "The same latents over training.",
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
Cells = list[list[str]]


@dataclass(frozen=True)
class Entry:
    """All that is told of one variant."""

    name: str
    title: str
    source: str
    own_settings: Mapping[str, Any]  # those that differ from the shared ones
    quality: Mapping[str, Any]
    train: Mapping[str, Any]
    speed: Mapping[str, Any]
    pictures: Mapping[str, Path]  # by the names of PICTURES


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
    floor: Mapping[str, Any]  # the scores of real training images against held-out ones
    classifier: Mapping[str, Any]  # how well the classifier knows the classes of real images
    gaussian: Mapping[str, Any]  # what the one-dimensional lesson reached
    entries: Sequence[Entry]
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


def results_table(story: Story) -> Cells:
    """Return the comparison as text, header first: one row a variant, best score first, above the floor."""
    header = [
        "variant",
        "FID (lite0)",
        "KID (lite0)",
        "class as asked",
        "images seen",
        "weights of G",
        "weights of D",
        "minutes",
        "images/s",
    ]
    rows = []
    for entry in sorted(story.entries, key=lambda entry: float(entry.quality["fid_lite0"])):
        weights = [f"{entry.train[key]:,}" if key in entry.train else "-" for key in ("parameters_g", "parameters_d")]
        minutes = f"{entry.speed['seconds'] / 60:.1f}"
        speed = f"{entry.speed['images_per_second']:.0f}"
        right = _share(entry.quality.get("condition_accuracy"))
        rows.append(
            [entry.title, *_scores(entry.quality), right, f"{entry.train['images_seen']:,}", *weights, minutes, speed]
        )
    real = [*_scores(story.floor), _share(story.classifier.get("accuracy"))]
    return [header, *rows, ["real images (the floor)", *real, *["-"] * (len(header) - 1 - len(real))]]


def protocol(story: Story) -> str:
    """Return how the scores were made, in words."""
    floor = story.floor
    crop = f"Crop {story.meta['crop_px']} px" if story.meta["crop_px"] else "Largest central square"
    asked = ""
    if any("condition_accuracy" in entry.quality for entry in story.entries):
        asked = (
            " Class as asked: the share of fakes that a classifier of the data's own labels takes for the class asked "
            "for; in the row of the floor, its accuracy on held-out real images."
        )
    return (
        f"Lower is better. These are distances in the features of {floor['extractor']} (EfficientNet-Lite0), larger by "
        f"nature than the Inception distances in papers, and to be compared with one another alone: "
        f"{floor['n_fake']:,} generated against {floor['n_real']:,} held-out real images. The floor is what as many "
        f"real training images score. {crop}, {story.meta['filter']}, "
        f"{story.meta['image_size']} x {story.meta['image_size']} pixels, one seed.{asked}"
    )


def markdown_table(cells: Cells) -> str:
    """Return cells, header first, as a Markdown table whose numbers stand to the right."""
    lines = ["| " + " | ".join(row) + " |" for row in cells]
    lines.insert(1, "|---" + "|---:" * (len(cells[0]) - 1) + "|")
    return "\n".join(lines) + "\n"


def markdown(story: Story, folder: Path) -> str:
    """Return the report as Markdown for a file in `folder`; its pictures are links."""
    parts = [
        f"# {_title(story)}\n",
        f"{_subtitle(story)}\n",
        markdown_table(results_table(story)),
        f"{protocol(story)}\n",
    ]
    for entry in story.entries:
        parts.append(f"## {entry.title}\n\n{_introduction(entry)}\n")
        for name, path in _in_order(entry):
            parts.append(f"![{entry.title}: {PICTURES[name]}]({_link(folder, path)})\n")
    for lesson in story.lessons:
        parts.append(f"## {lesson.title}\n\n{lesson.text}\n")
        parts += [f"![{caption}]({_link(folder, path)})\n" for caption, path in lesson.pictures.items()]
    parts.append("## Settings and provenance\n")
    parts.append("\n".join(f"- {name}: {value}" for name, value in _provenance(story).items()) + "\n")
    return "\n".join(parts)


def html(story: Story) -> str:
    """Return the report as one page that opens without a network: pictures lie inside it."""
    header, *rows = results_table(story)
    table = ["<table>", _row(header, "th"), *(_row(row, "td") for row in rows), "</table>"]
    provenance = [f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in _provenance(story).items()]
    return Template(PAGE.read_text(encoding="utf-8")).substitute(
        title=escape(_title(story)),
        subtitle=escape(_subtitle(story)),
        table="\n".join(table),
        protocol=escape(protocol(story)),
        sections="\n".join([*map(_entry_section, story.entries), *map(_lesson_section, story.lessons)]),
        provenance="\n".join(provenance),
    )


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
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    source = f"data:image/{path.suffix.removeprefix('.')};base64,{data}"
    image = f'<img src="{source}" alt="{escape(title)}: {escape(caption)}">'
    opening = '<figure class="wide">' if wide else "<figure>"
    return f"{opening}{image}<figcaption>{escape(caption)}</figcaption></figure>"


def _link(folder: Path, path: Path) -> str:
    return "/".join([*[".."] * len(folder.parts), *path.parts])


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


def _row(cells: Sequence[str], tag: str) -> str:
    return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def _scores(values: Mapping[str, Any]) -> list[str]:
    return [f"{values['fid_lite0']:.0f}", f"{values['kid_lite0']:.2f}"]


def _title(story: Story) -> str:
    return f"Generative adversarial networks on {story.dataset}"


def _subtitle(story: Story) -> str:
    meta = story.meta
    splits = ", ".join(f"{stop - start:,} {name}" for name, (start, stop) in meta["splits"].items())
    return f"{meta['num_images']:,} images of {meta['image_size']} x {meta['image_size']} pixels: {splits}."


def _introduction(entry: Entry) -> str:
    own = ", ".join(f"{key} {value}" for key, value in entry.own_settings.items())
    return f"{entry.source}. " + (f"Settings of its own: {own}." if own else "With the shared settings.")


def _provenance(story: Story) -> dict[str, str]:
    devices = sorted({str(entry.speed["device"]) for entry in story.entries})
    versions = sorted(
        {f"{name} {version}" for entry in story.entries for name, version in entry.train["versions"].items()}
    )
    return {
        "settings": ", ".join(f"{key} {value}" for key, value in story.settings.items()),
        "images": f"SHA-256 {story.meta['sha256']}",
        "device": "; ".join(devices),
        "versions": ", ".join(versions),
    }
