"""Publishing: a file or folder is there whole, or not at all."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import ROOT
from filelock import FileLock

from gans.base import paths, publishing
from gans.base.errors import InputError


def test_a_folder_appears_when_the_work_is_done(tmp_path: Path) -> None:
    final = tmp_path / "deep" / "models"
    with publishing.published(final) as draft:
        draft.mkdir()
        (draft / "a").write_text("new")
        assert not final.exists()
    assert (final / "a").read_text() == "new"
    assert [path.name for path in final.parent.iterdir()] == ["models"]


def test_what_was_there_is_replaced_whole(tmp_path: Path) -> None:
    final = tmp_path / "models"
    final.mkdir()
    (final / "old").touch()
    with publishing.published(final) as draft:
        draft.mkdir()
        (draft / "new").touch()
    assert [path.name for path in final.iterdir()] == ["new"]


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    final = tmp_path / "summary.json"
    final.write_text("old")

    def fail() -> None:
        with publishing.published(final) as draft:
            draft.write_text("half")
            raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        fail()
    assert final.read_text() == "old"
    assert list(tmp_path.iterdir()) == [final]


def test_relative_folders_start_where_the_user_typed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    assert paths.users_folder("../faces") == tmp_path / "../faces"
    assert paths.users_folder("/faces") == Path("/faces")


def test_what_an_interrupted_run_goes_on_from_lies_where_the_user_typed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("GANS_SCRATCH", raising=False)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    assert paths.scratch("dcgan") == tmp_path / "scratch" / "dcgan"
    assert paths.incoming("celeba") == tmp_path / "scratch" / "incoming" / "celeba"
    monkeypatch.setenv("GANS_SCRATCH", "/roomy")
    assert paths.scratch("dcgan") == Path("/roomy/dcgan")


def test_a_claimed_folder_goes_when_the_work_is_done(tmp_path: Path) -> None:
    folder = tmp_path / "scratch" / "dcgan" / "key"
    with publishing.claimed(folder) as claimed:
        assert claimed == folder
        (folder / "state").touch()
    assert list(tmp_path.iterdir()) == []


def test_a_claimed_folder_stays_when_the_work_fails(tmp_path: Path) -> None:
    folder = tmp_path / "scratch" / "dcgan" / "key"

    def fail() -> None:
        with publishing.claimed(folder):
            (folder / "state").write_text("kept")
            raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        fail()
    assert [path.name for path in folder.parent.iterdir()] == ["key"]
    with publishing.claimed(folder):
        assert (folder / "state").read_text() == "kept"


def test_a_work_that_fails_before_it_left_anything_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), publishing.claimed(tmp_path / "scratch" / "dcgan" / "key"):
        raise RuntimeError("stopped")
    assert list(tmp_path.iterdir()) == []


@contextmanager
def another_process(context: str, step: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Start a process that takes one step within `with <context> as place`, and stays there until its input ends."""
    code = f"""
import sys; sys.path.insert(0, {str(ROOT / "src")!r})
from pathlib import Path
from gans.base import publishing
with {context} as place:
    {step}
    print("within", flush=True)
    sys.stdin.read()
"""
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"within\n"
        yield other


def test_what_another_process_has_claimed_is_refused_until_that_ends(tmp_path: Path) -> None:
    folder = tmp_path / "scratch" / "dcgan" / "key"
    with another_process(f"publishing.claimed(Path({str(folder)!r}))", '(place / "state").touch()') as other:
        line = r"another process is at this very work \(it holds .*key\.lock\); wait"
        with pytest.raises(InputError, match=line), publishing.claimed(folder):
            pass
        assert (folder / "state").exists()
        other.kill()  # as it has no time to give anything back
    with publishing.claimed(folder):
        assert (folder / "state").exists()


def test_in_a_copy_the_next_free_folder_serves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two queued experiments that share a variant train it beside one another."""
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setattr(publishing, "LAST_SAVE_SECONDS", 0.1)
    folder = tmp_path / "scratch" / "dcgan" / "key"
    with another_process(f"publishing.claimed(Path({str(folder)!r}))", '(place / "state").touch()') as other:
        with publishing.claimed(folder) as second, publishing.claimed(folder) as third:
            assert (second.name, third.name) == ("key_2", "key_3")
            (second / "state").touch()
        assert [path.name for path in sorted(folder.parent.iterdir())] == ["key", "key.lock"]
        other.kill()
    with publishing.claimed(folder) as claimed:
        assert claimed == folder
        assert (folder / "state").exists()


def test_in_a_copy_one_who_is_about_to_end_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    folder = tmp_path / "scratch" / "dcgan" / "key"
    with another_process(f"publishing.claimed(Path({str(folder)!r}))", '(place / "state").touch()') as other:
        threading.Timer(0.5, other.kill).start()
        with publishing.claimed(folder) as claimed:
            assert claimed == folder


def test_two_processes_do_not_write_the_same_at_once(tmp_path: Path) -> None:
    """As trainers of one variant with different settings would: each has a state of its own, but not its outs."""
    final = tmp_path / "models" / "dcgan"
    with another_process(f"publishing.published(Path({str(final)!r}))", 'place.write_text("theirs")') as other:
        line = r"another process is at this very work \(it holds .*\.dcgan\.lock\); wait"
        with pytest.raises(InputError, match=line), publishing.published(final):
            pass
        other.communicate()
    assert final.read_text() == "theirs"
    assert list(final.parent.iterdir()) == [final]


@pytest.mark.parametrize("error", [OSError("image file is truncated"), OSError(28, "No space left on device")])
def test_an_error_of_the_disk_keeps_its_words_and_says_where(tmp_path: Path, error: OSError) -> None:
    with pytest.raises(OSError, match=str(error.args[-1])) as caught, publishing.published(tmp_path / "page.png"):
        raise error
    assert ("page.png" in str(caught.value)) == bool(error.errno)


def test_a_folder_that_goes_while_its_lock_is_waited_for_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one who ends removes the folders around its own, where the one who waits looks for the lock."""
    folder = tmp_path / "scratch" / "incoming" / "toyfaces"
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
