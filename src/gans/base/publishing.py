"""Files and folders that appear whole or not at all, and work that one process at a time does."""

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
    with ExitStack() as afterwards:
        afterwards.callback(_give_back, _locked(final.with_name(f".{final.name}")))
        afterwards.callback(remove, draft)
        try:
            remove(draft)
            yield draft
            become(draft, final)
        except OSError as error:  # a full disk does not say by itself what it had no room for
            if error.errno and not error.filename:
                error.filename = str(final)
            raise


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
    in_a_copy = Path(os.environ.get("DVC_ROOT", ".")).resolve() != Path.cwd()  # as DVC runs temporary experiments
    place, lock = _first_free(folder) if in_a_copy else (folder, _locked(folder))
    try:
        place.mkdir(parents=True, exist_ok=True)
        yield place
        remove(place)
    finally:
        _remove_empty(place)
        _give_back(lock)
        for parent in place.parents[:2]:
            _remove_empty(parent)


def _remove_empty(folder: Path) -> None:
    with suppress(OSError):  # there is something in it, or it is gone
        folder.rmdir()


def _first_free(folder: Path) -> tuple[Path, FileLock]:
    """Return `folder` locked, after waiting for one who may be about to end, or else `<folder>_2` and so on."""
    place, number, patience = folder, 1, LAST_SAVE_SECONDS
    while True:
        with suppress(InputError):
            return place, _locked(place, patience)
        number, patience = number + 1, 0
        place = folder.with_name(f"{folder.name}_{number}")


def _locked(path: Path, patience: float = 0) -> FileLock:
    """Return the lock of a path, held until the process ends; raise InputError if another's is not free by then."""
    lock = FileLock(path.with_name(f"{path.name}.lock"), timeout=patience)
    while not lock.is_locked:
        with suppress(FileNotFoundError):  # whoever held it has just ended, and removed the folder that it is in
            try:
                lock.acquire()
            except Timeout:
                line = f"another process is at this very work (it holds {lock.lock_file}); wait for it, or stop it"
                raise InputError(line) from None
    return lock


def _give_back(lock: FileLock) -> None:
    Path(lock.lock_file).unlink(missing_ok=True)  # still held: whoever has it open already looks again
    lock.release()


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
