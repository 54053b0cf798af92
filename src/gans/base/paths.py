"""Where each artefact lies, relative to the repository's root."""

import os
from collections.abc import Callable
from pathlib import Path


def _named(pattern: str) -> Callable[[str], Path]:
    """Return a function of the name of a data set or a variant: the path with it in the place of {}."""
    return lambda name: Path(pattern.format(name))


PARAMS = Path("params.yaml")
SCHEMA = Path("data/params.schema.json")
CHECKED = Path("data/params.checked.json")  # the same whatever is right: what has to come later depends on it

# Of a data set.
raw = _named("data/raw/{}")  # the folder of the files as they were published
processed = _named("data/processed/{}")  # images.npy or its shards, meta.json, what is known: labels, attributes
classifier = _named("data/classifier/{}")  # the networks that learnt its labels and attributes
reference = _named("data/reference/{}")  # the real images' features
INCEPTION_WEIGHTS, TRAINING_FEATURES = "inception.pth", "train.npy"  # in the folder of the reference
CLASSIFIER = Path("metrics/classifier.json")
FLOOR = Path("metrics/floor.json")

# Of a variant.
model = _named("models/{}")  # the folder of its weights and settings
samples = _named("samples/{}")  # the folder of its pictures
losses = _named("metrics/losses/{}.csv")  # its curves: step,images,epoch,loss_d,loss_g,d_real,d_fake
train_metrics = _named("metrics/train/{}.json")  # the facts of a training that a rerun repeats exactly
speed_metrics = _named("metrics/speed/{}.json")  # its timings, which no rerun repeats
scores = _named("metrics/scores/{}.csv")  # the distances along a training: images,fid_lite0,kid_lite0
quality_metrics = _named("metrics/quality/{}.json")  # its scores
losses_figure = _named("report/figures/{}_losses.png")

# Of all.
ZOO = Path("zoo")  # a folder for each trained generator that comes with the repository
SUMMARY = Path("metrics/summary.json")
GAUSSIAN = Path("metrics/gaussian.json")
CODES = Path("samples/codes")
CODES_METRICS = Path("metrics/codes.json")
REPORT = Path("report")
OVERVIEW_LOSSES = REPORT / "figures" / "losses.png"
OVERVIEW_SCORES = REPORT / "figures" / "scores.png"
GAUSSIAN_FIGURE = REPORT / "figures" / "gaussian.png"
GAUSSIAN_FILM = REPORT / "figures" / "gaussian.gif"


def scratch(name: str) -> Path:
    """Return the folder of what an interrupted piece of work goes on from.

    It lies in the workspace that the command was typed in, where temporary and queued experiments find it, too, or
    where GANS_SCRATCH says.
    """
    return users_folder(os.environ.get("GANS_SCRATCH") or "scratch") / name


def live(name: str) -> Path:
    """Return the folder where a variant's trainings can be watched while they go on."""
    return scratch("live") / name


def finished(name: str) -> Path:
    """Return the folder of the last states of a variant's trainings, from which longer ones go on."""
    return scratch("finished") / name


def incoming(dataset: str) -> Path:
    """Return the folder where raw files are gathered before they are published, and partial downloads wait."""
    return scratch("incoming") / dataset


def users_folder(path: str) -> Path:
    """Return `path` as the user meant it: relative paths start at the workspace that the command was typed in.

    Temporary and queued experiments run in a copy of the repository; DVC_ROOT names the workspace they came from.
    """
    return Path(os.environ.get("DVC_ROOT", ".")) / Path(path).expanduser()
