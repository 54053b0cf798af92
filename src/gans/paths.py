"""Where each artefact lies, relative to the repository's root."""

import itertools
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from gans.errors import InputError

SCHEMA = Path("data/params.schema.json")
SUMMARY = Path("metrics/summary.json")
FLOOR = Path("metrics/floor.json")
GAUSSIAN = Path("metrics/gaussian.json")
CLASSIFIER = Path("metrics/classifier.json")
CODES = Path("samples/codes")
CODES_METRICS = Path("metrics/codes.json")
REPORT = Path("report")
LAST_SAVE_SECONDS = 30.0  # that a training which has been told to stop may take to save
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


@contextmanager
def published(final: Path) -> Iterator[Path]:
    """Yield a path to write a file or folder at; once it lies on the disk it becomes `final`, in one move.

    When the body raises, what it wrote is removed and `final` stays as it was. Raises InputError while another process
    is writing the same.
    """
    draft = final.with_name(f".{final.name}.draft")
    with _alone(final.with_name(f".{final.name}.lock")):
        try:
            remove(draft)
            yield draft
            become(draft, final)
        except OSError as error:  # a full disk does not say by itself what it had no room for
            if error.errno and not error.filename:
                error.filename = str(final)
            raise
        finally:
            remove(draft)


def become(draft: Path, final: Path) -> None:
    """Make a finished file or folder on the same disk `final`, which it replaces, once it would survive a power cut."""
    for path in (draft, *draft.rglob("*")):
        _onto_the_disk(path)
    final.parent.mkdir(parents=True, exist_ok=True)
    if final.is_dir():
        remove(final)
    os.replace(draft, final)
    _onto_the_disk(final.parent)


def _onto_the_disk(path: Path) -> None:
    """Wait until a file, or the list of what is in a folder, would survive a power cut."""
    if os.name == "posix":  # elsewhere folders cannot be opened
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def claimed(folder: Path) -> Iterator[Path]:
    """Yield `folder`, made, as this process's alone; remove it when all went well, and else leave what is in it.

    The claim ends with the process, however that ends. Raises InputError while another process has the folder, but in
    a copy of the repository, where experiments run beside one another: there it is then the first free one of
    `<folder>_2` and so on, which does the same work once more.
    """
    with ExitStack() as held:
        if _in_a_copy():
            folder = held.enter_context(_first_free(folder))
        else:
            held.enter_context(_alone(_lock_of(folder)))
        try:
            folder.mkdir(parents=True, exist_ok=True)
            yield folder
            remove(folder)
        finally:
            _remove_empty(folder)
            held.close()
            for parent in folder.parents[:2]:
                _remove_empty(parent)


def _remove_empty(folder: Path) -> None:
    with suppress(OSError):  # there is something in it, or it is gone
        folder.rmdir()


def _in_a_copy() -> bool:
    """Return whether DVC runs this in a copy of the workspace, as temporary and queued experiments do."""
    return Path(os.environ.get("DVC_ROOT", ".")).resolve() != Path.cwd()


@contextmanager
def _first_free(folder: Path) -> Iterator[Path]:
    """Hold the lock of `folder`, after waiting for one who may be about to end, or else of `<folder>_2` and so on."""
    for number in itertools.count(1):
        place = folder if number == 1 else folder.with_name(f"{folder.name}_{number}")
        with ExitStack() as held:
            try:
                held.enter_context(_alone(_lock_of(place), patience=LAST_SAVE_SECONDS if number == 1 else 0))
            except InputError:
                continue
            yield place
            return


def _lock_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.lock")


@contextmanager
def _alone(lock: Path, patience: float = 0) -> Iterator[None]:
    """Hold a lock, which ends with the process however that ends.

    Raises InputError when another process holds it after so many seconds.
    """
    held = FileLock(lock, timeout=patience)
    while not held.is_locked:
        with suppress(FileNotFoundError):  # whoever held it has just ended, and removed the folder that it is in
            try:
                held.acquire()
            except Timeout:
                line = f"another process is at this very work (it holds {lock}); wait for it, or stop it"
                raise InputError(line) from None
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)  # still held: whoever has it open already looks again
        held.release()


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
