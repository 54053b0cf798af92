"""What toy faces are painted with: soft shapes on a canvas, the same bytes on any machine.

Nothing may depend on a processor or a library's version, so pixels see only operations that IEEE 754 rounds correctly
(+ - * / sqrt, floor, comparisons). Hence no sin, no exp, no sums over pixels: turns are rational,
(1 - t^2, 2t) / (1 + t^2), edges are smoothsteps.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]  # float32, always: NumPy's stubs lose track of it where a Python float comes in
Colour = tuple[float, float, float]

WIDTH, HEIGHT = 178, 218


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """Return the colour that is `share` of the way from one to the other."""
    red, green, blue = (a + (b - a) * share for a, b in zip(one, other, strict=True))
    return red, green, blue


def smooth(value: Array) -> Array:
    """Return the smoothstep of value: 0 below 0, 1 above 1."""
    value = np.minimum(np.maximum(value, 0.0), 1.0)
    return (value * -2.0 + 3.0) * value * value


def inside(distance: Array, blur: float = 1.6) -> Array:
    """Return the coverage 0..1 of a shape, from the signed distance to its edge, negative inside."""
    return smooth(distance * (-1.0 / blur) + 0.5)


def oval(x: Array, y: Array, half_width: float, half_height: float) -> Array:
    """Return the signed distance, good near the edge, to an ellipse about the origin."""
    u, v = x * (1 / half_width), y * (1 / half_height)
    return (np.sqrt(u * u + v * v) - 1.0) * min(half_width, half_height)


def bump(phase: Array) -> Array:
    """Return a smooth wave 0..1 of period 1."""
    phase = phase - np.floor(phase)
    phase = phase * (1.0 - phase)
    return phase * phase * 16.0


def cloud(size: int, cell: int) -> Array:
    """Return smooth periodic noise 0..1, (size, size), with a random value every `cell` pixels."""
    cells = size // cell
    raw = np.random.Philox(key=size).random_raw(cells * cells) >> np.uint64(40)
    grid = raw.astype(np.float32).reshape(cells, cells) * np.float32(2.0**-24)
    step = smooth(np.arange(cell, dtype=np.float32) * np.float32(1 / cell))
    for _ in range(2):  # lengthen the rows, turn, lengthen the rows
        grid = (grid[:, :, None] + (np.roll(grid, -1, axis=1) - grid)[:, :, None] * step).reshape(len(grid), -1).T
    return np.ascontiguousarray(grid)


NOISE = cloud(512, 16)
ROWS = np.arange(HEIGHT, dtype=np.float32)[:, None]
COLUMNS = np.arange(WIDTH, dtype=np.float32)[None, :]


def noise(x: Array, y: Array) -> Array:
    """Return NOISE at pixels x, y, which may be anything above -4096."""
    row, column = ((place + 4096.0).astype(np.intp) & 511 for place in (y, x))
    return NOISE.take(512 * row + column)


class Patch(NamedTuple):
    """A window of the canvas: pixels (3, h, w) to paint on, and where they are on the face, (h, w)."""

    pixels: Array
    x: Array
    y: Array

    def blend(self, colour: Colour, coverage: Array) -> None:
        """Paint a colour as thickly as coverage, 0..1, says."""
        step = (np.array(colour, np.float32).reshape(3, 1, 1) - self.pixels) * coverage
        np.add(self.pixels, step, out=self.pixels)


class Frame:
    """The canvas in the face's own coordinates: scaled, moved, and turned by twice the angle with tangent `turn`."""

    def __init__(self, pixels: Array, origin: tuple[float, float], scale: float, turn: float) -> None:
        """Lay coordinates over pixels (3, h, w) that are 0, 0 at the origin's column and row."""
        cosine, sine = (1 - turn * turn) / (1 + turn * turn), 2 * turn / (1 + turn * turn)
        column, row = COLUMNS - np.float32(origin[0]), ROWS - np.float32(origin[1])
        x = column * (cosine / scale) + row * (sine / scale)
        self.whole = Patch(pixels, x, row * (cosine / scale) - column * (sine / scale))
        self._origin, self._cosine, self._sine = origin, cosine * scale, sine * scale

    def patch(self, x: float, y: float, half_width: float, half_height: float) -> Patch:
        """Return the window that holds the given box."""
        column = self._origin[0] + self._cosine * x - self._sine * y
        row = self._origin[1] + self._sine * x + self._cosine * y
        wide = self._cosine * half_width + abs(self._sine) * half_height + 2
        high = self._cosine * half_height + abs(self._sine) * half_width + 2
        rows = slice(max(0, int(row - high)), max(0, int(row + high)))
        columns = slice(max(0, int(column - wide)), max(0, int(column + wide)))
        return Patch(self.whole.pixels[:, rows, columns], self.whole.x[rows, columns], self.whole.y[rows, columns])

    def disc(self, colour: Colour, x: float, y: float, wide: float, high: float, opacity: float = 1.0) -> None:
        """Paint an oval with a crisp edge; x, y is its centre, wide and high are its half axes."""
        patch = self.patch(x, y, wide, high)
        patch.blend(colour, inside(oval(patch.x - x, patch.y - y, wide, high)) * opacity)

    def glow(self, colour: Colour, x: float, y: float, wide: float, high: float, opacity: float) -> None:
        """Paint an oval that fades away towards its edge."""
        patch = self.patch(x, y, wide, high)
        u, v = (patch.x - x) * (1 / wide), (patch.y - y) * (1 / high)
        fade = np.maximum(1.0 - u * u - v * v, 0.0)
        patch.blend(colour, fade * fade * opacity)

    def bow(self, colour: Colour, x: float, y: float, wide: float, rise: float, thick: float, opacity: float) -> None:
        """Paint a parabola through (x +- wide, y) whose apex is `rise` above, thinning out to its ends."""
        patch = self.patch(x, y - rise / 2, wide, abs(rise) / 2 + thick)
        u = (patch.x - x) * (1 / wide)
        taper = np.maximum(1.0 - u * u, 0.0)
        distance = np.abs(patch.y - y + taper * rise) - taper * (thick / 2)
        patch.blend(colour, inside(distance) * smooth(taper * 4.0) * opacity)
