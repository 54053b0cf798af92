"""Gather the raw files of the data set, verified, in data/raw/<dataset>."""

import errno
import shutil

import stages
from gans.base import paths, publishing
from gans.params import Params
from gans.sources import datasets


def main() -> None:
    """Gather where partial downloads wait for the next try, of this run or another; then publish in one move."""
    params = Params.load()
    final = paths.raw(params.dataset)
    with publishing.claimed(paths.incoming(params.dataset)) as folder:
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
        try:
            publishing.become(folder, final)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            with publishing.published(final) as draft:  # GANS_SCRATCH may name another disk
                shutil.copytree(folder, draft)


if __name__ == "__main__":
    stages.run(main)
