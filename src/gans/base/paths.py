"""Where each artefact lies, relative to the repository's root."""

import os
from pathlib import Path

PARAMS = Path("params.yaml")
SCHEMA = Path("data/params.schema.json")
CHECKED = Path("data/params.checked.json")  # the same whatever is right: what has to come later depends on it
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


def scratch(name: str) -> Path:
    """Return the folder of what an interrupted piece of work goes on from.

    It lies in the workspace that the command was typed in, where temporary and queued experiments find it, too, or
    where GANS_SCRATCH says.
    """
    return users_folder(os.environ.get("GANS_SCRATCH") or "scratch") / name


def incoming(dataset: str) -> Path:
    """Return the folder where raw files are gathered before they are published, and partial downloads wait."""
    return scratch("incoming") / dataset


def processed(dataset: str) -> Path:
    """Return the folder of images.npy or its shards, meta.json, and what is known: labels.npy, attributes.npy."""
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
