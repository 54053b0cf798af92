"""What D sees of images: changed at random, with a way back for gradients."""

import pytest
import torch
from conftest import settings_for

from gans.data.arrays import DataShape
from gans.networks import augment, contract
from gans.networks.settings import AdversarialSettings


@pytest.fixture
def images() -> torch.Tensor:
    return torch.rand(32, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.mark.parametrize("name", augment.POLICIES)
def test_every_policy_changes_each_image_differently_and_lets_gradients_through(
    name: str, images: torch.Tensor
) -> None:
    torch.manual_seed(0)
    images = images[:1].expand(32, -1, -1, -1).clone().requires_grad_()
    changed = augment.augmented(images, [name])
    assert changed.shape == images.shape
    assert len({tuple(image.flatten().tolist()) for image in changed}) > 16
    (gradient,) = torch.autograd.grad(changed.sum(), images)
    assert gradient.abs().sum() > 0
    torch.manual_seed(0)
    assert torch.equal(augment.augmented(images, [name]), changed)


def test_without_a_policy_images_stay_as_they_are(images: torch.Tensor) -> None:
    assert augment.augmented(images, []) is images


def test_translation_moves_whole_pixels_up_to_an_eighth_and_brings_grey_in(images: torch.Tensor) -> None:
    moved = augment.translation(images)
    padded = torch.nn.functional.pad(images, (2, 2, 2, 2))
    found = set()
    for image, around in zip(moved, padded, strict=True):
        places = [
            (down, right)
            for down in range(-2, 3)
            for right in range(-2, 3)
            if torch.equal(image, around[:, 2 - down : 18 - down, 2 - right : 18 - right])
        ]
        assert len(places) == 1
        found.add(places[0])
    assert len(found) > 10
    assert {-2, 2} <= {down for down, _ in found} | {right for _, right in found}


def test_cutout_blanks_a_square_of_half_the_side(images: torch.Tensor) -> None:
    kept = augment.cutout(images)
    blank = (kept == 0).all(1)
    assert blank.sum((1, 2)).max() == 64
    assert (blank.sum((1, 2)) >= 16).all()  # at the worst a quarter of it lies inside
    rows = (augment.cutout(torch.ones(4000, 1, 16, 16))[:, 0] == 0).any(2)  # that the square covers, (4000, 16)
    assert {int(count) for count in rows.sum(1)} == {4, 5, 6, 7, 8}
    for edge in (0, 15):  # as far out on one side as on the other
        assert ((rows.sum(1) == 4) & rows[:, edge]).any()
    assert torch.equal(kept[~blank[:, None].expand_as(kept)], images[~blank[:, None].expand_as(images)])


def test_colours_change_brightness_saturation_and_contrast(images: torch.Tensor) -> None:
    torch.manual_seed(0)
    changed = augment.color(images)
    lighter = changed.mean((1, 2, 3)) - images.mean((1, 2, 3))
    assert lighter.abs().max() <= 0.5
    assert lighter.std() > 0.2
    spread = changed.mean(1).std((1, 2)) / images.mean(1).std((1, 2))
    assert spread.min() >= 0.5 - 1e-4
    assert spread.max() <= 1.5 + 1e-4
    assert spread.std() > 0.2
    after, before = ((some - some.mean(1, keepdim=True)).std((1, 2, 3)) for some in (changed, images))
    colourful = after / before
    assert (colourful / spread).max() <= 2 + 1e-4
    assert (colourful / spread).std() > 0.4


@pytest.mark.parametrize("name", ["dcgan", "cdcgan", "lsgan"])
def test_d_sees_real_images_and_fakes_augmented(name: str, small: AdversarialSettings, images: torch.Tensor) -> None:
    seen: list[torch.Tensor] = []
    for policy, differs in (([], False), (["color", "cutout"], True)):
        seen.clear()
        settings = settings_for(name, small.model_copy(update={"augment": policy}))
        variant = contract.load(name)(settings, DataShape(3, 16, [16, 16]))
        assert variant.discriminator is not None
        variant.discriminator.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
        batch = variant.batch(images, torch.arange(32) % 2, torch.randn(32, small.nz))
        variant.turns()[0].loss(batch)
        assert [torch.equal(*pair) for pair in zip(seen, [images, batch.fake], strict=True)] == [not differs] * 2
