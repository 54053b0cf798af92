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
class Story:
    """All that a report tells."""

    dataset: str
    meta: Mapping[str, Any]  # of the preprocessed array
    settings: Mapping[str, Any]  # the shared ones
    floor: Mapping[str, Any]  # the scores of real training images against held-out ones
    entries: Sequence[Entry]


def summary(story: Story) -> dict[str, Any]:
    """Return the scores and facts that a rerun repeats: metrics/summary.json."""
    return {
        "dataset": story.dataset,
        "data_sha256": story.meta["sha256"],
        "floor": dict(story.floor),
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
        rows.append([entry.title, *_scores(entry.quality), f"{entry.train['images_seen']:,}", *weights, minutes, speed])
    return [header, *rows, ["real images (the floor)", *_scores(story.floor), *["-"] * (len(header) - 3)]]


def protocol(story: Story) -> str:
    """Return how the scores were made, in words."""
    floor = story.floor
    return (
        f"Lower is better. These are distances in the features of {floor['extractor']} (EfficientNet-Lite0), larger by "
        f"nature than the Inception distances in papers, and to be compared with one another alone: "
        f"{floor['n_fake']:,} generated against {floor['n_real']:,} held-out real images. The floor is what as many "
        f"real training images score. Crop {story.meta['crop_px']} px, {story.meta['filter']}, "
        f"{story.meta['image_size']} x {story.meta['image_size']} pixels, one seed."
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
            link = "/".join([*[".."] * len(folder.parts), *path.parts])
            parts.append(f"![{entry.title}: {PICTURES[name]}]({link})\n")
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
        sections="\n".join(_section(entry) for entry in story.entries),
        provenance="\n".join(provenance),
    )


def _section(entry: Entry) -> str:
    return "\n".join(
        [
            f'<h2 id="{escape(entry.name)}">{escape(entry.title)}</h2>',
            f'<p class="quiet">{escape(_introduction(entry))}</p>',
            '<div class="pictures">',
            *(_figure(entry.title, name, path) for name, path in _in_order(entry)),
            "</div>",
        ]
    )


def _figure(title: str, name: str, path: Path) -> str:
    caption = escape(PICTURES[name])
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    source = f"data:image/{path.suffix.removeprefix('.')};base64,{data}"
    image = f'<img src="{source}" alt="{escape(title)}: {caption}">'
    width = ' class="wide"' if name in WIDE else ""
    return f"<figure{width}>{image}<figcaption>{caption}</figcaption></figure>"


def _in_order(entry: Entry) -> list[tuple[str, Path]]:
    return [(name, entry.pictures[name]) for name in PICTURES if name in entry.pictures]


def _row(cells: Sequence[str], tag: str) -> str:
    return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"


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
