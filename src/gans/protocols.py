"""Train and score by a published protocol, as an experiment of DVC: `make protocol NAME=mimicry`."""

import sys
from pathlib import Path

from gans import commands, recipes
from gans.base.errors import InputError

PROTOCOLS = Path("docs/protocols.yaml")
DRY = {  # what makes minutes of it: everything is done, little of each, and nothing is fetched
    "data.max_images": 600,
    "width": 4,
    "classifier.epochs": 1,
    "evaluate.every_epochs": None,
    "evaluate.max_images": 64,
    "evaluate.inception_weights": None,
}


def main(name: str = "", data_root: str = "", dry: str = "") -> None:
    """Carry out the experiment that is named like the protocol; with `dry`, one of minutes, <name>-dry."""
    settings = dict(recipes.named(PROTOCOLS, name, "make protocol NAME=...")["settings"])
    if dry:
        (variant,) = settings["active"]
        settings |= {**DRY, f"++variants.{variant}.epochs": 1}
        if not data_root:
            raise InputError("DRY=1 fetches nothing; expected DATA_ROOT=folder, with CelebA's archive: docs/celeba.md")
    if data_root:
        settings["data.root"] = data_root
    commands.run(recipes.command(f"{name}-dry" if dry else name, settings))


if __name__ == "__main__":
    commands.ended("protocol", lambda: main(*sys.argv[1:]))
