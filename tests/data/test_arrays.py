"""The packed data set."""

import json
from pathlib import Path

import numpy as np
import pytest

from gans.data import arrays
from gans.data.arrays import DataShape, Shards


def test_images_are_spread_over_all_classes() -> None:
    by_class = np.repeat(np.arange(10), 8)  # sorted, eight of each
    assert sorted(set(arrays.spread(by_class, 20).tolist())) == list(range(10))
    assert (arrays.spread(by_class, 80) == by_class).all()


def test_what_is_held_out_is_all_but_the_training_split(tmp_path: Path) -> None:
    np.save(tmp_path / "images.npy", np.arange(6 * 2 * 2, dtype=np.uint8).reshape(6, 2, 2, 1))
    np.save(tmp_path / "labels.npy", np.array([0, 1, 0, 1, 1, 0]))
    meta = {
        "splits": {"train": [0, 4], "test": [4, 6]},
        "channels": 1,
        "image_size": 2,
        "class_counts": [2, 2],
        "class_names": ["a", "b"],
    }
    (tmp_path / "meta.json").write_text(json.dumps(meta))
    packed = arrays.load(tmp_path)
    assert len(packed.images[packed.held_out]) == 2
    assert packed.train_labels is not None
    assert packed.train_labels.tolist() == [0, 1, 0, 1]
    assert packed.shape == DataShape(1, 2, [2, 2], ["a", "b"])
    assert packed.shape.num_classes == 2


@pytest.mark.parametrize("a_shard", [1, 3, 4, 7, 10])
def test_shards_are_read_as_one_array(a_shard: int) -> None:
    whole = np.arange(10 * 2 * 2, dtype=np.uint8).reshape(10, 2, 2, 1)
    shards = Shards([whole[start : start + a_shard] for start in range(0, 10, a_shard)])
    assert (len(shards), shards.shape, shards.nbytes) == (10, whole.shape, whole.nbytes)
    assert (np.array(shards) == whole).all()
    for places in ([9, 0, 3, 3, 4], [], [5]):
        assert (shards[np.array(places, int)] == whole[np.array(places, int)]).all()
    for part in (slice(2, 9), slice(7, None), slice(0, 1), slice(None)):
        assert isinstance(shards[part], Shards)
        assert (np.array(shards[part]) == whole[part]).all()
        assert (shards[part][np.array([0])] == whole[part][[0]]).all()
    assert (shards[2:9][1:3][np.array([1, 0])] == whole[[4, 3]]).all()


def test_the_last_shard_takes_what_is_left() -> None:
    folder = Path("somewhere")
    assert arrays.image_files(folder, 10, 10) == {folder / "images.npy": 10}
    names = ("images_00000.npy", "images_00001.npy", "images_00002.npy")
    assert arrays.image_files(folder, 10, 4) == dict(zip((folder / name for name in names), (4, 4, 2), strict=True))
