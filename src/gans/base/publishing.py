"""Files and folders that appear whole or not at all, and work that one process at a time does."""

import itertools
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from gans.base.errors import InputError

LAST_SAVE_SECONDS = 30.0  # that a training which has been told to stop may take to save


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
