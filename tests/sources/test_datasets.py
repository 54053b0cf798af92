"""A data set's name to its pictures, and the sources that are refused."""

from pathlib import Path

import pytest
from picture_files import picture

from gans.base.errors import InputError
from gans.sources import datasets


def download(folder: Path, dataset: str = "celeba", root: Path | None = None) -> None:
    datasets.download(
        dataset,
        folder,
        kept=folder / "nothing",
        num_toyfaces=20,
        root=root,
        url="http://127.0.0.1:9/nothing",
        sha256=None,
        condition_on=[],
        emnist_split="balanced",
    )


def test_toyfaces_are_drawn_where_they_are_wanted(tmp_path: Path) -> None:
    download(tmp_path / "raw", dataset="toyfaces")
    images = datasets.open_images("toyfaces", tmp_path / "raw", [], "balanced")
    assert len(images.names) == 20
    assert images.labels is None
    assert images.class_names == []
    assert images.read(0).size == (178, 218)
    assert images.symmetric
    assert images.aligned


@pytest.mark.parametrize("dataset", ["celeba", "folder", "mnist", "cifar10"])
def test_the_folder_where_downloads_wait_is_no_root(toyfaces_folder: Path, dataset: str) -> None:
    before = sorted(toyfaces_folder.iterdir())
    with pytest.raises(InputError, match="where downloads wait; move the files to a folder of their own"):
        download(toyfaces_folder, dataset=dataset, root=toyfaces_folder)
    assert sorted(toyfaces_folder.iterdir()) == before


def test_what_is_gathered_from_a_folder_replaces_what_was_there(tmp_path: Path) -> None:
    root, raw = tmp_path / "root", tmp_path / "raw"
    root.mkdir()
    raw.mkdir()
    (raw / "leftover.txt").write_text("of another time")
    for number in range(3):
        (root / f"{number}.png").write_bytes(picture(number))
    download(raw, dataset="folder", root=root)
    assert [path.name for path in raw.iterdir()] == ["images.zip"]
    images = datasets.open_images("folder", raw, ["Smiling"], "balanced")  # which faces alone have
    assert images.names == ["0.png", "1.png", "2.png"]
    assert images.labels is None


@pytest.mark.parametrize(
    ("dataset", "with_root", "found"),
    [
        ("toyfaces", True, "toyfaces are drawn, not read; set dataset: celeba"),
        ("folder", False, r"data\.root is empty; dataset: folder needs one, a folder or a zip"),
        ("mnist", True, r"which holds no train-images-idx3-ubyte or train-images-idx3-ubyte\.gz; expected the"),
        ("emnist", True, r"which holds no emnist-balanced-train-images.* or gzip\.zip; expected the published files"),
        ("fashion_mnist", True, r"which holds no train-images-idx3-ubyte or .* there or in FashionMNIST/raw"),
        ("cifar10", True, r"which holds no data_batch_1 or cifar-10-python\.tar\.gz; expected the published files"),
    ],
)
def test_a_root_of_no_use_is_named(tmp_path: Path, dataset: str, with_root: bool, found: str) -> None:
    with pytest.raises(InputError, match=rf"data\.root is {tmp_path}, .*{found}" if with_root else found):
        download(tmp_path / "raw", dataset=dataset, root=tmp_path if with_root else None)
    assert list(tmp_path.iterdir()) == []
