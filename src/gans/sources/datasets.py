"""A data set's name to its labelled pictures."""

from collections.abc import Sequence
from pathlib import Path

from gans.base.errors import InputError
from gans.sources import celeba, cifar, folder, idx, mirrors, toyfaces
from gans.sources.labelled import LabelledImages


def download(
    dataset: str,
    destination: Path,
    *,
    kept: Path,
    num_toyfaces: int,
    root: Path | None,
    url: str,
    sha256: str | None,
    condition_on: Sequence[str],
    emnist_split: str,
) -> None:
    """Gather the files of `dataset` in `destination` and check that they can be opened; raise InputError when not.

    What lies in `kept` from an earlier time, and is still right, is not fetched again.
    """
    if root is None:
        match dataset:
            case "toyfaces":
                celeba.write(destination, toyfaces.ATTRIBUTES, toyfaces.jpegs(num_toyfaces), num_toyfaces)
            case "celeba":
                celeba.fetch(destination, kept, url, sha256, with_attributes=bool(condition_on))
            case "folder":
                raise InputError("data.root is empty; dataset: folder needs one, a folder or a zip of pictures")
            case _:
                mirrors.fetch(dataset, destination, kept)
    else:
        if root.resolve().is_relative_to(destination.resolve()):
            raise InputError(f"data.root is {root}, where downloads wait; move the files to a folder of their own")
        match dataset:
            case "toyfaces":
                raise InputError(
                    f"data.root is {root}, but toyfaces are drawn, not read; set dataset: celeba, or empty data.root"
                )
            case "celeba":
                celeba.gather(root, destination, sha256)
            case "folder":
                folder.gather(root, destination)
            case "cifar10":
                cifar.gather(root, destination)
            case _:
                idx.gather(dataset, root, destination, emnist_split)
    open_images(dataset, destination, condition_on, emnist_split)


def open_images(dataset: str, source: Path, condition_on: Sequence[str], emnist_split: str) -> LabelledImages:
    """Return the pictures that `download` gathered in `source`; `condition_on` is heeded by faces with attributes."""
    match dataset:
        case "toyfaces" | "celeba":
            return celeba.open_images(source, condition_on)
        case "folder":
            return folder.open_images(source)
        case "cifar10":
            return cifar.open_images(source)
        case _:
            return idx.open_images(dataset, source, emnist_split)
