"""The loop: who learns when, what is kept, and that it teaches."""

import os
import signal
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from torch import nn

from gans.base import signals
from gans.base.errors import InputError
from gans.data.arrays import DataShape
from gans.data.batches import Batches
from gans.data.pixels import to_float
from gans.networks import contract, sampling
from gans.networks.contract import Adversarial, Batch, Learnt, Networks, Turn, Variant
from gans.networks.sampling import Sampler
from gans.networks.settings import AdversarialSettings, Settings
from gans.runtime import optimizers, randomness
from gans.training import loop
from gans.training.observer import Snapshots, Span
from gans.training.state import Saving, Store
from gans.training.steps import Iteration
from gans.training.trained import COLUMNS, timings

SHAPE = DataShape(3, 16)
CPU = torch.device("cpu")
DCGAN = contract.load("dcgan")


def train(kind: type[Variant], settings: Settings, pixels: np.ndarray, **more: Any) -> loop.Trained:
    return loop.train(kind, settings, SHAPE, pixels, None, CPU, 3, **more)


@pytest.fixture
def trained(small: Settings, pixels: np.ndarray) -> loop.Trained:
    return train(DCGAN, small, pixels)


def test_every_pass_shows_each_image_and_each_player_steps_once_a_batch(trained: loop.Trained) -> None:
    assert trained.images_seen == 2 * 32
    assert trained.steps == {"loss_d": 8, "loss_g": 8}
    assert [row["step"] for row in trained.rows] == list(range(1, 9))
    assert (trained.rows[-1]["images"], trained.rows[-1]["epoch"]) == (64, 2.0)
    assert list(trained.rows[0]) == ["step", "images", "epoch", "loss_d", "d_real", "d_fake", "loss_g"]
    assert set(trained.rows[0]) == set(COLUMNS)


def test_facts_are_those_of_the_networks(trained: loop.Trained) -> None:
    facts = trained.facts(CPU)
    assert facts["parameters_g"] == sum(weight.numel() for weight in trained.variant.generator.parameters())
    assert (facts["images_seen"], facts["steps_d"], facts["steps_g"], facts["device"]) == (64, 8, 8, "cpu")
    assert facts["loss_g"] == pytest.approx(trained.rows[-1]["loss_g"], rel=1e-5)
    measured = timings(trained, [trained.seconds, 3 * trained.seconds], CPU)
    assert measured["images_per_second"] == pytest.approx(64 / (2 * trained.seconds), rel=0.01)
    assert measured["peak_memory_mb"] > 0


def test_the_first_loss_is_that_of_the_untrained_networks(
    small: Settings, pixels: np.ndarray, trained: loop.Trained
) -> None:
    torch.manual_seed(randomness.derived_seed(small.seed, "weights"))
    variant = DCGAN(small, SHAPE)
    batches = Batches(pixels, None, batch_size=8, random_flip=True, seed=small.seed, device=CPU)
    batch = variant.batch(*batches[0], sampling.latents(8, small, "latents", CPU, 0))
    loss, readings = variant.turns()[0].loss(batch)
    assert trained.rows[0]["loss_d"] == pytest.approx(loss.item(), rel=1e-5)
    assert trained.rows[0]["d_real"] == pytest.approx(readings["d_real"].item(), rel=1e-5)


def test_every_player_steps_with_the_settings_asked_for(small: Settings) -> None:
    changes = {"lr": 0.03, "beta1": 0.25, "beta2": 0.75, "momentum": 0.7}
    for name, expected in (("Adam", {"betas": (0.25, 0.75)}), ("SGD", {"momentum": 0.7})):
        settings = small.model_copy(update={**changes, "optimizer": name.lower()})
        iteration = Iteration(DCGAN(settings, SHAPE), CPU)
        assert iteration.optimizers.keys() == {"loss_d", "loss_g"}
        for turn in iteration.turns:
            optimizer = iteration.optimizers[turn.column]
            assert type(optimizer) is getattr(optimizers, name)
            assert optimizer.defaults.items() >= {"lr": 0.03, **expected}.items()
            assert optimizer.param_groups[0]["params"] == list(turn.learner.parameters())


def test_another_seed_gives_another_training(small: Settings, pixels: np.ndarray, trained: loop.Trained) -> None:
    other = train(DCGAN, small.model_copy(update={"seed": 4}), pixels)
    assert other.rows[0]["loss_d"] != trained.rows[0]["loss_d"]


def test_the_averaged_generator_made_the_last_frame(small: Settings, trained: loop.Trained) -> None:
    assert list(trained.frames) == [0, 16, 64]
    z = sampling.latents(16, small, "fixed_latents", CPU)
    assert (trained.frames[64] == Sampler(trained.averaged)(z)).all()
    assert not (trained.frames[0] == trained.frames[64]).all()


def test_random_numbers_elsewhere_change_nothing(small: Settings, pixels: np.ndarray, trained: loop.Trained) -> None:
    torch.rand(1000)
    assert train(DCGAN, small, pixels).rows == trained.rows


class ThreeCriticSteps(Adversarial):
    """A pair that keeps count of the batches it was shown."""

    title, source = "three steps", "this test"
    seen: ClassVar[list[tuple[str, float]]] = []

    def build(self, settings: AdversarialSettings, shape: DataShape) -> Networks:
        generator = nn.Sequential(nn.Linear(settings.nz, 3 * 16 * 16), nn.Tanh(), nn.Unflatten(1, (3, 16, 16)))
        return generator, nn.Sequential(nn.Flatten(), nn.Linear(3 * 16 * 16, 1), nn.Flatten(0))

    def discriminator_loss(self, batch: Batch) -> Learnt:
        self.seen.append(("d", batch.real.sum().item()))
        return super().discriminator_loss(batch)

    def generator_loss(self, batch: Batch) -> Learnt:
        self.seen.append(("g", batch.real.sum().item()))
        assert not any(weight.requires_grad for weight in self.discriminator.parameters())
        return super().generator_loss(batch)


def test_several_steps_of_the_first_player_share_the_budget(small: Settings, pixels: np.ndarray) -> None:
    ThreeCriticSteps.seen.clear()
    trained = train(ThreeCriticSteps, small.model_copy(update={"epochs": 3, "discriminator_steps": 3}), pixels)
    assert trained.steps == {"loss_d": 12, "loss_g": 4}
    assert trained.images_seen == 96
    players = [player for player, _ in ThreeCriticSteps.seen]
    assert players == ["d", "d", "d", "g"] * 4
    first_four = [total for _, total in ThreeCriticSteps.seen[:4]]
    assert len(set(first_four[:3])) == 3  # a fresh batch for each step
    assert first_four[3] == first_four[2]  # the second player sees the last one


class OneLearner(Variant):
    """No discriminator: one player learns to make the mean image."""

    title, source = "one learner", "this test"

    def __init__(self, settings: Settings, shape: DataShape) -> None:
        self.settings = settings
        self.generator = nn.Sequential(nn.Linear(settings.nz, 3 * 16 * 16), nn.Unflatten(1, (3, 16, 16)))
        self.networks = {"generator": self.generator}

    def turns(self) -> tuple[Turn, ...]:
        return (Turn("loss_g", self.generator, self.loss),)

    def loss(self, batch: Batch) -> Learnt:
        error = (batch.fake - batch.real).square().mean()
        return error, {"error": error}


def test_a_variant_without_a_discriminator_learns(small: Settings) -> None:
    target = np.full((16, 16, 16, 3), 200, np.uint8)
    settings = small.model_copy(update={"epochs": 150, "lr": 0.01, "ema_half_life": 0.0})
    trained = train(OneLearner, settings, target)
    assert trained.rows[-1]["loss_g"] < trained.rows[0]["loss_g"] / 20
    assert set(trained.rows[0]) == {"step", "images", "epoch", "loss_g", "error"}
    assert "parameters_d" not in trained.facts(CPU)
    fakes = Sampler(trained.averaged)(sampling.latents(8, settings, "evaluation", CPU))
    assert abs(fakes.mean() - 200) < 15


class TellsItsLabel(Adversarial):
    """A conditional pair that notes which labels it is given."""

    title, source, conditional = "conditional", "this test", True
    told: ClassVar[list[list[int]]] = []

    def build(self, settings: AdversarialSettings, shape: DataShape) -> Networks:
        return Told(settings.nz), Told(3 * 16 * 16)


class Told(nn.Module):
    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(inputs))

    def forward(self, x: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        TellsItsLabel.told.append(labels.tolist())
        value = (x.flatten(1) * self.weight).mean(1)
        return value if x.dim() == 4 else value.tanh()[:, None, None, None].expand(-1, 3, 16, 16)


def test_the_loop_binds_the_batchs_labels(small: Settings, pixels: np.ndarray) -> None:
    TellsItsLabel.told.clear()
    shape = DataShape(3, 16, (16, 16))
    labels = np.arange(32) % 2
    loop.train(TellsItsLabel, small.model_copy(update={"epochs": 1}), shape, pixels, labels, CPU, 2)
    first_frame, *told = TellsItsLabel.told
    assert first_frame == [0] * 8 + [1] * 8
    batches = Batches(pixels, labels, batch_size=8, random_flip=True, seed=small.seed, device=CPU)
    wanted = batches[0][1]
    assert wanted is not None
    assert told[:4] == [wanted.tolist()] * 4  # D of real images, G, D of its fakes, D in G's turn


class Spoilt(ThreeCriticSteps):
    """Its G meets something that is not finite in its second iteration: in the loss, or in the gradient alone."""

    spoilt: ClassVar[str]
    built: ClassVar[list[Variant]] = []

    def __init__(self, settings: AdversarialSettings, shape: DataShape) -> None:
        super().__init__(settings, shape)
        self.turns_of_g = 0
        self.built[:] = [self]
        self.before: dict[str, torch.Tensor] = {}

    def generator_loss(self, batch: Batch) -> Learnt:
        loss, readings = super().generator_loss(batch)
        self.turns_of_g += 1
        if self.turns_of_g == 2:
            self.before = {key: value.clone() for key, value in self.generator.state_dict().items()}
            zero = (loss * 0).abs().sqrt() if self.spoilt == "gradient" else loss * float("nan")  # d sqrt(0) = inf * 0
            return loss + zero, readings
        return loss, readings


@pytest.mark.parametrize(("spoilt", "what"), [("loss", "loss_g"), ("gradient", "the norm of loss_g's gradient")])
def test_what_is_not_finite_stops_the_training_before_its_update(
    small: Settings, pixels: np.ndarray, spoilt: str, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Spoilt, "spoilt", spoilt, raising=False)
    with pytest.raises(InputError, match=f"^{what} is nan at step 2; expected a finite number: lower lr"):
        train(Spoilt, small.model_copy(update={"epochs": 9, "discriminator_steps": 3}), pixels)
    (variant,) = Spoilt.built
    assert isinstance(variant, Spoilt)
    assert variant.turns_of_g == 2
    after = variant.generator.state_dict()
    assert all(torch.equal(value, after[key]) for key, value in variant.before.items())


class Fault(Exception):
    """Ends a training from within, as a kill would."""


def same(one: loop.Trained, other: loop.Trained) -> bool:
    """Return whether two trainings left the same: weights of all networks, averages, losses, pictures."""
    modules = [(*trained.variant.networks.values(), trained.averaged) for trained in (one, other)]
    weights = [[value for module in each for value in module.state_dict().values()] for each in modules]
    return (
        one.rows == other.rows
        and one.frames.keys() == other.frames.keys()
        and all(map(np.array_equal, one.frames.values(), other.frames.values()))
        and all(map(torch.equal, *weights))
    )


@pytest.mark.parametrize("changes", [{}, {"optimizer": "sgd"}, {"discriminator_steps": 2, "batch_size": 4}])
@pytest.mark.parametrize("kind", ["dcgan", "dcgan_upsample"])  # batch statistics; dropout
def test_a_training_that_was_interrupted_twice_ends_as_an_undisturbed_one(
    small: AdversarialSettings, pixels: np.ndarray, tmp_path: Path, kind: str, changes: dict[str, object]
) -> None:
    settings = small.model_copy(update={"epochs": 3, **changes})
    variant = contract.load(kind)
    undisturbed = train(variant, settings, pixels)
    saving = Saving(Store(tmp_path / "state"), every_seconds=0, every_epochs=1)  # after each step

    def interrupted_after(images: int) -> None:
        def keep(images_seen: int, _: nn.Module) -> None:
            if images_seen >= images:
                raise Fault

        with pytest.raises(Fault):
            train(variant, settings, pixels, snapshots=Snapshots(0.25, keep), saving=saving)

    interrupted_after(24)
    interrupted_after(64)
    resumed = train(variant, settings, pixels, saving=saving)
    assert same(resumed, undisturbed)
    again = train(variant, settings, pixels, saving=saving)
    assert same(again, undisturbed)  # a finished one is not trained again
    assert again.seconds > 0  # those of the work that was saved


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_the_same_number_of_threads_gives_the_same_bytes(
    small: AdversarialSettings, pixels: np.ndarray, threads: int
) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        one, other = (train(DCGAN, small.model_copy(update={"width": 16}), pixels) for _ in range(2))
    finally:
        torch.set_num_threads(before)
    assert same(one, other)


def test_states_are_saved_after_so_many_epochs(small: Settings, pixels: np.ndarray, tmp_path: Path) -> None:
    """32 images in batches of 8 for 5 epochs are 20 steps."""
    steps = []

    class Noting(Store):
        def save(self, step: int, state: Mapping[str, object]) -> None:
            steps.append(step)
            super().save(step, state)

    saving = Saving(Noting(tmp_path), every_seconds=1e6, every_epochs=2)
    train(DCGAN, small.model_copy(update={"epochs": 5}), pixels, saving=saving)
    assert steps == [8, 16, 20]


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_waits_for_the_step_and_its_state(
    small: Settings, pixels: np.ndarray, tmp_path: Path, number: int, status: int
) -> None:
    class Asked(ThreeCriticSteps):
        def generator_loss(self, batch: Batch) -> Learnt:
            os.kill(os.getpid(), number)
            return super().generator_loss(batch)

    store = Store(tmp_path)
    saving = Saving(store, every_seconds=1e6, every_epochs=1e6)
    handlers = {each: signal.getsignal(each) for each in (*signals.ASKING_TO_STOP, *signals.LEFT_ALONE)}
    try:
        with pytest.raises(signals.Stopped, match="step 1 of 8 is saved: run again to go on") as stopped:
            train(Asked, small, pixels, saving=saving)
    finally:
        for each, handler in handlers.items():
            signal.signal(each, handler)
    assert stopped.value.status == status
    state = store.load()
    assert state is not None
    assert state["iterations"] == 1


def test_a_dcgan_learns_the_colour_of_its_images(small: Settings) -> None:
    red = np.zeros((64, 16, 16, 3), np.uint8)
    red[..., 0] = np.random.default_rng(0).integers(180, 250, (64, 1, 1))
    settings = small.model_copy(update={"epochs": 40, "lr": 0.002})
    trained = train(DCGAN, settings, red)
    fakes = Sampler(trained.averaged)(sampling.latents(32, settings, "evaluation", CPU))
    assert fakes[..., 0].mean() > fakes[..., 1:].mean() + 80
    assert to_float(torch.from_numpy(fakes)).shape == (32, 3, 16, 16)


def test_the_average_is_kept_at_the_moments_asked_for(small: Settings, pixels: np.ndarray) -> None:
    """32 images in batches of 8 for 2 epochs are 8 iterations: half an epoch is 2, and the end is kept anyway."""
    kept = {}

    def keep(images_seen: int, averaged: nn.Module) -> None:
        kept[images_seen] = averaged.state_dict()["layers.0.weight"].clone()

    snapshots = Snapshots(0.5, keep)
    train(DCGAN, small, pixels, snapshots=snapshots)
    assert list(kept) == [16, 32, 48]
    assert not torch.equal(kept[16], kept[48])
    assert snapshots.iterations(Span(2, 32, Fraction(4), 8)) == {2, 4, 6}
    assert Snapshots(5.0, keep).iterations(Span(2, 32, Fraction(4), 8)) == set()
    assert Snapshots(0.001, keep).iterations(Span(1, 32, Fraction(4), 8)) == {1, 2, 3}


def test_a_training_that_goes_wrong_is_told_of_once_while_it_runs_and_in_its_facts(
    small: AdversarialSettings, pixels: np.ndarray, cpu: torch.device, capsys: pytest.CaptureFixture[str]
) -> None:
    """D learns ten thousand times as fast as G, and wins."""
    settings = small.model_copy(update={"epochs": 40, "lr_d": 0.01, "lr_g": 1e-6})
    trained = loop.train(contract.load("dcgan"), settings, DataShape(3, 16), pixels, None, cpu, 2)
    (seen,) = trained.symptoms.values()
    assert trained.facts(cpu)["symptoms"] == {"d_has_won": seen}
    assert 0 < seen < trained.images_seen
    said = capsys.readouterr().err
    assert said.count("images: D tells all fakes, and G has nothing to learn from") == 1
    assert f"DCGAN, {seen:,} images: " in said
