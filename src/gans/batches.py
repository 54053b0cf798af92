"""Images as batches: those to train on, each a function of (array, seed, step), and all in turn."""

from collections.abc import Iterator

import numpy as np
import torch

from gans import randomness
from gans.errors import InputError
from gans.images import to_float


def in_turn(images: np.ndarray, batch_size: int, device: torch.device) -> Iterator[torch.Tensor]:
    """Yield all images (N, S, S, C) in order as uint8 batches (B, S, S, C) on the device; the last may be smaller."""
    for start in range(0, len(images), batch_size):
        yield torch.from_numpy(np.array(images[start : start + batch_size])).to(device)


class Batches:
    """Batches of a uint8 array (N, S, S, C) and its labels (N,): every image once an epoch, in an order from the seed.

    The array goes to the device once; gathering, mirroring and scaling happen there. The last images of an epoch that
    do not fill a batch wait for another epoch. Raises InputError when there are fewer images than a batch takes.
    """

    def __init__(
        self,
        images: np.ndarray,
        labels: np.ndarray | None,
        *,
        batch_size: int,
        random_flip: bool,
        seed: int,
        device: torch.device,
    ) -> None:
        if len(images) < batch_size:
            raise InputError(f"batch_size is {batch_size}, but {len(images)} training images; expected at most as many")
        self._images = torch.from_numpy(np.array(images)).to(device)
        self._labels = None if labels is None else torch.from_numpy(np.array(labels)).to(device)
        self._batch_size = batch_size
        self._seed = seed
        self._random_flip = random_flip
        self._device = device
        self._epoch = -1
        self.per_epoch = len(images) // batch_size

    def __getitem__(self, step: int) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Return batch number `step`: images, float (B, C, S, S) in [-1, 1], and labels (B,) where there are any."""
        epoch, place = divmod(step, self.per_epoch)
        chosen = self._order(epoch)[place * self._batch_size : (place + 1) * self._batch_size]
        images = to_float(self._images[chosen])
        if self._random_flip:
            source = randomness.generator(self._device, self._seed, "flip", step)
            mirrored = torch.rand(self._batch_size, 1, 1, 1, generator=source, device=self._device) < 0.5
            images = torch.where(mirrored, images.flip(3), images)
        return images, None if self._labels is None else self._labels[chosen]

    def _order(self, epoch: int) -> torch.Tensor:
        """Return the order of the images in an epoch, made anew when the epoch changes."""
        if epoch != self._epoch:
            source = randomness.generator(torch.device("cpu"), self._seed, "shuffle", epoch)
            self._permutation = torch.randperm(len(self._images), generator=source).to(self._device)
            self._epoch = epoch
        return self._permutation
