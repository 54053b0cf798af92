"""The packed data set."""

import json
from pathlib import Path

import numpy as np

from gans import arrays
from gans.arrays import DataShape


def test_images_are_spread_over_all_classes() -> None:
    by_class = np.repeat(np.arange(10), 8)  # sorted, eight of each
    assert sorted(set(arrays.spread(by_class, 20).tolist())) == list(range(10))
    assert (arrays.spread(by_class, 80) == by_class).all()


def test_what_is_held_out_is_all_but_the_training_split(tmp_path: Path) -> None:
    np.save(tmp_path / "images.npy", np.arange(6 * 2 * 2, dtype=np.uint8).reshape(6, 2, 2, 1))
    np.save(tmp_path / "labels.npy", np.array([0, 1, 0, 1, 1, 0]))
    meta = {"splits": {"train": [0, 4], "test": [4, 6]}, "channels": 1, "image_size": 2, "class_counts": [2, 2]}
    (tmp_path / "meta.json").write_text(json.dumps(meta))
    packed = arrays.load(tmp_path)
    assert len(packed.images[packed.held_out]) == 2
    assert packed.train_labels is not None
    assert packed.train_labels.tolist() == [0, 1, 0, 1]
    assert packed.shape == DataShape(1, 2, [2, 2])
    assert packed.shape.num_classes == 2
