"""Batches are a function of (array, seed, step)."""

from pathlib import Path

import numpy as np
import pytest
import torch
from programs import printed

from gans.base.errors import InputError
from gans.data import arrays
from gans.data.arrays import Images
from gans.data.batches import Batches
from gans.data.pixels import to_uint8
from gans.runtime import devices

COUNT = 21


@pytest.fixture
def numbered() -> np.ndarray:
    """Images that tell their number, and which way round they are: the left half is brighter."""
    numbers = np.arange(COUNT, dtype=np.uint8)[:, None, None, None] * 4
    left = np.array([3] * 8 + [0] * 8, np.uint8)[None, None, :, None]
    return np.broadcast_to(numbers + left, (COUNT, 16, 16, 3)).copy()


def make(
    images: Images, *, batch_size: int = 8, random_flip: bool = True, seed: int = 3, device: str = "cpu"
) -> Batches:
    labels = np.arange(len(images))
    where = torch.device(device)
    return Batches(images, labels, batch_size=batch_size, random_flip=random_flip, seed=seed, device=where)


def batch_of(batches: Batches, step: int) -> np.ndarray:
    return to_uint8(batches[step][0]).numpy()


def test_an_epoch_shows_each_image_once(numbered: np.ndarray) -> None:
    batches = make(numbered, batch_size=7)
    assert batches.per_epoch == 3
    for epoch in (0, 1):
        shown = [batch_of(batches, 3 * epoch + place)[:, 0, :, 0].min(1) // 4 for place in range(3)]
        assert sorted(np.concatenate(shown).tolist()) == list(range(COUNT))


def test_any_step_can_be_asked_for_in_any_order_which_follows_from_the_seed(numbered: np.ndarray) -> None:
    batches = make(numbered)
    in_order = [batch_of(batches, step) for step in range(6)]
    for step in (5, 0, 3, 1):
        assert (batch_of(make(numbered), step) == in_order[step]).all()
        assert (batch_of(batches, step) == in_order[step]).all()
    assert not (in_order[0] == in_order[2]).all()
    assert not (batch_of(make(numbered, seed=4), 0) == in_order[0]).all()


def test_half_of_the_images_are_mirrored(numbered: np.ndarray) -> None:
    batches = make(numbered)
    mirrored = np.concatenate(
        [batch[:, 0, 0, 0] < batch[:, 0, -1, 0] for batch in (batch_of(batches, i) for i in range(50))]
    )
    assert abs(mirrored.mean() - 0.5) < 4 * 0.5 / np.sqrt(mirrored.size)
    plain = make(numbered, random_flip=False)
    assert (batch_of(plain, 0)[:, 0, 0, 0] > batch_of(plain, 0)[:, 0, -1, 0]).all()


def test_labels_stay_with_their_images(numbered: np.ndarray) -> None:
    images, labels = make(numbered, random_flip=False)[4]
    assert labels is not None
    assert (to_uint8(images)[:, 0, -1, 0] // 4 == labels).all()
    source = {"batch_size": 8, "random_flip": True, "seed": 3, "device": torch.device("cpu")}
    assert Batches(numbered, None, **source)[0][1] is None  # type: ignore[arg-type]


def test_fewer_images_than_a_batch_are_refused(numbered: np.ndarray) -> None:
    with pytest.raises(InputError, match="batch_size is 64, but 21 training images; expected at most as many"):
        make(numbered, batch_size=64)


@pytest.mark.parametrize("device", ["cpu", "cuda"])
@pytest.mark.parametrize("on_disk", [True, False])
@pytest.mark.parametrize("a_shard", [None, 1, 4, 9, 20, COUNT])
def test_batches_are_the_same_wherever_images_lie(
    numbered: np.ndarray,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    a_shard: int | None,
    on_disk: bool,
    device: str,
) -> None:
    """In memory, in one file or several; whatever is asked for next, as what was read ahead may be something else."""
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("this machine has no GPU")
    source, start = numbered, 0
    if a_shard:
        for path, count in arrays.image_files(tmp_path, COUNT, a_shard).items():
            np.save(path, numbered[start : start + count])
            start += count
        (tmp_path / "meta.json").write_text("{}")
        source = arrays.load(tmp_path).images
    assert len(source) == COUNT
    monkeypatch.setattr(devices, "room_for_images", lambda _: numbered.nbytes)
    wanted = make(numbered[2:], device=device)
    monkeypatch.setattr(devices, "room_for_images", lambda _: 0 if on_disk else numbered.nbytes)
    found = make(source[2:], device=device)
    for step in (0, 1, 2, 3, 4, 2, 7, 8, 0):
        for one, other in zip(found[step], wanted[step], strict=True):
            assert torch.equal(one, other)  # type: ignore[arg-type]


def test_an_array_of_ten_gigabytes_does_not_fill_the_memory(tmp_path: Path) -> None:
    """The file has holes in place of most images, which take no room on the disk, but in memory they would."""
    path = tmp_path / "images.npy"
    images = np.lib.format.open_memmap(path, "w+", np.uint8, (814_000, 64, 64, 3))
    images[:64] = 255
    images.flush()
    assert path.stat().st_size > 10e9
    code = f"""
import numpy, torch
from gans.data import batches
from gans.runtime import devices
cpu = torch.device("cpu")
images = numpy.load({str(path)!r}, mmap_mode="r")
source = batches.Batches(images, None, batch_size=256, random_flip=True, seed=0, device=cpu)
before = devices.peak_memory_mb(cpu)
for step in range(150):
    source[step]
print(before, devices.peak_memory_mb(cpu))
"""
    before, after = map(float, printed(code).split())
    assert after < before + 200  # megabytes, of 472 read
    assert after < 1000
