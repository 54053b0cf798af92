"""The contract of every variant: a test finds each file by itself."""

import numpy as np
import pytest
import torch
import yaml
from conftest import ROOT

from gans import config, training, variants
from gans.config import Settings
from gans.errors import InputError
from gans.variants import ImageShape, Variant

SHAPES = [ImageShape(1, 32, 0), ImageShape(3, 32, 0), ImageShape(3, 64, 0), ImageShape(3, 32, 4)]


def build(name: str, settings: Settings, shape: ImageShape) -> Variant:
    torch.manual_seed(1)
    return variants.load(name)(settings.model_copy(update={"image_size": shape.size}), shape)


def batch_for(variant: Variant, settings: Settings, shape: ImageShape) -> variants.Round:
    source = torch.Generator().manual_seed(2)
    real = torch.rand(8, shape.channels, shape.size, shape.size, generator=source) * 2 - 1
    return variant.round(real, torch.randn(8, settings.nz, generator=source))


def test_each_file_has_an_entry_in_params_and_each_entry_a_file() -> None:
    entries = yaml.safe_load((ROOT / "params.yaml").read_text())["variants"]
    assert sorted(entries) == variants.names()


def test_each_entry_lists_every_shared_key_so_that_it_can_be_overridden() -> None:
    entries = yaml.safe_load((ROOT / "params.yaml").read_text())["variants"]
    for entry in entries.values():
        assert set(config.Training.model_fields) <= set(entry)


def test_an_unknown_name_is_refused_with_those_that_exist() -> None:
    with pytest.raises(InputError, match=r"unknown variant 'dcgn'; expected one of .*dcgan"):
        variants.load("dcgn")


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", variants.names())
class TestEvery:
    def test_generator_makes_images_of_the_datas_shape(self, name: str, shape: ImageShape, small: Settings) -> None:
        fake = batch_for(variant := build(name, small, shape), small, shape).fake
        assert fake.shape == (8, shape.channels, shape.size, shape.size)
        assert fake.abs().max() <= 1
        assert variant.title
        assert variant.source

    def test_loss_teaches_its_own_player_alone(self, name: str, shape: ImageShape, small: Settings) -> None:
        variant = build(name, small, shape)
        batch = batch_for(variant, small, shape)
        for turn in variant.turns():
            for module in turn.frozen:
                module.requires_grad_(False)
            for module in variant.networks.values():
                module.zero_grad(set_to_none=True)
            turn.loss(batch)[0].backward()
            learned = {id(weight) for weight in turn.learner.parameters()}
            for module in variant.networks.values():
                for weight in module.parameters():
                    assert (weight.grad is not None) == (id(weight) in learned)
            for module in turn.frozen:
                module.requires_grad_(True)

    def test_step_lowers_the_players_loss_on_its_batch(self, name: str, shape: ImageShape, small: Settings) -> None:
        variant = build(name, small, shape)
        for turn in variant.turns():
            batch = batch_for(variant, small, shape)
            before = turn.loss(batch)[0]
            optimizer = torch.optim.SGD(turn.learner.parameters(), lr=1e-3)
            optimizer.zero_grad()
            before.backward()
            optimizer.step()
            assert turn.loss(batch_for(variant, small, shape))[0].item() < before.item()

    def test_two_trainings_with_one_seed_are_equal_to_the_bit(
        self, name: str, shape: ImageShape, small: Settings, cpu: torch.device
    ) -> None:
        settings = small.model_copy(update={"image_size": shape.size, "epochs": 1})
        images = np.random.default_rng(0).integers(0, 256, (24, shape.size, shape.size, shape.channels), dtype=np.uint8)
        kind = variants.load(name)
        one, two = (training.train(kind, settings, shape, images, cpu, 2) for _ in range(2))
        assert one.rows == two.rows
        for a, b in zip(one.averaged.state_dict().values(), two.averaged.state_dict().values(), strict=True):
            assert torch.equal(a, b)
