"""What pages are made with that open without a network: their templates, and pictures that lie inside them."""

import base64
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from PIL import Image

WEBP_QUALITY = 88


class Embedded(NamedTuple):
    """A picture that lies inside a page: its data: address, and its size in pixels."""

    address: str
    width: int
    height: int


def embedded(picture: Image.Image | Path | bytes, lossless: bool = False) -> Embedded:
    """Return a picture, or all frames of a film with their durations, as WebP, a fraction of the size of PNG and GIF.

    It is an image, the path of a file, or a file's content; lossless suits line drawings.
    """
    if not isinstance(picture, Image.Image):
        with Image.open(BytesIO(picture) if isinstance(picture, bytes) else picture) as opened:
            return embedded(opened, lossless)
    frames, durations = [], []
    for index in range(getattr(picture, "n_frames", 1)):
        picture.seek(index)
        frames.append(picture.convert("RGB"))
        durations.append(int(picture.info.get("duration", 0)))
    file, (first, *others) = BytesIO(), frames
    moving = {"save_all": True, "append_images": others, "duration": durations, "loop": 0} if others else {}
    first.save(file, "WEBP", quality=WEBP_QUALITY, lossless=lossless, method=3, **moving)
    content = base64.b64encode(file.getvalue()).decode("ascii")
    return Embedded(f"data:image/webp;base64,{content}", *first.size)


AGAINST = {  # which real images fakes are held against: what `evaluate.against` says
    "held_out": "held-out real ones",
    "train": "real ones of the training split",
    "all": "real ones of all splits",
}

_ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_ENVIRONMENT.policies["json.dumps_kwargs"] = {"sort_keys": False}
_ENVIRONMENT.filters |= {
    "against": lambda floor: AGAINST[floor.get("against", "held_out")],  # which older runs do not say
    "embedded": embedded,
    "listed": lambda values: ", ".join(f"{key} {value}" for key, value in values.items()),
    "thousands": "{:,}".format,
}


def written(template: str, **values: Any) -> str:
    """Return what a template makes of values: all that it names are to be given, and text is escaped in HTML."""
    return _ENVIRONMENT.get_template(template).render(**values)


def line(template: str, **values: Any) -> str:
    """Return what a template makes of values as one line, however its words are laid out."""
    return " ".join(written(template, **values).split())
