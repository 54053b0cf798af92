"""Publishing: a file or folder is there whole, or not at all."""

import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from filelock import FileLock
from programs import program, said

from gans.base import paths, publishing
from gans.base.errors import InputError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a work that can be interrupted keeps what it goes on from."""
    return tmp_path / "scratch" / "dcgan" / "key"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def interrupted(within: AbstractContextManager[Path], write: Callable[[Path], object]) -> None:
    """Have a work that writes something fail before its end."""

    def work() -> None:
        with within as place:
            write(place)
            raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        work()


@pytest.mark.parametrize("there", [False, True], ids=["nothing was there", "another was there"])
def test_a_folder_appears_whole_when_the_work_is_done(tmp_path: Path, there: bool) -> None:
    final = tmp_path / "deep" / "models"
    if there:
        final.mkdir(parents=True)
        (final / "old").touch()
    with publishing.published(final) as draft:
        draft.mkdir()
        (draft / "a").write_text("new")
        assert final.exists() == there
        assert not (final / "a").exists()
    assert names(final) == ["a"]
    assert (final / "a").read_text() == "new"
    assert names(final.parent) == ["models"]


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    final = tmp_path / "summary.json"
    final.write_text("old")
    interrupted(publishing.published(final), lambda draft: draft.write_text("half"))
    assert final.read_text() == "old"
    assert names(tmp_path) == ["summary.json"]


def test_relative_folders_and_states_lie_where_the_user_typed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("GANS_SCRATCH", raising=False)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    assert paths.users_folder("../faces") == tmp_path / "../faces"
    assert paths.users_folder("/faces") == Path("/faces")
    assert paths.scratch("dcgan") == tmp_path / "scratch" / "dcgan"
    assert paths.incoming("celeba") == tmp_path / "scratch" / "incoming" / "celeba"
    monkeypatch.setenv("GANS_SCRATCH", "/roomy")
    assert paths.scratch("dcgan") == Path("/roomy/dcgan")


def test_a_claimed_folder_stays_when_the_work_fails_and_goes_when_it_is_done(tmp_path: Path, folder: Path) -> None:
    interrupted(publishing.claimed(folder), lambda place: (place / "state").write_text("kept"))
    assert names(folder.parent) == ["key"]
    with publishing.claimed(folder) as claimed:
        assert claimed == folder
        assert (folder / "state").read_text() == "kept"
    assert names(tmp_path) == []


def test_a_work_that_fails_before_it_left_anything_leaves_nothing(tmp_path: Path, folder: Path) -> None:
    interrupted(publishing.claimed(folder), lambda place: None)
    assert names(tmp_path) == []


@contextmanager
def another_process(context: str, step: str = '(place / "state").touch()') -> Iterator["subprocess.Popen[str]"]:
    """Start a process that takes one step within `with <context> as place`, and stays there until its input ends."""
    code = f"""
from pathlib import Path
from gans.base import publishing
with publishing.{context} as place:
    {step}
    print("within", flush=True)
    sys.stdin.read()
"""
    with program(code) as other:
        assert said(other) == "within"
        yield other


def test_what_another_process_has_claimed_is_refused_until_that_ends(folder: Path) -> None:
    with another_process(f"claimed(Path({str(folder)!r}))") as other:
        line = r"another process is at this very work \(it holds .*key\.lock\); wait"
        with pytest.raises(InputError, match=line), publishing.claimed(folder):
            pass
        assert (folder / "state").exists()
        other.kill()  # as it has no time to give anything back
    with publishing.claimed(folder):
        assert (folder / "state").exists()


def test_in_a_copy_the_next_free_folder_serves(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two queued experiments that share a variant train it beside one another."""
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setattr(publishing, "LAST_SAVE_SECONDS", 0.1)
    with another_process(f"claimed(Path({str(folder)!r}))") as other:
        with publishing.claimed(folder) as second, publishing.claimed(folder) as third:
            assert (second.name, third.name) == ("key_2", "key_3")
            (second / "state").touch()
        assert names(folder.parent) == ["key", "key.lock"]
        other.kill()
    with publishing.claimed(folder) as claimed:
        assert claimed == folder
        assert (folder / "state").exists()


def test_in_a_copy_one_who_is_about_to_end_is_waited_for(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    with another_process(f"claimed(Path({str(folder)!r}))") as other:
        threading.Timer(0.5, other.kill).start()
        with publishing.claimed(folder) as claimed:
            assert claimed == folder


def test_two_processes_do_not_write_the_same_at_once(tmp_path: Path) -> None:
    """As trainers of one variant with different settings would: each has a state of its own, but not its outs."""
    final = tmp_path / "models" / "dcgan"
    with another_process(f"published(Path({str(final)!r}))", 'place.write_text("theirs")') as other:
        line = r"another process is at this very work \(it holds .*\.dcgan\.lock\); wait"
        with pytest.raises(InputError, match=line), publishing.published(final):
            pass
        other.communicate()
    assert final.read_text() == "theirs"
    assert names(final.parent) == ["dcgan"]


@pytest.mark.parametrize("error", [OSError("image file is truncated"), OSError(28, "No space left on device")])
def test_an_error_of_the_disk_keeps_its_words_and_says_where(tmp_path: Path, error: OSError) -> None:
    with pytest.raises(OSError, match=str(error.args[-1])) as caught, publishing.published(tmp_path / "page.png"):
        raise error
    assert ("page.png" in str(caught.value)) == bool(error.errno)


def test_a_folder_that_goes_while_its_lock_is_waited_for_is_no_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one who ends removes the folders around its own, where the one who waits looks for the lock."""
    acquire, calls = FileLock.acquire, []

    def struck(self: FileLock) -> object:
        calls.append(self.lock_file)
        if len(calls) == 1:
            raise FileNotFoundError(2, "No such file or directory", self.lock_file)
        return acquire(self)

    monkeypatch.setattr(FileLock, "acquire", struck)
    with publishing.claimed(folder) as claimed:
        assert claimed == folder
    assert len(calls) == 2
