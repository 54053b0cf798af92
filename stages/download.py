"""Gather the raw files of the data set, verified, in data/raw/<dataset>."""

import os

import stages
from gans import config, datasets, paths


def main() -> None:
    """Gather beside the final place, where partial downloads may wait for the next try; then publish in one move."""
    params = config.load()
    final, folder = paths.raw(params.dataset), paths.incoming(params.dataset)
    datasets.download(
        params.dataset,
        folder,
        kept=final,
        num_toyfaces=params.data.num_toyfaces,
        root=paths.users_folder(params.data.root) if params.data.root else None,
        url=params.data.url,
        sha256=params.data.sha256,
        condition_on=params.data.condition_on,
        emnist_split=params.data.emnist_split,
    )
    paths.remove(final)
    final.parent.mkdir(parents=True, exist_ok=True)
    os.replace(folder, final)


if __name__ == "__main__":
    stages.run(main)
