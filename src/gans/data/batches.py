"""Images as batches: those to train on, each a function of (array, seed, step), and all in turn."""

import mmap
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache

import numpy as np
import torch

from gans.base.errors import InputError
from gans.data.arrays import Images, Shards
from gans.data.pixels import to_float
from gans.runtime import devices, randomness

MOVED_AT_ONCE = 4096  # images, to the device


def in_turn(images: Images, batch_size: int, device: torch.device) -> Iterator[torch.Tensor]:
    """Yield all images (N, S, S, C) in order as uint8 batches (B, S, S, C) on the device; the last may be smaller."""
    for start in range(0, len(images), batch_size):
        yield torch.from_numpy(np.array(images[start : start + batch_size])).to(device)


class Batches:
    """Batches of uint8 images (N, S, S, C) and their labels (N,): each image once an epoch, in an order from the seed.

    All lie on the device when there is room for them, else on the disk, where a thread reads a batch ahead; what
    comes of it is the same. Mirroring and scaling happen on the device. The last images of an epoch that do not fill a
    batch wait for another epoch. `part` of every batch is wanted here, the rest elsewhere. Raises InputError when there
    are fewer images than a batch takes.
    """

    def __init__(
        self,
        images: Images,
        labels: np.ndarray | None,
        *,
        batch_size: int,
        random_flip: bool,
        seed: int,
        device: torch.device,
        part: slice = slice(None),
    ) -> None:
        if len(images) < batch_size:
            raise InputError(f"batch_size is {batch_size}, but {len(images)} training images; expected at most as many")
        fits = images.nbytes <= devices.room_for_images(device)
        self._take = _on_device(images, device) if fits else _OnDisk(images, device)
        self._home = device if fits else torch.device("cpu")  # of what says which image comes when
        self._labels = None if labels is None else torch.from_numpy(np.array(labels)).to(device)
        self._num_images = len(images)
        self._batch_size = batch_size
        self._part = part
        self._seed = seed
        self._random_flip = random_flip
        self._device = device
        self._order_of = lru_cache(1)(self._shuffled)
        self.per_epoch = len(images) // batch_size

    def __getitem__(self, step: int) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Return batch number `step`: images, float (B, C, S, S) in [-1, 1], and labels (B,) where there are any."""
        chosen = self._chosen(step)
        images = self._take(chosen, self._chosen(step + 1))
        if self._random_flip:
            source = randomness.generator(self._device, self._seed, "flip", step)
            mirrored = torch.rand(self._batch_size, 1, 1, 1, generator=source, device=self._device)[self._part] < 0.5
            images = torch.where(mirrored, images.flip(2), images)
        if self._labels is None:
            return to_float(images), None
        pinned = chosen.pin_memory() if chosen.device.type != self._device.type else chosen  # sent without a wait
        return to_float(images), self._labels[pinned.to(self._device, non_blocking=True)]

    def _chosen(self, step: int) -> torch.Tensor:
        """Return the places of a batch's images in the array, (B,)."""
        epoch, place = divmod(step, self.per_epoch)
        return self._order_of(epoch)[place * self._batch_size : (place + 1) * self._batch_size][self._part]

    def _shuffled(self, epoch: int) -> torch.Tensor:
        source = randomness.generator(torch.device("cpu"), self._seed, "shuffle", epoch)
        return torch.randperm(self._num_images, generator=source).to(self._home)


def _on_device(images: Images, device: torch.device) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    """Move all images to the device; return what `_OnDisk` is, but for these."""
    moved = torch.empty(images.shape, dtype=torch.uint8, device=device)
    for number, some in enumerate(in_turn(images, MOVED_AT_ONCE, device)):
        moved[number * MOVED_AT_ONCE :][: len(some)] = some
    return lambda chosen, then: moved[chosen]


class _OnDisk:
    """Images of mapped arrays. A thread reads those asked for next meanwhile; no more than these stay in memory."""

    def __init__(self, images: Images, device: torch.device) -> None:
        self._images = images if isinstance(images, Shards) else Shards([images])
        self._maps = [_Map(part) for part in self._images.parts]
        self._device = device
        self._reader = ThreadPoolExecutor(1, "batches")
        self._ahead: tuple[torch.Tensor, Future[torch.Tensor]] | None = None

    def __call__(self, chosen: torch.Tensor, then: torch.Tensor) -> torch.Tensor:
        """Return the images at these places, (B, S, S, C), on the device, and begin to read those to be taken next."""
        expected = self._ahead is not None and torch.equal(self._ahead[0], chosen)
        found = self._ahead[1].result() if self._ahead and expected else self._read(chosen)
        self._ahead = then, self._reader.submit(self._read, then)
        return found.to(self._device, non_blocking=True)

    def _read(self, chosen: torch.Tensor) -> torch.Tensor:
        size = (len(chosen), *self._images.shape[1:])
        read = torch.empty(size, dtype=torch.uint8, pin_memory=self._device.type == "cuda")
        holders = self._images.holders(chosen.numpy())
        for number, _, inside in holders:  # ask the disk for all of them at once
            self._maps[number].announce(inside)
        for number, rows, inside in holders:
            part = self._images.parts[number]
            if len(rows) == len(chosen):
                np.take(part, inside, axis=0, out=read.numpy(), mode="clip")  # other ways copy once more
            else:
                read.numpy()[rows] = part[inside]
            self._maps[number].let_go()
        return read


class _Map:
    """What the system is told of a mapped array; nothing, where the array is in memory in any case."""

    def __init__(self, images: np.ndarray) -> None:
        self._map: mmap.mmap | None = getattr(images, "_mmap", None)  # of np.memmap and of its slices
        if self._map is not None:
            self._start = images.ctypes.data - np.frombuffer(self._map, np.uint8).ctypes.data  # in the map
            self._bytes = images.strides[0]  # of an image
            self._map.madvise(mmap.MADV_RANDOM)  # nothing is gained by what happens to lie beside an image

    def announce(self, places: np.ndarray) -> None:
        """Say which images are going to be read."""
        if self._map is not None:
            for place in places.tolist():
                start, more = divmod(self._start + place * self._bytes, mmap.PAGESIZE)
                self._map.madvise(mmap.MADV_WILLNEED, start * mmap.PAGESIZE, more + self._bytes)

    def let_go(self) -> None:
        """Say that what was read need not be kept on our account; the system keeps what it has room for."""
        if self._map is not None:
            self._map.madvise(mmap.MADV_DONTNEED)
