"""A trained generator for use: numbers in, pictures out."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from gans.base.errors import InputError
from gans.base.settings import nearest
from gans.data.arrays import DataShape
from gans.networks.sampling import Sampler, slerp
from gans.zoo import latents

BLOCK = 64  # images that are always made together: in batches of another size, the last bit of a pixel may differ


@dataclass(frozen=True)
class Generator:
    """A trained generator. `generator(16, seed=0)` gives 16 pictures, uint8 (16, S, S, C).

    Picture number i of a seed is the same in every call, however many are asked for, on one model of processor or GPU;
    on another model its pixels may differ by rounding.
    """

    name: str
    title: str  # the variant's printed name
    nz: int  # numbers in a latent
    shape: DataShape
    sampler: Sampler
    device: torch.device

    def __repr__(self) -> str:
        size, channels = self.size, self.channels
        classes = f", classes {', '.join(self.classes)}" if self.classes else ""
        return f"<{self.title} {self.name!r}: {self.nz} numbers to {size} x {size} x {channels}{classes}>"

    @property
    def size(self) -> int:
        """Return S, the side of the pictures in pixels."""
        return self.shape.size

    @property
    def channels(self) -> int:
        """Return C: 3 for colour, 1 for grey."""
        return self.shape.channels

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """Return the names of the classes that it can be asked for, none where it takes no labels."""
        named = self.shape.class_names or map(str, range(self.shape.num_classes))
        return tuple(named) if self.sampler.class_counts else ()

    def __call__(
        self, count: int = 1, seed: int = 0, label: str | int | None = None, truncation: float | None = None
    ) -> np.ndarray:
        """Return `count` pictures, uint8 (count, S, S, C).

        `label` asks for a class by its name or number; without one, classes are as frequent as in training.
        `truncation` keeps latents between minus and plus itself. Raises InputError for what cannot be drawn.
        """
        return np.concatenate(list(self.blocks(count, seed, label, truncation)))

    def blocks(
        self, count: int, seed: int = 0, label: str | int | None = None, truncation: float | None = None
    ) -> Iterator[np.ndarray]:
        """Return the pictures of a call, one block of 64 after another, so that any number fits into memory."""
        _counted(count, "count")
        self.latents(1, seed, truncation)  # refuses what is wrong, before anything is drawn
        number = None if label is None else self.label(label)

        def drawn() -> Iterator[np.ndarray]:
            for start in range(0, count, BLOCK):
                here = min(BLOCK, count - start)
                z = self.latents(here, seed, truncation, start)
                if number is not None:
                    yield self.images(z, torch.full((here,), number))
                else:
                    yield self.images(z, self.labels(here, seed, start) if self.classes else None)

        return drawn()

    def latents(self, count: int = 1, seed: int = 0, truncation: float | None = None, start: int = 0) -> torch.Tensor:
        """Return latents (count, nz): those of pictures number `start` and following of a seed."""
        _counted(count, "count")
        if not isinstance(seed, int) or not 0 <= seed < 2**64:
            raise InputError(f"the seed is {seed}; expected a whole number from 0 to 2^64 - 1")
        if truncation is not None and not truncation > 0:
            raise InputError(f"truncation is {truncation}; expected a number above 0, such as 1.5")
        return latents.drawn(count, self.nz, seed, truncation, start)

    def labels(self, count: int, seed: int = 0, start: int = 0) -> torch.Tensor:
        """Return the classes, int64 (count,), of a seed's pictures where none is asked for: as frequent as in training.

        Raises InputError where there are no classes.
        """
        if not self.classes:
            raise InputError(f"{self.name} knows no classes")
        shares = np.cumsum(self.shape.class_counts) / np.sum(self.shape.class_counts)
        # the number after those that made the latent
        places = [latents.uniforms(seed, index, self.nz + 1)[-1] for index in range(start, start + count)]
        return torch.from_numpy(np.searchsorted(shares, places))

    def images(self, z: torch.Tensor, labels: torch.Tensor | None = None) -> np.ndarray:
        """Return the pictures of latents (N, nz), uint8 (N, S, S, C), of `labels`, int64 (N,), where it takes them.

        Without labels a generator that takes them makes all pictures of its first class.
        """
        if z.ndim != 2 or z.shape[1] != self.nz:
            raise InputError(f"latents are {tuple(z.shape)}; expected (N, {self.nz})")
        if labels is not None and not self.classes:
            raise InputError(f"{self.name} knows no classes; leave the labels out")
        if self.classes and labels is None:
            labels = torch.zeros(len(z), dtype=torch.int64)
        z = z.float()
        count = len(z)
        missing = -count % BLOCK
        z = torch.cat([z, z.new_zeros(missing, self.nz)]).to(self.device)
        if labels is not None:
            labels = torch.cat([labels, labels.new_zeros(missing)]).to(self.device)
        return self.sampler(z, labels, batch_size=BLOCK)[:count]

    def walk(self, a: torch.Tensor, b: torch.Tensor, steps: int = 10, label: str | int | None = None) -> np.ndarray:
        """Return the pictures on the way from one latent (nz,) to another, both included, uint8 (steps, S, S, C).

        The way is the great arc between the two. `label` is the class of all of them, by its name or number.
        """
        _counted(steps, "steps")
        way = slerp(a[None], b[None], steps)[0]  # (steps, nz)
        return self.images(way, None if label is None else torch.full((steps,), self.label(label)))

    def label(self, asked: str | int) -> int:
        """Return the number of a class given by its name or number; raise InputError when there is none such."""
        if not self.classes:
            raise InputError(f"{self.name} knows no classes, but {asked!r} was asked for; leave the class out")
        if str(asked) in self.classes:
            return self.classes.index(str(asked))
        if str(asked).isdecimal() and int(asked) < len(self.classes):
            return int(asked)
        expected = f"expected one of: {', '.join(self.classes)}{nearest(str(asked), self.classes)}"
        raise InputError(f"{self.name} knows no class {asked!r}; {expected}")


def _counted(count: int, what: str) -> None:
    if not isinstance(count, int) or count < 1:
        raise InputError(f"{what} is {count}; expected a whole number of at least 1")
