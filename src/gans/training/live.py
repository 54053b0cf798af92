"""What can be seen of a training while it goes on: curves and images in TensorBoard, and one picture."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from gans.base import publishing
from gans.base.errors import InputError, in_one_line
from gans.runtime import devices

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

SECONDS_BETWEEN = 10.0  # two looks, at least ...
SHARE = 0.01  # ... and so many that looking takes no more than this of the time ...
THINNING = 0.02  # ... and more the longer it goes on: after an hour there is a look every 72 seconds
RUNS_KEPT = 8  # of a variant, those that were written to last
COLOURS = {"loss_d": "#d95f02", "loss_g": "#1b6ca8"}
SIDE, MARGIN, HEAD, SCALE = 320, 16, 60, 48  # pixels of the picture's grid and plot, around, over and right of them
TOLD = "images_told"  # a file in a run
POINTS = 160  # of a loss, at most
Rows = Sequence[dict[str, float]]  # of a loss curve
PAPER, INK, PALE = "#ffffff", "#202020", "#c8c8c8"


class Live:
    """Shows a training in `folder`, its variant's: as a run of TensorBoard in it, and as `<folder>.png` beside it.

    Nothing here changes a training, slows it by more than a hundredth, or ends it: what goes wrong is told once.
    """

    def __init__(self, folder: Path, title: str, key: str, device: torch.device) -> None:
        self._folder, self._title, self._key, self._device = folder, title, key, device
        self._writer: SummaryWriter | None = None
        self._told = 0  # images: up to where TensorBoard has the curve
        self._broken: set[str] = set()

    @contextmanager
    def watching(self, images_seen: int) -> Iterator[None]:
        """Watch a training that has seen so many images: in the curve that it had, where it is one that goes on."""
        self._before = images_seen
        self._began = time.monotonic()
        self._next = self._began + SECONDS_BETWEEN
        self._safely("TensorBoard", self._open)
        try:
            yield
        finally:
            self._safely("TensorBoard", lambda: self._writer.close() if self._writer else None)

    def due(self) -> bool:
        """Return whether it is time to look again."""
        return time.monotonic() >= self._next

    def show(self, rows: Callable[[], Rows], images: Callable[[], np.ndarray], total: int) -> None:
        """Show a training of `total` images as it is: the loss curve so far, and images uint8 (16, S, S, C)."""
        began = time.monotonic()
        self._safely("a look", lambda: self._show(rows(), images, total))
        now = time.monotonic()
        self._next = now + max(SECONDS_BETWEEN, (now - began) / SHARE, THINNING * (now - self._began))

    def _show(self, curve: Rows, images: Callable[[], np.ndarray], total: int) -> None:
        if curve:
            grid, pace = mosaic(images()), (curve[-1]["images"] - self._before) / (time.monotonic() - self._began)
            self._safely("TensorBoard", lambda: self._write(curve, grid, pace))
            self._safely("its picture", lambda: self._draw(curve, grid, pace, total))

    def _open(self) -> None:
        """Begin a run of TensorBoard, or go on with the training's own, where TensorBoard is installed."""
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            return
        earlier = sorted(self._folder.glob(f"*_{self._key}")) if self._before else []
        fresh = self._folder / f"{datetime.now():%Y-%m-%d_%H-%M-%S}_{self._key}"
        self._run = [fresh, *earlier][-1]
        with suppress(OSError, ValueError):  # of a run that nothing was written to
            self._told = min(self._before, int((self._run / TOLD).read_text()))
        self._writer = SummaryWriter(self._run, purge_step=self._told + 1)
        with suppress(OSError):  # another process forgets the same ones
            self._forget_old_runs()

    def _write(self, curve: Rows, grid: np.ndarray, pace: float) -> None:
        """Add to the run what it has not yet, over the images seen."""
        if not self._writer:
            return
        for row in (row for row in curve if row["images"] > self._told):
            for column in list(row)[3:]:  # behind step, images and epoch
                self._writer.add_scalar(column, row[column], int(row["images"]))
        self._told = int(curve[-1]["images"])
        self._writer.add_scalar("images_per_second", pace, self._told)
        self._writer.add_scalar("memory_mb", devices.peak_memory_mb(self._device), self._told)
        self._writer.add_image("fixed_latents", grid, self._told, dataformats="HWC")
        self._writer.flush()
        (self._run / TOLD).write_text(str(self._told))

    def _draw(self, curve: Rows, grid: np.ndarray, pace: float, total: int) -> None:
        file = self._folder.with_suffix(".png")
        with suppress(InputError), publishing.published(file) as draft:  # another process may be drawing it, too
            picture(self._title, curve, grid, pace, total).save(draft, "PNG")

    def _forget_old_runs(self) -> None:
        def last_written(run: Path) -> float:
            return max((file.stat().st_mtime for file in run.iterdir()), default=0.0)

        runs = sorted((path for path in self._folder.glob("*_*") if path.is_dir()), key=last_written)
        for run in runs[:-RUNS_KEPT]:
            publishing.remove(run)

    def _safely(self, part: str, look: Callable[[], None]) -> None:
        """Tell what goes wrong, whatever it is, and do it no more: a training is worth more than its pictures."""
        if part not in self._broken:
            try:
                look()
            except Exception as error:
                self._broken.add(part)
                print(f"{self._title} goes on, but {part} does not show it: {in_one_line(error)}", file=sys.stderr)


def mosaic(images: np.ndarray) -> np.ndarray:
    """Return 16 images uint8 (16, S, S, C) as one, uint8 (4 S, 4 S, 3)."""
    side = images.shape[1]
    page = images.reshape(4, 4, side, side, -1).transpose(0, 2, 1, 3, 4).reshape(4 * side, 4 * side, -1)
    return np.broadcast_to(page, (*page.shape[:2], 3))


def picture(title: str, rows: Rows, grid: np.ndarray, pace: float, total: int) -> Image.Image:
    """Return the images, as one, the losses over the images seen, and how long it will take, side by side."""
    seen = int(rows[-1]["images"])
    left = timedelta(seconds=round((total - seen) / pace)) if pace else "?"
    page = Image.new("RGB", (2 * SIDE + 3 * MARGIN + SCALE, HEAD + SIDE + MARGIN), PAPER)
    pen, small = ImageDraw.Draw(page), ImageFont.load_default(size=13)
    pen.text((MARGIN, 8), title, INK, ImageFont.load_default(size=20))
    line = f"epoch {rows[-1]['epoch']:.1f}, {seen:,} of {total:,} images, {pace:,.0f} a second, {left} left"
    pen.text((MARGIN, 34), line, INK, small)
    page.paste(Image.fromarray(grid).resize((SIDE, SIDE), Image.Resampling.BICUBIC), (MARGIN, HEAD))

    # The losses, each point the mean of some rows, from the least to the most of both, over the whole training.
    x0, y0 = 2 * MARGIN + SIDE, HEAD
    pen.rectangle((x0, y0, x0 + SIDE, y0 + SIDE), outline=PALE)
    seen_at = np.array([row["images"] for row in rows])
    points = {column: np.array([row.get(column, np.nan) for row in rows]) for column in COLOURS}
    parts = np.array_split(np.arange(len(rows)), min(len(rows), POINTS))
    means = {column: np.array([values[part].mean() for part in parts]) for column, values in points.items()}
    means = {column: values for column, values in means.items() if np.isfinite(values).all()}  # the VAE has no D
    low, high = (float(extreme([*means.values()])) for extreme in (np.min, np.max))
    places = x0 + SIDE * np.array([seen_at[part].mean() for part in parts]) / total
    for number, (column, values) in enumerate(means.items()):
        heights = y0 + SIDE * (1.0 - (values - low) / ((high - low) or 1.0))
        pen.line(list(zip(places.tolist(), heights.tolist(), strict=True)), COLOURS[column], 2)
        told = f"{column} {points[column][-1]:.3f}"
        pen.text((x0 + SIDE - 120 * number, y0 - 6), told, COLOURS[column], small, "rs")
    for value, height, anchor in ((high, y0, "la"), (low, y0 + SIDE, "ls")):
        pen.text((x0 + SIDE + 6, height), f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2g}", INK, small, anchor)
    return page
