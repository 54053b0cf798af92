"""The published files of MNIST and its like and of CIFAR-10, where and with the MD5s that torchvision knows."""

from pathlib import Path

from gans.sources import downloads
from gans.sources.downloads import Published


def fetch(dataset: str, folder: Path, kept: Path) -> None:
    """Make `folder` hold the published files of `dataset`, from `kept` where they are right; raise InputError when not.

    torchvision has their addresses and MD5s; its own downloads wait for ever, and begin anew after a break.
    """
    from torchvision.datasets import CIFAR10, EMNIST, MNIST, FashionMNIST  # seconds that no other data set needs

    if dataset == "emnist":
        files = {"gzip.zip": Published(EMNIST.url, md5=EMNIST.md5)}  # all of its splits
    elif dataset == "cifar10":
        files = {CIFAR10.filename: Published(CIFAR10.url, md5=CIFAR10.tgz_md5)}
    else:
        known = MNIST if dataset == "mnist" else FashionMNIST
        files = {name: Published(known.mirrors[0] + name, md5=md5) for name, md5 in known.resources}
    downloads.gather(files, folder, kept)
