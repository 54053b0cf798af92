"""A data set's name to its pictures, and the sources that are refused."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from gans import celeba, datasets
from gans.errors import InputError


def download(folder: Path, **changes: Any) -> None:
    values: dict[str, Any] = {
        "dataset": "celeba",
        "kept": folder / "nothing",
        "num_toyfaces": 20,
        "root": None,
        "url": "http://127.0.0.1:9/nothing",
        "sha256": None,
        "condition_on": [],
    }
    values |= changes
    datasets.download(values.pop("dataset"), folder, **values)


def test_toyfaces_are_drawn_where_they_are_wanted(tmp_path: Path) -> None:
    download(tmp_path / "raw", dataset="toyfaces")
    images = datasets.open_images(tmp_path / "raw", [])
    assert len(images.names) == 20
    assert images.labels is None
    assert images.read("000001.jpg").size == (178, 218)


def test_a_root_for_toyfaces_is_a_misunderstanding(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="toyfaces are drawn, not read; set dataset: celeba"):
        download(tmp_path / "raw", dataset="toyfaces", root=tmp_path)


def test_a_local_root_is_checked_before_it_counts_as_downloaded(toyfaces_folder: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    shutil.copytree(toyfaces_folder, root)
    (root / celeba.PARTITION).write_text("000001.jpg 0\n")
    with pytest.raises(InputError, match=r"has no row for 000002\.jpg and 46 more"):
        download(tmp_path / "raw", root=root)


def test_labels_are_the_joint_values_of_the_attributes(toyfaces_folder: Path) -> None:
    images = datasets.open_images(toyfaces_folder, ["Smiling", "Wearing_Hat"])
    assert images.class_names == [
        "not Smiling, not Wearing_Hat",
        "Smiling, not Wearing_Hat",
        "not Smiling, Wearing_Hat",
        "Smiling, Wearing_Hat",
    ]
    assert images.labels is not None
    assert set(images.labels.tolist()) <= {0, 1, 2, 3}


def test_labels_without_the_list_are_refused(toyfaces_folder: Path, tmp_path: Path) -> None:
    shutil.copyfile(toyfaces_folder / celeba.ARCHIVE, tmp_path / celeba.ARCHIVE)
    with pytest.raises(InputError, match=r"data\.condition_on is \['Smiling'\], but there is no list_attr_celeba\.txt"):
        datasets.open_images(tmp_path, ["Smiling"])
