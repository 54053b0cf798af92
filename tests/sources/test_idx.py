"""IDX files: the published layout, the faults of real copies, and the real Fashion-MNIST where it is installed."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from idx_files import IMAGES, LABELS, idx_bytes, nists_zip, published
from torchvision.datasets import EMNIST, MNIST, FashionMNIST

from gans import preprocess
from gans.base.errors import InputError
from gans.data import arrays
from gans.sources import idx
from gans.sources.labelled import LabelledImages

DEBIAN = Path("/usr/share/datasets/fashion-mnist")


def gathered(root: Path, folder: Path, dataset: str = "mnist", split: str = "balanced") -> LabelledImages:
    idx.gather(dataset, root, folder, split)
    return idx.open_images(dataset, folder, split)


def pixels(images: LabelledImages) -> np.ndarray:
    return np.stack([np.asarray(images.read(position)) for position in range(len(images.names))])


BOTH = np.concatenate([IMAGES["train"], IMAGES["t10k"]])


@pytest.mark.parametrize("gzipped", [False, True], ids=["plain", "gzipped"])
@pytest.mark.parametrize(("dataset", "place"), [("mnist", "MNIST/raw"), ("fashion_mnist", "FashionMNIST/raw")])
def test_the_published_files_are_read_where_they_lie(tmp_path: Path, gzipped: bool, dataset: str, place: str) -> None:
    for number, where in enumerate((".", place)):
        published(tmp_path / f"root{number}" / where, gzipped)
        images = gathered(tmp_path / f"root{number}", tmp_path / f"raw{number}", dataset)
        assert (pixels(images) == BOTH).all()
        assert images.labels is not None
        assert images.labels.dtype == np.int64
        assert images.labels.tolist() == [*range(10), *range(10), *range(10)]
        assert images.splits == {"train": range(20), "test": range(20, 30)}
        assert images.read(0).mode == "L"
        assert images.channels == 1
        assert not images.symmetric
        assert not images.aligned


def test_only_the_four_files_are_gathered(tmp_path: Path) -> None:
    root = published(tmp_path / "root")
    wanted = sorted(path.name for path in root.iterdir())
    (root / "notes.txt").write_text("mine")
    gathered(root, tmp_path / "raw")
    assert sorted(path.name for path in (tmp_path / "raw").iterdir()) == wanted


def test_emnist_is_turned_upright(tmp_path: Path) -> None:
    """NIST's files hold each picture column by column: what they call its first row is its first column."""
    images = gathered(
        published(tmp_path / "root", prefix="emnist-digits-", test="test"), tmp_path / "raw", "emnist", "digits"
    )
    assert (pixels(images) == BOTH.transpose(0, 2, 1)).all()


def test_letters_are_counted_from_nought(tmp_path: Path) -> None:
    root = published(tmp_path / "root", prefix="emnist-letters-", test="test", first_label=1)
    images = gathered(root, tmp_path / "raw", "emnist", "letters")
    assert images.labels is not None
    assert images.labels.tolist() == [*range(10), *range(10), *range(10)]
    assert images.class_names[0] == "a"
    (root / "emnist-letters-test-labels-idx1-ubyte").write_bytes(idx_bytes(LABELS["t10k"]))
    with pytest.raises(InputError, match="emnist-letters-test-labels-idx1-ubyte has the label 0; expected 1 to 26"):
        gathered(root, tmp_path / "raw", "emnist", "letters")


@pytest.mark.parametrize("split", EMNIST.splits)
def test_emnists_classes_are_torchvisions(split: str) -> None:
    expected = [name for name in EMNIST.classes_split_dict[split] if name != "N/A"]
    assert list(idx.class_names("emnist", split)) == expected


def test_other_classes_are_torchvisions() -> None:
    assert list(idx.class_names("fashion_mnist", "balanced")) == FashionMNIST.classes
    assert list(idx.class_names("mnist", "balanced")) == [name.split(" ")[0] for name in MNIST.classes]  # 0 - zero


@pytest.mark.parametrize("place", [".", "EMNIST/raw"])
def test_nists_zip_is_read_in_place(tmp_path: Path, place: str) -> None:
    files = published(tmp_path / "files", gzipped=True, prefix="emnist-balanced-", test="test")
    nists_zip(tmp_path / "root" / place / "gzip.zip", files)
    images = gathered(tmp_path / "root", tmp_path / "raw", "emnist")
    assert (pixels(images) == BOTH.transpose(0, 2, 1)).all()
    assert len(images.class_names) == 47
    assert [path.name for path in (tmp_path / "raw").iterdir()] == ["gzip.zip"]
    with pytest.raises(InputError, match=r"expected NIST's zip with gzip/emnist-letters-train-images-idx3-ubyte\.gz"):
        idx.open_images("emnist", tmp_path / "raw", "letters")


TRAIN = "train-images-idx3-ubyte"
WHOLE = idx_bytes(IMAGES["train"])  # 16 + 20 * 784 = 15,696 bytes


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (WHOLE[:-1], "unpacks to 15,695 bytes; expected 15,696, as its head says: fetch it anew"),
        (WHOLE[:16], "unpacks to 16 bytes; expected 15,696"),
        (WHOLE[:10], r"has the lengths \[\]; expected 3, with 1 to 1073741824 values"),
        (WHOLE + b"0", "unpacks to more bytes; expected 15,696"),
        (b"", "begins with ; expected 00 00 08 03"),
        (b"<html>", "begins with 3c 68 74 6d; expected 00 00 08 03, an IDX file of unsigned bytes in 3 dimensions"),
        (idx_bytes(LABELS["train"]), "begins with 00 00 08 01; expected 00 00 08 03"),
        (b"\0\0\x0d\x03" + WHOLE[4:], "begins with 00 00 0d 03; expected 00 00 08 03"),
        (b"\0\0\x08\x03" + b"\xff" * 12, r"has the lengths \[4294967295, 4294967295, 4294967295\]; expected 3"),
        (idx_bytes(np.zeros((0, 28, 28), np.uint8)), r"has the lengths \[0, 28, 28\]"),
    ],
    ids=["cut", "head-alone", "cut-head", "long", "empty", "page", "labels", "floats", "huge", "none"],
)
@pytest.mark.parametrize("gzipped", [False, True], ids=["plain", "gzipped"])
def test_a_file_that_is_not_whole_is_named(tmp_path: Path, data: bytes, found: str, gzipped: bool) -> None:
    root = published(tmp_path / "root", gzipped)
    name = f"{TRAIN}.gz" if gzipped else TRAIN
    (root / name).write_bytes(gzip.compress(data) if gzipped else data)
    with pytest.raises(InputError, match=rf"raw/{name} {found}") as caught:
        gathered(root, tmp_path / "raw")
    assert "\n" not in str(caught.value)


def flipped(place: int) -> bytes:
    """Return the first file gzipped, with one bit wrong."""
    data = bytearray(gzip.compress(WHOLE, mtime=0))
    data[place] ^= 1
    return bytes(data)


DAMAGED = r"is damaged \(.*\); expected a gzipped IDX file: fetch it anew"


@pytest.mark.parametrize(
    ("data", "found"),
    [
        # Uncompressed, a gzip is 10 bytes of head, 5 before a block, and the bytes themselves (RFC 1952, RFC 1951).
        (gzip.compress(WHOLE, 0)[:9015], "unpacks to 9,000 bytes; expected 15,696"),
        (gzip.compress(WHOLE)[:-1], r"is damaged \(.*\); expected a whole gzip: fetch it anew"),
        (flipped(0), DAMAGED),
        (flipped(5000), DAMAGED),
        (flipped(-8), DAMAGED),
        (gzip.compress(WHOLE + bytes(200 * 2**20), 1), "unpacks to more bytes; expected 15,696"),
    ],
    ids=["cut", "cut-checksum", "head", "middle", "checksum", "bomb"],
)
def test_a_damaged_gzip_is_named(tmp_path: Path, data: bytes, found: str) -> None:
    root = published(tmp_path / "root", gzipped=True)
    (root / f"{TRAIN}.gz").write_bytes(data)
    with pytest.raises(InputError, match=rf"{TRAIN}\.gz {found}"):
        gathered(root, tmp_path / "raw")


@pytest.mark.parametrize(
    ("name", "labels", "found"),
    [
        ("train-labels-idx1-ubyte", LABELS["train"][:-1], "has 19 labels for 20 images; expected one for each"),
        ("t10k-labels-idx1-ubyte", LABELS["t10k"] + 5, "has the label 10; expected 0 to 9"),
    ],
    ids=["few", "out-of-range"],
)
def test_labels_that_do_not_fit_are_named(tmp_path: Path, name: str, labels: np.ndarray, found: str) -> None:
    root = published(tmp_path / "root")
    (root / name).write_bytes(idx_bytes(labels))
    with pytest.raises(InputError, match=f"{name} {found}"):
        gathered(root, tmp_path / "raw")


def test_a_missing_file_is_named_before_anything_is_copied(tmp_path: Path) -> None:
    root = published(tmp_path / "root")
    (root / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(
        InputError, match=r"holds no t10k-labels-idx1-ubyte or t10k-labels-idx1-ubyte\.gz; .* or in MNIST/raw"
    ):
        gathered(root, tmp_path / "raw")
    assert not (tmp_path / "raw").exists()


def test_the_real_fashion_mnist_is_read(tmp_path: Path) -> None:
    """60,000 and 10,000 pictures of ten classes, as many of each; the first of all is an ankle boot."""
    if not DEBIAN.exists():
        pytest.skip(f"no {DEBIAN}; apt install dataset-fashion-mnist")
    images = gathered(DEBIAN, tmp_path / "raw", "fashion_mnist")
    assert {name: len(split) for name, split in images.splits.items()} == {"train": 60_000, "test": 10_000}
    assert images.labels is not None
    assert np.bincount(images.labels[:60_000]).tolist() == [6000] * 10
    assert np.bincount(images.labels[60_000:]).tolist() == [1000] * 10
    assert [images.class_names[label] for label in images.labels[:4]] == [
        "Ankle boot",
        "T-shirt/top",
        "T-shirt/top",
        "Dress",
    ]
    (tmp_path / "out").mkdir()
    preprocess.pack(images, tmp_path / "out", size=32, crop_px=178, max_images=1000)
    packed = arrays.load(tmp_path / "out")
    assert packed.images.shape == (999, 32, 32, 1)
    assert packed.meta["splits"] == {"train": [0, 857], "test": [857, 999]}
    assert min(packed.meta["class_counts"]) > 50
    trousers = packed.images[packed.labels == 1].mean(axis=(0, 3))
    assert trousers[28:, 4:12].mean() < 20  # they stand upright: two legs at the bottom, nothing beside them
    assert trousers[24:28, 12:20].mean() > 60
