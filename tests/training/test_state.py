"""What was saved is read back as it was, or not at all."""

import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch

from gans.training import state
from gans.training.state import Store

CPU = torch.device("cpu")


def saved(step: int) -> dict[str, object]:
    """Return a state as a training has them: tensors in their layout, numbers, nested dictionaries and lists."""
    values = torch.arange(24.0).reshape(1, 4, 2, 3).to(memory_format=torch.channels_last) + step
    return {
        "network": {"weight": values},
        "optimizer": {"state": {0: {"step": torch.tensor(1.0)}}},
        "rows": [step, 0.5],
    }


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "dcgan")


def loaded(folder: Path) -> int | None:
    """Return the step of the state that a new process would go on from."""
    found = Store(folder).load()
    return None if found is None else found["rows"][0]


def test_a_state_comes_back_as_it_was(store: Store) -> None:
    assert store.load() is None
    store.save(7, saved(7))
    found = Store(store.folder).load()
    assert found is not None
    weight = found["network"]["weight"]
    assert torch.equal(weight, saved(7)["network"]["weight"])  # type: ignore[index]
    assert weight.is_contiguous(memory_format=torch.channels_last)
    assert found["rows"] == [7, 0.5]


def test_the_last_two_are_kept_and_the_newest_is_used(store: Store) -> None:
    for step in (9, 10, 100):
        store.save(step, saved(step))
    names = [f"{step:012}.pt{suffix}" for step in (10, 100) for suffix in ("", ".sha256")]
    assert sorted(path.name for path in store.folder.iterdir()) == names
    assert loaded(store.folder) == 100


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)


DAMAGES = {
    "flip": flip,
    "cut": lambda path: os.truncate(path, path.stat().st_size // 2),
    "empty": lambda path: os.truncate(path, 0),
    "unlink": Path.unlink,
}


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("victim", ["000000000002.pt", "000000000002.pt.sha256", "snapshots/64.safetensors"])
def test_a_damaged_state_gives_way_to_the_one_before(
    store: Store, damage: str, victim: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is whole only with its hash, and with the files beside it."""
    store.save(1, saved(1))
    write(store.folder / "snapshots" / "64.safetensors", b"weights")
    store.save(2, saved(2))
    assert loaded(store.folder) == 2
    DAMAGES[damage](store.folder / victim)
    assert loaded(store.folder) == 1
    if (damage, victim) != ("unlink", "000000000002.pt"):
        assert "000000000002.pt is damaged and not used: going on from an earlier state" in capsys.readouterr().err
    store.save(2, saved(2))
    assert loaded(store.folder) == 2


@pytest.mark.parametrize("damaged", [("000000000001.pt", "000000000002.pt"), ("snapshots/64.safetensors",)])
def test_when_all_are_damaged_the_work_begins_anew_and_can_be_gone_on_from(
    store: Store, damaged: tuple[str, ...]
) -> None:
    """They themselves, or a file that both name; what is then written in its place is another."""
    moment = store.folder / "snapshots" / "64.safetensors"
    write(moment, b"weights")
    for step in (1, 2):
        store.save(step, saved(step))
    for name in damaged:
        flip(store.folder / name)
    again = Store(store.folder)
    assert again.load() is None
    assert not [path for path in store.folder.rglob("*") if path.is_file()]
    write(moment, b"weights")
    again.save(1, saved(1))
    assert loaded(store.folder) == 1


def test_files_of_a_later_time_than_the_state_are_removed(store: Store) -> None:
    store.save(1, saved(1))
    later = store.folder / "snapshots" / "128.safetensors"
    write(later, b"half a fi")
    again = Store(store.folder)
    assert again.load() is not None
    assert not later.exists()
    write(later, b"a whole file")
    again.save(2, saved(2))
    assert loaded(store.folder) == 2


def test_a_save_that_was_killed_leaves_the_states_before_it(store: Store) -> None:
    """What a kill leaves: a draft, and perhaps the hash of a state that never came."""
    store.save(1, saved(1))
    (store.folder / ".000000000002.pt.draft").write_bytes(b"half")
    (store.folder / "000000000002.pt.sha256").write_text("0" * 64)
    assert loaded(store.folder) == 1
    assert sorted(path.name for path in store.folder.iterdir()) == ["000000000001.pt", "000000000001.pt.sha256"]


def test_a_state_is_on_the_disk_before_it_has_its_name(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a power cut demands: the bytes, then the name, then the folder that holds the name."""
    calls: list[tuple[str, str]] = []
    fsync, replace = os.fsync, os.replace

    def noted(name: str, path: Path, work: Callable[..., None], *arguments: object) -> None:
        calls.append((name, path.name))
        work(*arguments)

    monkeypatch.setattr(os, "fsync", lambda fd: noted("fsync", Path(f"/proc/self/fd/{fd}").resolve(), fsync, fd))
    monkeypatch.setattr(os, "replace", lambda source, to: noted("replace", Path(to), replace, source, to))
    store.save(3, saved(3))
    name = "000000000003.pt"
    assert calls == [
        *(("fsync", f".{name}.sha256.draft"), ("replace", f"{name}.sha256"), ("fsync", "dcgan")),
        *(("fsync", f".{name}.draft"), ("replace", name), ("fsync", "dcgan")),
    ]


@contextmanager
def disk_of(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond so many bytes, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("room", [0, 10, 1000])
def test_on_a_full_disk_the_state_before_stays(store: Store, room: int) -> None:
    store.save(1, saved(1))
    before = {path.name: path.read_bytes() for path in store.folder.iterdir()}
    with disk_of(room), pytest.raises(OSError, match=r"File too large: '.*/000000000002\.pt(\.sha256)?'"):
        store.save(2, saved(2))
    assert loaded(store.folder) == 1
    assert before.items() <= {path.name: path.read_bytes() for path in store.folder.iterdir()}.items()


def test_a_key_stands_for_facts_code_and_device(monkeypatch: pytest.MonkeyPatch) -> None:
    key = state.key_of({"lr": 0.1, "nz": 2}, CPU)
    assert len(key) == 20
    assert key == state.key_of({"nz": 2, "lr": 0.1}, CPU)
    assert key != state.key_of({"lr": 0.2, "nz": 2}, CPU)
    monkeypatch.setattr(torch, "__version__", "0.0")
    assert key != state.key_of({"lr": 0.1, "nz": 2}, CPU)


def test_a_key_knows_every_module_that_is_in_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert {"gans.training.state", "gans.runtime.devices", "gans.base.paths"} <= state._code_in_use().keys()
    assert "torch" not in state._code_in_use()
    file = tmp_path / "state.py"
    file.write_text("edited")
    key = state.key_of({}, CPU)
    monkeypatch.setattr(state, "__file__", str(file))
    assert key != state.key_of({}, CPU)


def test_digests_are_of_values() -> None:
    array = np.arange(12).reshape(3, 4)
    assert state.digest(array) == state.digest(array.copy(order="F"))
    for other in (array + 1, array.reshape(4, 3), array.astype(np.int32)):
        assert state.digest(array) != state.digest(other)
    halves = torch.tensor([1.5, 2.5], dtype=torch.bfloat16)
    assert state.digest(halves) == state.digest(halves.clone()) != state.digest(halves + 1)
    assert state.digest(torch.tensor(3.0)) == state.digest(torch.tensor(3.0))
