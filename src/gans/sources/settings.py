"""The key `dataset` and the section `data`: where the images come from, and what is kept of them."""

from typing import Annotated, Literal

from pydantic import Field

from gans.base import kinds
from gans.base.settings import Section

Dataset = Annotated[
    Literal["toyfaces", "celeba", "folder", "mnist", "emnist", "fashion_mnist", "cifar10"],
    Field(description="toyfaces, celeba, folder, mnist, emnist, fashion_mnist or cifar10"),
]


class DataSettings(Section):
    """Where the images come from, and what is kept of them."""

    num_toyfaces: int = Field(ge=20, le=999_999, description="a whole number from 20 to 999999")
    root: str | None = Field(description="a folder, or nothing")
    url: str = Field(pattern=r"^https?://\S+$", description="an address that begins with https:// or http://")
    sha256: str | None = Field(pattern=r"^[0-9a-fA-F]{64}$", description="64 hexadecimal digits in quotes, or nothing")
    crop_px: int | None = Field(ge=1, description="a whole number of pixels, at least 1, or nothing")
    max_images: int | None = Field(ge=20, description="a whole number, at least 20, or nothing")
    shard_images: kinds.Count
    condition_on: Annotated[list[str], kinds.Different] = Field(
        max_length=8, description="a list of up to 8 different attribute names, such as [Smiling]"
    )
    emnist_split: Literal["byclass", "bymerge", "balanced", "letters", "digits", "mnist"] = Field(
        description="byclass, bymerge, balanced, letters, digits or mnist"
    )
