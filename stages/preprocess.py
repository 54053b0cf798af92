"""Crop, shrink and pack the raw images into arrays in data/processed/<dataset>."""

import stages
from gans import preprocess
from gans.base import paths, publishing
from gans.params import Params
from gans.sources import datasets


def main() -> None:
    """Read the raw files in place and write the images, their labels and their record in one move."""
    params = Params.load()
    images = datasets.open_images(
        params.dataset, paths.raw(params.dataset), params.data.condition_on, params.data.emnist_split
    )
    with publishing.published(paths.processed(params.dataset)) as draft:
        draft.mkdir()
        preprocess.pack(
            images,
            draft,
            size=params.image_size,
            crop_px=params.data.crop_px,
            max_images=params.data.max_images,
            shard_images=params.data.shard_images,
        )


if __name__ == "__main__":
    stages.run(main)
