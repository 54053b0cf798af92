"""What can be watched while a training goes on: it shows what is, and changes nothing."""

import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gans.data.arrays import DataShape
from gans.networks import contract
from gans.networks.settings import AdversarialSettings
from gans.training import live, loop
from gans.training.live import Live
from gans.training.state import Saving, Store

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def always_due(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look after every step."""
    monkeypatch.setattr(live, "SECONDS_BETWEEN", 0.0)
    monkeypatch.setattr(live, "SHARE", 1e9)
    monkeypatch.setattr(live, "THINNING", 0.0)


def watched(folder: Path, key: str = "abc") -> Live:
    return Live(folder / "dcgan", "DCGAN", key, CPU)


def train(settings: AdversarialSettings, pixels: np.ndarray, **more: object) -> loop.Trained:
    return loop.train(contract.load("dcgan"), settings, DataShape(3, 16), pixels, None, CPU, 2, **more)  # type: ignore[arg-type]


def curves(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """Return the scalars of the only run in a folder as TensorBoard shows them: value over images."""
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    (run,) = (path for path in (folder / "dcgan").iterdir() if path.is_dir())
    events = accumulator.EventAccumulator(str(run)).Reload()
    assert events.Tags()["images"] == ["fixed_latents"]
    return {tag: [(event.step, event.value) for event in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


def begin(settings: AdversarialSettings, pixels: np.ndarray, folder: Path, every_seconds: float) -> None:
    """Train, watched and saved after each epoch and so often, until something raises what stands for a kill."""
    saving = Saving(Store(folder / "store"), every_seconds, every_epochs=1.0)
    with pytest.raises(KeyboardInterrupt):
        train(settings, pixels, saving=saving, live=watched(folder))


def go_on_in_the_same_curve(settings: AdversarialSettings, pixels: np.ndarray, folder: Path) -> None:
    """Train to the end from what was saved: TensorBoard has each step, and has it once."""
    saving = Saving(Store(folder / "store"), every_seconds=1e6, every_epochs=1.0)
    trained = train(settings, pixels, saving=saving, live=watched(folder))
    assert [step for step, _ in curves(folder)["loss_g"]] == [row["images"] for row in trained.rows]


def test_a_training_that_is_watched_gives_the_same(
    small: AdversarialSettings, pixels: np.ndarray, tmp_path: Path
) -> None:
    plain, seen = train(small, pixels), train(small, pixels, live=watched(tmp_path))
    assert seen.rows == plain.rows
    for name, network in plain.variant.networks.items():
        for key, value in network.state_dict().items():
            assert torch.equal(seen.variant.networks[name].state_dict()[key], value)
    with Image.open(tmp_path / "dcgan.png") as picture:
        assert picture.height == live.HEAD + live.SIDE + live.MARGIN
    found = curves(tmp_path)
    assert {"loss_d", "loss_g", "d_real", "d_fake", "images_per_second", "memory_mb"} == found.keys()
    assert [step for step, _ in found["loss_g"]] == [row["images"] for row in plain.rows]
    assert [value for _, value in found["loss_g"]] == pytest.approx([row["loss_g"] for row in plain.rows])


def test_a_training_that_goes_on_does_so_in_the_same_curve_without_a_doubled_stretch(
    small: AdversarialSettings, pixels: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was killed two steps after the last state that was saved: TensorBoard has seen them already."""
    show, shown = Live.show, []

    def killed(self: Live, *arguments: object) -> None:
        show(self, *arguments)  # type: ignore[arg-type]
        shown.append(arguments)
        if len(shown) == 6:  # of eight steps; those of the first epoch, four, are saved
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Live, "show", killed)
        begin(small, pixels, tmp_path, every_seconds=1e6)
    go_on_in_the_same_curve(small, pixels, tmp_path)


def test_what_was_read_since_the_last_look_is_shown_later(
    small: AdversarialSettings, pixels: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There was one look, after the second step of eight; five were done, and saved, when the process was killed."""
    due, asked = Live.due, []

    def seldom(self: Live) -> bool:
        asked.append(due(self))
        if len(asked) == 6:
            raise KeyboardInterrupt
        return len(asked) == 2

    with monkeypatch.context() as patch:
        patch.setattr(Live, "due", seldom)
        begin(small, pixels, tmp_path, every_seconds=0.0)
    go_on_in_the_same_curve(small, pixels, tmp_path)


def test_another_training_has_a_curve_of_its_own_and_old_ones_are_forgotten(
    small: AdversarialSettings, pixels: np.ndarray, tmp_path: Path
) -> None:
    pytest.importorskip("tensorboard")
    for number in range(live.RUNS_KEPT + 2):
        train(small.model_copy(update={"epochs": 1}), pixels, live=watched(tmp_path, f"key{number}"))
    runs = [path.name.rpartition("_")[2] for path in sorted((tmp_path / "dcgan").iterdir())]
    assert sorted(runs) == sorted(f"key{number}" for number in range(2, live.RUNS_KEPT + 2))


def test_without_tensorboard_there_is_the_picture(
    small: AdversarialSettings, pixels: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    train(small, pixels, live=watched(tmp_path))
    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith(".")] == ["dcgan.png"]


def test_what_goes_wrong_is_told_once_and_ends_no_training(
    small: AdversarialSettings, pixels: np.ndarray, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "live").write_text("in the way")
    train(small, pixels, live=watched(tmp_path / "live"))
    said = capsys.readouterr().err
    assert said.count("DCGAN goes on, but its picture does not show it: ") == 1
    assert said.count("DCGAN goes on, but TensorBoard does not show it: ") <= 1  # it may not be installed


def test_images_that_cannot_be_made_end_no_training(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def failing() -> np.ndarray:
        raise torch.OutOfMemoryError("CUDA is full")

    some = watched(tmp_path)
    with some.watching(0):
        for _ in range(2):
            some.show(lambda: [{"images": 8.0, "epoch": 0.1}], failing, 16)
    assert capsys.readouterr().err == "DCGAN goes on, but a look does not show it: CUDA is full\n"


@pytest.mark.parametrize(("began", "takes", "wait"), [(20.0, 0.01, 10.0), (100.0, 3.0, 300.0), (3600.0, 0.01, 72.0)])
def test_looks_are_as_rare_as_they_take_long_and_rarer_in_a_long_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, began: float, takes: float, wait: float
) -> None:
    monkeypatch.undo()  # what makes a look always due
    clock = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])

    def drawn(*_: object) -> Image.Image:
        clock[0] += takes
        return Image.new("RGB", (1, 1))

    monkeypatch.setattr(live, "picture", drawn)
    some = watched(tmp_path)
    with some.watching(0):
        assert not some.due()
        clock[0] = began
        assert some.due()
        some.show(lambda: [{"images": 8.0, "epoch": 0.1}], lambda: np.zeros((16, 8, 8, 3), np.uint8), 16)
        clock[0] = began + takes + 0.99 * wait
        assert not some.due()
        clock[0] = began + takes + 1.01 * wait
        assert some.due()
