"""A variant's trainings: each of its own seed, each once, whatever interrupts them."""

import dataclasses
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from gans.base import publishing
from gans.base.errors import InputError
from gans.data.arrays import DataShape, Packed
from gans.networks import contract, models
from gans.networks.settings import AdversarialSettings
from gans.training import finished, observer
from gans.training.distributed import Ranks
from gans.training.observer import Observer
from gans.training.plan import Plan
from gans.training.steps import Execution
from gans.training.trained import Trained


@pytest.fixture
def plan(small: AdversarialSettings, pixels: np.ndarray) -> Plan:
    meta = {
        "channels": 3,
        "image_size": 16,
        "class_counts": [12, 12],
        "class_names": ["a", "b"],
        "splits": {"train": [0, 24]},
        "sha256": "abc",
    }
    return Plan(
        name="dcgan",
        kind=contract.load("dcgan"),
        settings=small,
        seeds=2,
        data=Packed(pixels, np.arange(32) % 2, None, meta),
        num_frames=2,
        snapshots_every=1.0,
        device=torch.device("cpu"),
        how=Execution(),
    )


def carried_out(plan: Plan, folder: Path, scratch: Path) -> tuple[Trained, list[float]]:
    return plan.carry_out(folder, scratch, save_seconds=0, save_epochs=1)


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_each_seed_has_its_folder_and_the_first_its_moments(plan: Plan, tmp_path: Path) -> None:
    first, seconds = carried_out(plan, tmp_path / "model", tmp_path / "scratch")
    found = content(tmp_path / "model")
    own = {"generator.safetensors", "raw_generator.safetensors", "raw_discriminator.safetensors"}
    own |= {"progress.npy", "settings.json"}
    assert found.keys() == {*own, "snapshots/24.safetensors", *(f"repeat_1/{name}" for name in own)}
    assert len(seconds) == 2
    assert first.seconds == seconds[0]
    assert b'"seed": 3' in found["settings.json"]
    assert b'"seed": 4' in found["repeat_1/settings.json"]
    assert len(models.repeats(tmp_path / "model")) == 2


def test_after_a_fault_no_training_is_done_twice_and_all_bytes_are_the_same(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    carried_out(plan, tmp_path / "undisturbed", tmp_path / "scratch")
    save, calls = models.save, []

    def failing(*arguments: object) -> None:
        calls.append(arguments)
        if len(calls) == 2:
            raise OSError("no space left")
        save(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(models, "save", failing)
    with pytest.raises(OSError, match="no space left"):
        carried_out(plan, tmp_path / "half", tmp_path / "other")
    capsys.readouterr()
    carried_out(plan, tmp_path / "again", tmp_path / "other")
    assert capsys.readouterr().err.count("DCGAN: going on after step 6 of 6") == 2
    assert content(tmp_path / "again") == content(tmp_path / "undisturbed")


def test_the_key_stands_for_the_whole_plan(plan: Plan, small: AdversarialSettings) -> None:
    weights = {"generator": {"a": torch.zeros(2)}}
    others = [
        {"name": "twin"},
        {"settings": small.model_copy(update={"lr": 0.5})},
        {"seeds": 3},
        {"data": dataclasses.replace(plan.data, meta={**plan.data.meta, "sha256": "abd"})},
        {"data": dataclasses.replace(plan.data, labels=np.zeros(32, np.int64))},
        {"data": dataclasses.replace(plan.data, labels=None)},
        {"weights": weights},
        {"weights": {"generator": {"a": torch.ones(2)}}},
        {"num_frames": 3},
        {"snapshots_every": None},
        {"how": Execution(bf16=True)},
        {"how": Execution(compiled=True)},
    ]
    keys = [plan.key, *(dataclasses.replace(plan, **other).key for other in others)]  # type: ignore[arg-type]
    assert len(set(keys)) == len(keys)
    assert plan.key == dataclasses.replace(plan, settings=small.model_copy()).key


def test_every_part_of_a_plan_has_a_part_in_its_key() -> None:
    """A field that is added to the plan needs a case above, or is told here why it needs none."""
    without = {
        "ranks": "another number is refused",
        "section": "it is for messages",
        "kind": "the name and the code say it",
        "device": "tested with the key itself",
    }
    named = {"name", "settings", "seeds", "data", "weights", "num_frames", "snapshots_every", "how"}
    assert {field.name for field in dataclasses.fields(Plan)} == named | without.keys()


def test_another_number_of_ranks_is_refused_and_one_of_threads_starts_anew(plan: Plan, tmp_path: Path) -> None:
    threads = torch.get_num_threads()
    of_two, more_threads = tmp_path / "ranks_2_threads_1", tmp_path / f"ranks_1_threads_{threads + 1}"
    (more_threads / "seed_3").mkdir(parents=True)
    (more_threads / "seed_3" / "000000000002.pt").touch()
    (of_two / "seed_3").mkdir(parents=True)
    assert plan._crew(tmp_path) == tmp_path / f"ranks_1_threads_{threads}"  # of two ranks there is no state yet
    (of_two / "seed_3" / "000000000002.pt").touch()
    line = r"of dcgan in .*ranks_2_threads_1 is of 2 rank\(s\), this one of 1; expected as many: set run\.launcher back"
    with pytest.raises(InputError, match=line):
        plan._crew(tmp_path)
    assert dataclasses.replace(plan, ranks=Ranks(0, 2))._crew(tmp_path / "none").name == f"ranks_2_threads_{threads}"


def test_memory_that_does_not_suffice_is_told_with_what_to_lower(plan: Plan, tmp_path: Path) -> None:
    settings = plan.settings.model_copy(update={"width": 1 << 40})
    with pytest.raises(InputError, match=r"out of memory on cpu.*; lower batch_size \(8\) or width \(1099511627776\)"):
        carried_out(dataclasses.replace(plan, settings=settings), tmp_path / "model", tmp_path / "scratch")


def test_the_seed_of_a_training_that_fails_is_named(plan: Plan, tmp_path: Path) -> None:
    class Failing(contract.load("dcgan")):  # type: ignore[misc]
        def __init__(self, settings: AdversarialSettings, shape: DataShape) -> None:
            super().__init__(settings, shape)
            if settings.seed == 4:
                nn.init.constant_(next(self.generator.parameters()), float("nan"))

    with pytest.raises(InputError, match=r"^with seed 4: loss_d is nan at step 1; expected a finite"):
        carried_out(dataclasses.replace(plan, kind=Failing), tmp_path / "model", tmp_path / "scratch")


def after(plan: Plan, place: Path, epochs: int, name: str = "model", **changes: object) -> Trained:
    """Train for so many epochs into a folder of `place`, which also has the trainings that ended before."""
    plan = dataclasses.replace(plan, settings=plan.settings.model_copy(update={"epochs": epochs, **changes}))
    first, _ = plan.carry_out(
        place / name, place / "scratch", save_seconds=0, save_epochs=1, finished=place / "finished"
    )
    publishing.remove(place / "scratch")  # as a stage does at its end
    return first


@pytest.mark.parametrize("steps", [1, 2])
@pytest.mark.parametrize("done", [1, 3])
def test_more_epochs_go_on_to_the_bytes_that_as_many_at_once_give(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, done: int, steps: int
) -> None:
    """Of both seeds; moments that were the shorter one's last alone are forgotten, those it lacked are made up for."""
    monkeypatch.setattr(observer, "MAX_ROWS", 3)  # so that a row of the longer one's curve stands for more steps
    plan = dataclasses.replace(plan, num_frames=6, snapshots_every=0.75)
    whole = after(plan, tmp_path, 4, "whole", discriminator_steps=steps)
    publishing.remove(tmp_path / "finished")
    assert whole.went_on_after == 0
    shorter = after(plan, tmp_path, done, "shorter", discriminator_steps=steps)
    longer = after(plan, tmp_path, 4, "longer", discriminator_steps=steps)
    assert longer.went_on_after == shorter.images_seen
    assert longer.rows == whole.rows
    assert content(tmp_path / "longer") == content(tmp_path / "whole")
    assert len(models.snapshots(tmp_path / "longer")) == {1: 5, 2: 4}[steps]


def test_other_settings_a_shorter_length_and_the_same_one_begin_anew(plan: Plan, tmp_path: Path) -> None:
    plan = dataclasses.replace(plan, seeds=1)
    after(plan, tmp_path, 2, "first")
    assert after(plan, tmp_path, 4, "other", lr=0.5).went_on_after == 0
    assert after(plan, tmp_path, 2, "same").went_on_after == 0
    assert after(plan, tmp_path, 1, "shorter").went_on_after == 0
    assert after(plan, tmp_path, 1, "shorter again").went_on_after == 0
    assert after(plan, tmp_path, 3, "longer").went_on_after == 48  # the shorter ones have not taken its place


def test_a_longer_training_that_was_interrupted_still_says_where_it_went_on(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was killed before it had saved anything of its own, and later once more."""
    plan = dataclasses.replace(plan, seeds=1)
    after(plan, tmp_path, 2, "shorter")

    def failing(*_: object) -> None:
        raise OSError("no space left")

    for module, name in ((Observer, "after"), (models, "save")):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, failing)
            with pytest.raises(OSError, match="no space left"):
                after(plan, tmp_path, 3, "half")
        publishing.remove(tmp_path / "finished")
    assert after(plan, tmp_path, 3, "longer").went_on_after == 48


def test_a_damaged_state_of_a_shorter_training_is_not_used(plan: Plan, tmp_path: Path) -> None:
    plan = dataclasses.replace(plan, seeds=1)
    after(plan, tmp_path, 2, "shorter")
    (state,) = (tmp_path / "finished").rglob("*.pt")
    state.write_bytes(state.read_bytes()[:-100])
    assert after(plan, tmp_path, 3, "longer").went_on_after == 0
    (length,) = (tmp_path / "finished").rglob(finished.LENGTH)
    length.write_text("{")
    assert after(plan, tmp_path, 4, "longest").went_on_after == 72


def test_a_training_whose_steps_depend_on_its_length_says_why_it_begins_anew(
    plan: Plan, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = dataclasses.replace(plan, seeds=1)
    after(plan, tmp_path, 2, "shorter", lr_end=0.00001)
    assert "anew" not in capsys.readouterr().err
    assert after(plan, tmp_path, 3, "longer", lr_end=0.00001).went_on_after == 0
    line = "DCGAN: begins anew and does not go on from the 2 epochs that were trained before, because lr_end makes"
    assert f"{line} each step depend on the length\n" in capsys.readouterr().err
    assert not list((tmp_path / "finished").rglob("*.pt"))


def test_of_trainings_that_ended_the_newest_few_are_kept(plan: Plan, tmp_path: Path) -> None:
    plan = dataclasses.replace(plan, seeds=1)
    places: list[Path] = []
    for number in range(finished.KEPT + 2):
        after(plan, tmp_path, 1, f"model_{number}", lr=0.001 * (number + 1))
        (newest,) = set((tmp_path / "finished").iterdir()) - set(places)
        os.utime(newest, (number, number))
        places.append(newest)
    assert [place.exists() for place in places] == [False] * 2 + [True] * finished.KEPT


def test_a_training_that_cannot_be_kept_is_whole_all_the_same(
    plan: Plan, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "finished").write_text("in the way")
    after(dataclasses.replace(plan, seeds=1), tmp_path, 1)
    assert "not kept for a longer training: " in capsys.readouterr().err
    assert (tmp_path / "model" / "generator.safetensors").exists()
