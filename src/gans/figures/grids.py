"""Images laid out as pictures, and pictures as PNG and GIF files."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

GAP = 2  # pixels between the images of a grid
CAPTION = 26  # pixels over a picture that hold its caption
PAPER = 255  # the colour of gaps


def grid(images: np.ndarray, columns: int) -> np.ndarray:
    """Return uint8 (N, S, S, C) laid out row by row as one picture, uint8 (H, W, 3); grey becomes RGB."""
    count, side = images.shape[:2]
    rows = -(-count // columns)
    cell = side + GAP
    page = np.full((rows * cell + GAP, columns * cell + GAP, 3), PAPER, np.uint8)
    for index, image in enumerate(images):
        top, left = (index // columns) * cell + GAP, (index % columns) * cell + GAP
        page[top : top + side, left : left + side] = image
    return page


def captioned(pictures: Sequence[np.ndarray], captions: Sequence[str]) -> np.ndarray:
    """Return pictures of one height side by side, uint8 (H, W, 3), each under its caption."""
    gutter, font = 12, ImageFont.load_default(size=16)
    widths = [
        max(picture.shape[1], round(font.getlength(caption)) + gutter)
        for picture, caption in zip(pictures, captions, strict=True)
    ]
    height = max(picture.shape[0] for picture in pictures) + CAPTION
    page = Image.new("RGB", (sum(widths) + gutter * (len(widths) - 1), height), (PAPER,) * 3)
    pen = ImageDraw.Draw(page)
    left = 0
    for picture, caption, width in zip(pictures, captions, widths, strict=True):
        pen.text((left + width / 2, CAPTION / 2), caption, fill=(40, 40, 40), font=font, anchor="mm")
        page.paste(Image.fromarray(picture), (left + (width - picture.shape[1]) // 2, CAPTION))
        left += width + gutter
    return np.asarray(page)


def row_captioned(rows: Sequence[np.ndarray], captions: Sequence[str]) -> np.ndarray:
    """Return pictures of one width under one another, uint8 (H, W, 3), each right of its caption."""
    font = ImageFont.load_default(size=14)
    margin = round(max(font.getlength(caption) for caption in captions)) + 20
    height, width = sum(row.shape[0] for row in rows), margin + rows[0].shape[1]
    page = Image.new("RGB", (width, height), (PAPER,) * 3)
    pen = ImageDraw.Draw(page)
    top = 0
    for row, caption in zip(rows, captions, strict=True):
        pen.text((margin - 10, top + row.shape[0] / 2), caption, fill=(40, 40, 40), font=font, anchor="rm")
        page.paste(Image.fromarray(row), (margin, top))
        top += row.shape[0]
    return np.asarray(page)


def stacked(pictures: Sequence[np.ndarray]) -> np.ndarray:
    """Return pictures under one another, uint8 (H, W, 3), aligned to the left."""
    return np.concatenate(_of_one_width(pictures))


def _of_one_width(pictures: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return pictures (H, W, 3) with paper at the right of all but the widest."""
    widest = max(picture.shape[1] for picture in pictures)
    missing = [((0, 0), (0, widest - picture.shape[1]), (0, 0)) for picture in pictures]
    return [np.pad(picture, pad, constant_values=PAPER) for picture, pad in zip(pictures, missing, strict=True)]


def save_png(path: Path, picture: np.ndarray) -> None:
    """Write uint8 (H, W, 3) as PNG."""
    Image.fromarray(picture).save(path, format="PNG", optimize=True)


def save_gif(path: Path, frames: Sequence[np.ndarray], milliseconds: int) -> None:
    """Write uint8 (H, W, 3) frames of one height as an endless GIF; the last one stays ten times as long."""
    octree, undithered = Image.Quantize.FASTOCTREE, Image.Dither.NONE  # a median cut takes fifty times as long
    first, *others = [
        Image.fromarray(frame).quantize(256, method=octree, dither=undithered) for frame in _of_one_width(frames)
    ]
    durations = [milliseconds] * len(others) + [10 * milliseconds]
    first.save(path, format="GIF", save_all=True, append_images=others, duration=durations, loop=0, optimize=True)
