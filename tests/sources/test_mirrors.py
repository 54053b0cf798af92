"""What is fetched of the files that torchvision knows, from a real server on the loopback address, right or wrong."""

import hashlib
import shutil
from pathlib import Path

import cifar_files
import pytest
from idx_files import nists_zip, published
from server import Shelf
from server import shelf as shelf  # a fixture
from torchvision.datasets import CIFAR10, EMNIST, MNIST, FashionMNIST

from gans.base import artefacts
from gans.base.errors import InputError
from gans.sources import datasets, downloads, idx, mirrors

FOUR_FILES = [f"{name}.gz" for pair in idx.file_names("mnist", "").values() for name in pair]
DEBIAN = Path("/usr/share/datasets/fashion-mnist")
PUBLISHED = {  # the MD5s that torchvision would check, before the tests change them
    name: getattr(cls, "resources", None) or getattr(cls, "md5", None) or cls.tgz_md5
    for name, cls in {"mnist": MNIST, "emnist": EMNIST, "fashion_mnist": FashionMNIST, "cifar10": CIFAR10}.items()
}


def md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


def serve_idx(shelf: Shelf, monkeypatch: pytest.MonkeyPatch, dataset: str) -> None:
    """Serve four small files, or Debian's real ones for Fashion-MNIST, as those that torchvision knows."""
    published(shelf.folder, gzipped=True)
    if dataset == "fashion_mnist" and DEBIAN.exists():
        for name in FOUR_FILES:
            shutil.copyfile(DEBIAN / name, shelf.folder / name)
    known = MNIST if dataset == "mnist" else FashionMNIST
    monkeypatch.setattr(known, "mirrors", [shelf.url])
    monkeypatch.setattr(known, "resources", [(name, md5(shelf.folder / name)) for name in FOUR_FILES])


def serve_emnist(shelf: Shelf, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for split in ("mnist", "letters"):
        published(tmp_path / "files", gzipped=True, prefix=f"emnist-{split}-", test="test", first_label=1)
    path = nists_zip(shelf.folder / "gzip.zip", tmp_path / "files")
    monkeypatch.setattr(EMNIST, "url", f"{shelf.url}gzip.zip")
    monkeypatch.setattr(EMNIST, "md5", md5(path))


def serve_cifar(shelf: Shelf, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    batches = cifar_files.published(tmp_path / "batches", text=str)
    archive = cifar_files.packed(shelf.folder, cifar_files.tar(cifar_files.files(text=str).items()))
    known = {name: [name, md5(batches / name)] for name in (*cifar_files.BATCHES, "batches.meta")}
    monkeypatch.setattr(CIFAR10, "url", shelf.url + CIFAR10.filename)
    monkeypatch.setattr(CIFAR10, "tgz_md5", md5(archive))
    monkeypatch.setattr(CIFAR10, "train_list", [known[name] for name in cifar_files.BATCHES[:5]])
    monkeypatch.setattr(CIFAR10, "test_list", [known[name] for name in cifar_files.BATCHES[5:]])
    monkeypatch.setattr(CIFAR10, "meta", {**CIFAR10.meta, "md5": known["batches.meta"][1]})


@pytest.fixture(params=["mnist", "fashion_mnist", "emnist", "cifar10"])
def dataset(request: pytest.FixtureRequest, shelf: Shelf, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """A data set whose files, much smaller than the published ones, the loopback server has."""
    name = str(request.param)
    if name == "emnist":
        serve_emnist(shelf, monkeypatch, tmp_path)
    elif name == "cifar10":
        serve_cifar(shelf, monkeypatch, tmp_path)
    else:
        serve_idx(shelf, monkeypatch, name)
    return name


def hashes(folder: Path) -> dict[str, str]:
    return {path.name: artefacts.sha256_of(path) for path in folder.iterdir()}


def test_what_was_published_is_fetched_and_nothing_beside_it_is_kept(
    dataset: str, shelf: Shelf, tmp_path: Path
) -> None:
    mirrors.fetch(dataset, tmp_path / "incoming", tmp_path / "nothing")
    assert hashes(tmp_path / "incoming") == hashes(shelf.folder)
    images = datasets.open_images(dataset, tmp_path / "incoming", [], "letters")
    assert set(images.splits) == {"train", "test"}


def test_what_is_right_already_is_not_fetched_again(dataset: str, shelf: Shelf, tmp_path: Path) -> None:
    mirrors.fetch(dataset, tmp_path / "kept", tmp_path / "nothing")
    shelf.requests.clear()
    mirrors.fetch(dataset, tmp_path / "incoming", tmp_path / "kept")
    assert shelf.requests == []
    assert hashes(tmp_path / "incoming") == hashes(shelf.folder)


def test_what_is_wrong_already_is_fetched_again(dataset: str, shelf: Shelf, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    mirrors.fetch(dataset, kept, tmp_path / "nothing")
    damaged = sorted(kept.iterdir())[0]
    damaged.write_bytes(damaged.read_bytes()[:-1])
    shelf.requests.clear()
    mirrors.fetch(dataset, tmp_path / "incoming", kept)
    assert set(shelf.requests) == {f"/{damaged.name}"}
    assert hashes(tmp_path / "incoming") == hashes(shelf.folder)


@pytest.mark.parametrize("fault", ["wrong bytes", "missing", "down"])
def test_a_failure_is_one_line_and_leaves_nothing(
    dataset: str, shelf: Shelf, tmp_path: Path, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in shelf.folder.iterdir():
        if fault == "wrong bytes":
            path.write_bytes(path.read_bytes() + b"and more")
        elif fault == "missing":
            path.unlink()
    if fault == "down":  # nothing listens at the port of `discard`
        monkeypatch.setattr(MNIST, "mirrors", ["http://127.0.0.1:9/"])
        monkeypatch.setattr(FashionMNIST, "mirrors", ["http://127.0.0.1:9/"])
        monkeypatch.setattr(EMNIST, "url", "http://127.0.0.1:9/gzip.zip")
        monkeypatch.setattr(CIFAR10, "url", "http://127.0.0.1:9/cifar-10-python.tar.gz")
    monkeypatch.setattr(downloads.time, "sleep", lambda seconds: None)
    with pytest.raises(InputError) as caught:
        mirrors.fetch(dataset, tmp_path / "incoming", tmp_path / "nothing")
    line = str(caught.value)
    assert {"wrong bytes": "with MD5", "missing": "404", "down": "refused"}[fault] in line
    assert line.endswith("or download it by hand into a folder and set data.root")
    assert "\n" not in line
    assert list((tmp_path / "incoming").iterdir()) == []


def test_torchvision_knows_what_was_published() -> None:
    """The MD5s as their publishers state them: Zalando's README, the pages of LeCun, NIST and Krizhevsky."""
    assert PUBLISHED["cifar10"] == "c58f30108f718f92721af3b95e74349a"
    assert dict(PUBLISHED["fashion_mnist"])["train-images-idx3-ubyte.gz"] == "8d4fb7e6c68d591d4c3dfef9ec88bf0d"
    assert set(dict(PUBLISHED["mnist"])) == set(dict(PUBLISHED["fashion_mnist"])) == set(FOUR_FILES)
