"""A laboratory for generative adversarial networks that reproduces itself.

import gans

generator = gans.load("dcgan-toyfaces")  # an entry of the zoo, a variant trained here, or a folder
images = generator(16, seed=0)  # uint8 (16, 64, 64, 3)
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gans.zoo.catalogue import load as load

__all__ = ["load"]


def __getattr__(name: str) -> object:
    """Return what the library offers to others; imported when asked for, as most of this project needs no networks."""
    if name == "load":
        from gans.zoo.catalogue import load

        return load
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
