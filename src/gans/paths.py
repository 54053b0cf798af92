"""Where each artefact lies, relative to the repository's root."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SUMMARY = Path("metrics/summary.json")
FLOOR = Path("metrics/floor.json")
GAUSSIAN = Path("metrics/gaussian.json")
CLASSIFIER = Path("metrics/classifier.json")
CODES = Path("samples/codes")
CODES_METRICS = Path("metrics/codes.json")
REPORT = Path("report")
INCEPTION_WEIGHTS, TRAINING_FEATURES = "inception.pth", "train.npy"  # in the folder of the reference
OVERVIEW_LOSSES = REPORT / "figures" / "losses.png"
OVERVIEW_SCORES = REPORT / "figures" / "scores.png"
GAUSSIAN_FIGURE = REPORT / "figures" / "gaussian.png"
GAUSSIAN_FILM = REPORT / "figures" / "gaussian.gif"


def raw(dataset: str) -> Path:
    """Return the folder of the files as they were published."""
    return Path("data/raw") / dataset


def incoming(dataset: str) -> Path:
    """Return the folder where raw files are gathered before they are published, and partial downloads wait."""
    return Path("data/incoming") / dataset


def processed(dataset: str) -> Path:
    """Return the folder of images.npy and meta.json, and labels.npy and attributes.npy where they are known."""
    return Path("data/processed") / dataset


def reference(dataset: str) -> Path:
    """Return the folder of the real images' features."""
    return Path("data/reference") / dataset


def classifier(dataset: str) -> Path:
    """Return the folder of the networks that learnt the data set's labels and attributes."""
    return Path("data/classifier") / dataset


def model(variant: str) -> Path:
    """Return the folder of a variant's weights and settings."""
    return Path("models") / variant


def samples(variant: str) -> Path:
    """Return the folder of a variant's pictures."""
    return Path("samples") / variant


def losses(variant: str) -> Path:
    """Return the loss curves: step,images,epoch,loss_d,loss_g,d_real,d_fake."""
    return Path("metrics/losses") / f"{variant}.csv"


def train_metrics(variant: str) -> Path:
    """Return the facts of a training that a rerun repeats exactly."""
    return Path("metrics/train") / f"{variant}.json"


def speed_metrics(variant: str) -> Path:
    """Return the timings of a training, which no rerun repeats."""
    return Path("metrics/speed") / f"{variant}.json"


def scores(variant: str) -> Path:
    """Return the distances along a training: images,fid_lite0,kid_lite0."""
    return Path("metrics/scores") / f"{variant}.csv"


def quality_metrics(variant: str) -> Path:
    """Return a variant's scores."""
    return Path("metrics/quality") / f"{variant}.json"


def losses_figure(variant: str) -> Path:
    """Return the plot of a variant's loss curves."""
    return REPORT / "figures" / f"{variant}_losses.png"


def users_folder(path: str) -> Path:
    """Return `path` as the user meant it: relative paths start at the workspace that the command was typed in.

    Temporary and queued experiments run in a copy of the repository; DVC_ROOT names the workspace they came from.
    """
    return Path(os.environ.get("DVC_ROOT", ".")) / Path(path).expanduser()


@contextmanager
def published(final: Path) -> Iterator[Path]:
    """Yield a path to write a file or folder at; it becomes `final` in one move when all went well.

    When the body raises, what it wrote is removed and `final` stays as it was.
    """
    draft = final.with_name(f".{final.name}.draft")
    remove(draft)
    final.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield draft
        if final.is_dir():
            remove(final)
        os.replace(draft, final)
    finally:
        remove(draft)


def make_anew(folder: Path) -> None:
    """Make `folder` an empty one."""
    remove(folder)
    folder.mkdir(parents=True)


def remove(path: Path) -> None:
    """Remove a file or a folder, if there is one."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
