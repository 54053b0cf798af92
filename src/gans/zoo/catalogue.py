"""Which trained generators there are, and one of them by its name or folder."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

import gans
from gans.base import artefacts, paths
from gans.base.errors import InputError, in_one_line
from gans.base.settings import nearest
from gans.networks import models
from gans.runtime import devices
from gans.zoo.generator import Generator

CARD, RECIPES = "card.json", "recipes.yaml"
REPOSITORY = Path(gans.__file__).resolve().parents[2]


def found() -> dict[str, Path]:
    """Return the folders of all trained generators by name: those of the zoo, then the variants trained here.

    Both are looked for in the current folder, and then in the repository that this library belongs to.
    """
    known: dict[str, Path] = {}
    for folder in _folders():
        known.setdefault(folder.name, folder)
    return known


def _folders() -> Iterator[Path]:
    for root in dict.fromkeys((Path.cwd(), REPOSITORY)):
        yield from entries(root / paths.ZOO)
        yield from _with_weights(root / paths.model(""))


def entries(zoo: Path) -> list[Path]:
    """Return the folders of a zoo's generators, in the order of its recipes; others come last."""
    recipes = zoo / RECIPES
    order = list(yaml.safe_load(recipes.read_text(encoding="utf-8"))) if recipes.exists() else []
    return sorted(_with_weights(zoo), key=lambda folder: [*order, folder.name].index(folder.name))


def _with_weights(place: Path) -> list[Path]:
    folders = sorted(place.iterdir()) if place.is_dir() else []
    return [folder for folder in folders if (folder / models.GENERATOR).exists()]


def load(name: str | Path, device: str = "cpu") -> Generator:
    """Return a trained generator, ready for use on a device: cpu, cuda, mps, or auto for the best there is.

    It is named by an entry of the zoo, a variant that was trained here, or a folder such as models/dcgan. Raises
    InputError when there is none such, or it is damaged.
    """
    folder = Path(name)
    if not folder.is_dir() or (str(name) in found() and not (folder / models.GENERATOR).exists()):
        folder = _known(str(name))
    if not (folder / models.GENERATOR).exists():
        raise InputError(f"{folder} holds no {models.GENERATOR}; expected a folder such as models/dcgan after a run")
    place = devices.prepare(device, deterministic=True)
    kind, settings, shape = models.described(folder)
    sampler, _ = models.load_sampler(folder, place)
    return Generator(folder.resolve().name, kind.title, settings.nz, shape, sampler, place)


def card(folder: Path) -> dict[str, Any]:
    """Return what the card of a generator says, if it has one: see docs/zoo.md."""
    file = folder / CARD
    try:
        return artefacts.read_json(file) if file.exists() else {}
    except ValueError as error:
        raise InputError(f"{file} is damaged ({in_one_line(error)}); expected what `make zoo` writes there") from None


def _known(name: str) -> Path:
    known = found()
    if name in known:
        return known[name]
    if not known:
        raise InputError(f"no generator is called {name!r}, and none is here; run `make repro`, or name a folder")
    expected = f"expected a folder or one of: {', '.join(known)}{nearest(name, known)}"
    raise InputError(f"no generator is called {name!r}; {expected}")
