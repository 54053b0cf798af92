"""CIFAR-10's batches: the published layout, as Python 2 and 3 pickle it, and pickles that are no batch."""

import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cifar_files import BATCHES, CLASSES, EACH, PIXELS, batch, files, packed, published, tar
from torchvision.datasets import CIFAR10

from gans.base.errors import InputError
from gans.sources import cifar
from gans.sources.labelled import LabelledImages


def gathered(root: Path, folder: Path) -> LabelledImages:
    cifar.gather(root, folder)
    return cifar.open_images(folder)


def check(images: LabelledImages) -> None:
    found = np.stack([np.asarray(images.read(position)) for position in range(len(images.names))])
    assert (found == PIXELS).all()
    assert images.labels is not None
    assert images.labels.dtype == np.int64
    assert images.labels.tolist() == [(number + i) % 10 for number in range(6) for i in range(EACH)]
    assert images.splits == {"train": range(5 * EACH), "test": range(5 * EACH, 6 * EACH)}
    assert list(images.class_names) == CLASSES
    assert images.channels == 3
    assert images.symmetric
    assert not images.aligned


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("text", [bytes, str])
def test_batches_of_any_pickle_protocol_are_read(tmp_path: Path, protocol: int, text: type) -> None:
    check(gathered(published(tmp_path / "root", protocol, text), tmp_path / "raw"))


def test_batches_are_found_in_the_published_folder_and_in_the_archive(tmp_path: Path) -> None:
    published(tmp_path / "one" / "cifar-10-batches-py")
    check(gathered(tmp_path / "one", tmp_path / "raw"))
    packed(tmp_path / "two", tar(files().items()))
    check(gathered(tmp_path / "two", tmp_path / "raw"))
    assert [path.name for path in (tmp_path / "raw").iterdir()] == ["cifar-10-python.tar.gz"]


def test_the_classes_are_known_without_their_file(tmp_path: Path) -> None:
    root = published(tmp_path / "root")
    (root / "batches.meta").unlink()
    check(gathered(root, tmp_path / "raw"))


def python_2(values: np.ndarray, labels: list[int]) -> bytes:
    """Return a batch as Python 2 and NumPy 1 pickled it: protocol 2, its texts as bytes, NumPy under its old names."""
    raw = values.tobytes()
    return b"".join(
        [
            b"\x80\x02}(U\x04datacnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R",
            b"(K\x01K" + bytes([len(values)]) + b"M\x00\x0c\x86",  # version 1, shape (n, 3072)
            b"cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb",
            b"\x89T" + len(raw).to_bytes(4, "little") + raw + b"tb",  # not in Fortran's order, and the bytes
            b"U\x06labels](" + b"".join(bytes([ord("K"), label]) for label in labels) + b"eu.",
        ]
    )


def test_batches_as_they_were_published_by_python_2_are_read(tmp_path: Path) -> None:
    root = published(tmp_path / "root")
    for number, name in enumerate(BATCHES):
        values = batch(number)
        (root / name).write_bytes(python_2(values[b"data"], values[b"labels"]))
    check(gathered(root, tmp_path / "raw"))


class Harmful:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.target),)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_that_would_run_something_is_refused_and_runs_nothing(tmp_path: Path, protocol: int) -> None:
    harmful = pickle.dumps({"data": Harmful(tmp_path / "harm")}, protocol)
    root = published(tmp_path / "root", data_batch_3=harmful)
    with pytest.raises(
        InputError, match=r"^data_batch_3 asks for \w+\.mkdir, and could run anything; expected numbers"
    ):
        gathered(root, tmp_path / "raw")
    assert not (tmp_path / "harm").exists()


ROWS = np.zeros((EACH, 3072), np.uint8)


WHOLE = pickle.dumps(batch(0))


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (pickle.dumps([1, 2]), "holds a list; expected the dictionary of a CIFAR-10 batch"),
        (pickle.dumps({"labels": [0] * EACH}), "has no data of n x 3,072 unsigned bytes"),
        (pickle.dumps({"data": ROWS[:, :-1], "labels": [0] * EACH}), "has no data of n x 3,072 unsigned bytes"),
        (pickle.dumps({"data": ROWS.astype(float), "labels": [0] * EACH}), "has no data of n x 3,072 unsigned bytes"),
        (pickle.dumps({"data": ROWS, "fine_labels": [0] * EACH}), "has no list of labels from 0 to 9"),
        (pickle.dumps({"data": ROWS, "labels": [0, 1, 2, 10]}), "has no list of labels from 0 to 9"),
        (pickle.dumps({"data": ROWS, "labels": [0, 1, 2]}), "has 3 labels for 4 images; expected one for each"),
        (b"", r"cannot be read \(.*fetch it anew$"),
        (b"<html>", r"cannot be read \(.*fetch it anew$"),
        (WHOLE[:-100], r"cannot be read \(.*fetch it anew$"),
    ],
    ids=["list", "no-data", "narrow", "floats", "cifar-100", "label-10", "few-labels", "empty", "page", "cut"],
)
def test_what_is_no_batch_is_named(tmp_path: Path, content: bytes, found: str) -> None:
    root = published(tmp_path / "root", data_batch_2=content)
    with pytest.raises(InputError, match=f"^data_batch_2 {found}") as caught:
        gathered(root, tmp_path / "raw")
    assert "\n" not in str(caught.value)


def test_a_missing_batch_is_named_before_anything_is_copied(tmp_path: Path) -> None:
    root = published(tmp_path / "root")
    (root / "data_batch_4").unlink()
    with pytest.raises(InputError, match=r"holds no data_batch_4 or cifar-10-python\.tar\.gz; expected the"):
        cifar.gather(root, tmp_path / "raw")
    assert not (tmp_path / "raw").exists()


def test_an_archive_without_a_batch_is_refused(tmp_path: Path) -> None:
    packed(tmp_path / "root", tar(list(files().items())[:5]))
    with pytest.raises(InputError, match="holds no test_batch; expected CIFAR-10's six batches"):
        gathered(tmp_path / "root", tmp_path / "raw")


@pytest.mark.parametrize("keep", [0, 40, 20_000])
def test_an_archive_cut_short_is_named(tmp_path: Path, keep: int) -> None:
    path = packed(tmp_path / "root", tar(files().items()))
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(InputError, match=r"cifar-10-python\.tar\.gz: .*; expected the whole published archive"):
        gathered(tmp_path / "root", tmp_path / "raw")


def test_nothing_is_unpacked_and_nothing_too_large_is_read(tmp_path: Path) -> None:
    members = {"../../escaped": b"abc", "data_batch_1": bytes(cifar.MAX_BYTES + 1)}
    packed(tmp_path / "root", tar(members.items()))
    with pytest.raises(InputError, match=r"data_batch_1 has 67108865 bytes; expected at most 67108864"):
        gathered(tmp_path / "root", tmp_path / "raw")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["raw", "root"]


def test_the_names_are_torchvisions() -> None:
    assert CIFAR10.base_folder == cifar.FOLDER
    assert CIFAR10.filename == cifar.ARCHIVE
    assert [name for name, _ in [*CIFAR10.train_list, *CIFAR10.test_list]] == BATCHES
