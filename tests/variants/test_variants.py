"""The contract of every variant: a test finds each file by itself."""

import dataclasses
from typing import TypeVar

import numpy as np
import pytest
import torch
from conftest import ROOT, settings_for
from torch.nn import Conv2d

from gans.base.errors import InputError
from gans.data.arrays import DataShape
from gans.networks import contract
from gans.networks.contract import Batch, Turn, Variant, ramped
from gans.networks.settings import AdversarialSettings
from gans.params import Params
from gans.training import loop

T = TypeVar("T", bound=torch.nn.Module)

PLAIN = [DataShape(channels, size) for channels in (1, 3) for size in (32, 64)]
LABELLED = [DataShape(channels, size, (9, 8, 7)) for channels in (1, 3) for size in (32, 64)]
CONDITIONAL = [name for name in contract.names() if contract.load(name).conditional]
CASES = [
    pytest.param(name, shape, id=f"{name}-{shape.channels}-{shape.size}-{shape.num_classes}")
    for name in contract.names()
    for shape in (LABELLED if name in CONDITIONAL else [*PLAIN, LABELLED[-1]])
]


def build(name: str, settings: AdversarialSettings, shape: DataShape) -> Variant:
    torch.manual_seed(1)
    return contract.load(name)(settings_for(name, settings.model_copy(update={"image_size": shape.size})), shape)


@pytest.fixture
def variant(name: str, shape: DataShape, small: AdversarialSettings) -> Variant:
    return build(name, small, shape)


def batch_for(variant: Variant, shape: DataShape, dtype: torch.dtype = torch.float32) -> Batch:
    source = torch.Generator().manual_seed(2)
    real = torch.rand(8, shape.channels, shape.size, shape.size, generator=source) * 2 - 1
    labels = torch.arange(8) % shape.num_classes if shape.num_classes else None
    return variant.batch(real.to(dtype), labels, torch.randn(8, variant.settings.nz, generator=source).to(dtype))


def loss_of(turn: Turn, batch: Batch) -> torch.Tensor:
    """Return the loss, with what layers draw for themselves the same each time."""
    torch.manual_seed(5)
    return turn.loss(batch)[0]


def discriminator_of(name: str, settings: AdversarialSettings, shape: DataShape) -> torch.nn.Module:
    discriminator = build(name, settings, shape).discriminator
    assert discriminator is not None
    return discriminator


def layers_of(module: torch.nn.Module, kind: type[T]) -> list[T]:
    return [layer for layer in module.modules() if isinstance(layer, kind)]


def num_weights(module: torch.nn.Module) -> int:
    return sum(weight.numel() for weight in module.parameters())


def test_each_variant_has_an_entry_with_what_differs_from_the_shared_values_and_nothing_else() -> None:
    params = Params.load(ROOT / "params.yaml")
    assert set(params.variants) == set(contract.names())
    for name, entry in params.variants.items():
        own = params.settings_of(name, contract.load(name).Settings)
        assert entry == {key: getattr(own, key) for key in entry or {}}
        assert [key for key in entry or {} if key in params.shared() and params.shared()[key] == entry[key]] == [], name


@pytest.mark.parametrize(("name", "shape"), CASES)
class TestEvery:
    def test_generator_makes_images_of_the_datas_shape(self, variant: Variant, shape: DataShape) -> None:
        batch = batch_for(variant, shape)
        assert batch.fake.shape == (8, shape.channels, shape.size, shape.size)
        assert batch.fake.abs().max() <= 1
        assert variant.discriminator is None or batch.d(batch.fake).shape == (8,)
        assert variant.title
        assert variant.source

    def test_loss_teaches_its_own_player_alone(self, variant: Variant, shape: DataShape) -> None:
        batch = batch_for(variant, shape)
        for turn in variant.turns():
            for module in turn.frozen:
                module.requires_grad_(False)
            for module in variant.networks.values():
                module.zero_grad(set_to_none=True)
            loss_of(turn, batch).backward()
            learned = {id(weight) for weight in turn.learner.parameters()}
            for module in variant.networks.values():
                for weight in module.parameters():
                    assert (weight.grad is not None) == (id(weight) in learned)
            for module in turn.frozen:
                module.requires_grad_(True)

    def test_step_lowers_the_players_loss_on_its_batch(self, variant: Variant, shape: DataShape) -> None:
        for module in variant.networks.values():
            module.double()  # what a small step changes may be lost in single precision
        for turn in variant.turns():
            before = loss_of(turn, batch_for(variant, shape, torch.float64))
            weights = list(turn.learner.parameters())
            slopes = torch.autograd.grad(before, weights)
            length = torch.nn.utils.get_total_norm(slopes)
            with torch.no_grad():
                for weight, slope in zip(weights, slopes, strict=True):
                    weight -= 0.01 * slope / length  # a step of length 0.01
            assert loss_of(turn, batch_for(variant, shape, torch.float64)).item() < before.item()


@pytest.mark.parametrize("name", contract.names())
def test_two_trainings_with_one_seed_are_equal_to_the_bit(
    name: str, small: AdversarialSettings, cpu: torch.device
) -> None:
    shape = LABELLED[-1] if name in CONDITIONAL else PLAIN[0]
    settings = settings_for(name, small.model_copy(update={"image_size": shape.size, "epochs": 1}))
    images = np.random.default_rng(0).integers(0, 256, (24, shape.size, shape.size, shape.channels), dtype=np.uint8)
    labels = np.repeat(np.arange(3), shape.class_counts) if shape.num_classes else None
    one = loop.train(contract.load(name), settings, shape, images, labels, cpu, 2)
    torch.rand(7)  # whatever else was drawn in between
    two = loop.train(contract.load(name), settings, shape, images, labels, cpu, 2)
    assert one.rows == two.rows
    assert all(map(torch.equal, one.averaged.state_dict().values(), two.averaged.state_dict().values()))


@pytest.mark.parametrize("ends", [None, 0.00001])
@pytest.mark.parametrize("name", contract.names())
def test_what_depends_on_the_length_of_a_training_is_named(
    name: str, ends: float | None, small: AdversarialSettings
) -> None:
    """A longer training cannot go on from a shorter one then."""
    shape = LABELLED[0] if name in CONDITIONAL else PLAIN[0]

    def at(share: float) -> list[object]:
        variant = build(name, small.model_copy(update={"lr_end": ends}), shape)
        batch = dataclasses.replace(batch_for(variant, shape), share=torch.tensor(share))
        return [[variant.pace(turn.column, share), loss_of(turn, batch).item()] for turn in variant.turns()]

    tied = build(name, small.model_copy(update={"lr_end": ends}), shape).settings.tied_to_length()
    assert bool(tied) == (at(0.0) != at(1.0))


@pytest.mark.parametrize("name", contract.names())
def test_an_unknown_key_is_refused(name: str) -> None:
    params = Params.load(ROOT / "params.yaml")
    params.variants[name] = {"lrr": 1}
    with pytest.raises(InputError, match=rf"unknown key variants\.{name}\.lrr \(1\); did you mean lr\?"):
        params.settings_of(name, contract.load(name).Settings)


@pytest.mark.parametrize("name", CONDITIONAL)
class TestEveryConditional:
    def test_refuses_images_without_labels(self, name: str, small: AdversarialSettings, cpu: torch.device) -> None:
        images = np.zeros((24, 32, 32, 3), np.uint8)
        with pytest.raises(InputError, match=r"learns from labels, but the images have none; set data\.condition_on"):
            loop.train(contract.load(name), small, DataShape(3, 32), images, None, cpu, 2)

    def test_the_label_changes_the_image_and_the_logit(self, name: str, small: AdversarialSettings) -> None:
        variant = build(name, small, DataShape(3, 32, (9, 8, 7)))
        for module in variant.networks.values():
            module.eval()
        z, real = torch.randn(1, small.nz).expand(3, -1), torch.rand(1, 3, 32, 32).expand(3, -1, -1, -1)
        batch = variant.batch(real, torch.arange(3), z)
        assert len({tuple(image.flatten().tolist()) for image in batch.fake}) == 3
        assert len(set(batch.d(real).tolist())) == 3


# Numbers of weights at the published widths, worked out on paper. A linear layer from a to b has ab + b, a k x k
# convolution kkab (+ b with a bias), batch normalisation of b channels 2b.
# Of G and D of R3GAN alike: four blocks of 384 channels, 384-768-768-384 by 1 x 1, groups of 8 by 3 x 3, 1 x 1, the
# first two with biases; one of 192; 384-192.
R3GAN_BLOCKS = 4 * (294_912 + 768 + 55_296 + 768 + 294_912) + (73_728 + 384 + 27_648 + 384 + 73_728) + 73_728
COUNTS = {
    # 100-128-256-512-1024-1024, the last for 32 x 32 grey pixels, with 256 + 512 + 1024 normalised; 1024-512-256-1.
    ("gan", 1, 32, 0): (12_928 + 33_024 + 131_584 + 525_312 + 1_049_600 + 2 * 1_792, 524_800 + 131_328 + 257),
    # Ten classes more at the entrance of G; 1034-512-512-512-1.
    ("cgan", 1, 32, 10): (1_756_032 + 10 * 128, 529_920 + 2 * 262_656 + 513),
    # Kernels of the tutorial's G: 100*512*16 + (512*256 + 256*128 + 128*64 + 64*3)*16, of its D: (3*64 + 64*128 +
    # 128*256 + 256*512 + 512)*16; gain and bias of 512 + 256 + 128 + 64, and of 128 + 256 + 512 channels.
    ("dcgan", 3, 64, 0): (3_574_784 + 1_920, 2_763_776 + 1_792),
    # 100-1024-512-256-128-3 and 3-128-256-512-1024-1, kernels of 16, without biases.
    ("dcgan_1024", 3, 64, 0): (
        16 * (102_400 + 524_288 + 131_072 + 32_768 + 384) + 2 * 1_920,
        16 * (384 + 32_768 + 131_072 + 524_288 + 1_024) + 2 * 1_792,
    ),
    # 100 to 128 x 8 x 8, 128-128-64-1 by 3 x 3; 1-16-32-64-128 by 3 x 3, 128 x 2 x 2 to 1.
    ("dcgan_upsample", 1, 32, 0): (
        827_392 + 256 + 147_584 + 256 + 73_792 + 128 + 577,
        160 + 4_640 + 64 + 18_496 + 128 + 73_856 + 256 + 513,
    ),
    ("dcgan_upsample", 3, 32, 0): (827_392 + 256 + 147_584 + 256 + 73_792 + 128 + 1_731, 98_113 + 2 * 144),
    # Two more inputs of G's first kernel, an embedding of 2 x 512 in D.
    ("cdcgan", 3, 64, 2): (3_576_704 + 2 * 512 * 16, 2_765_568 + 1_024),
    # DCGAN's; without the 128 + 256 + 512 channels that are normalised in D.
    ("lsgan", 3, 64, 0): (3_576_704, 2_765_568),
    ("wgan_gp", 3, 64, 0): (3_576_704, 2_765_568 - 2 * 896),
    ("sngan", 3, 64, 0): (3_576_704, 2_765_568 - 2 * 896),
    # G: 384 x 4 x 4, 100-384, 192-3. D: 3-192, 384 x 4 x 4, 384-1.
    ("r3gan", 3, 64, 0): (R3GAN_BLOCKS + 6_144 + 38_400 + 576, R3GAN_BLOCKS + 576 + 6_144 + 384),
}


@pytest.mark.parametrize(("case", "expected"), COUNTS.items(), ids=[case[0] for case in COUNTS])
def test_published_widths_have_the_published_number_of_weights(
    case: tuple[str, int, int, int], expected: tuple[int, int], small: AdversarialSettings
) -> None:
    name, channels, size, num_classes = case
    published = small.model_copy(update={"nz": 100, "width": 64})
    variant = build(name, published, DataShape(channels, size, (5,) * num_classes))
    assert variant.discriminator is not None
    assert (num_weights(variant.generator), num_weights(variant.discriminator)) == expected


@pytest.mark.parametrize("name", ["wgan_gp", "sngan", "r3gan"])
def test_the_modern_discriminators_look_at_each_image_by_itself(name: str, small: AdversarialSettings) -> None:
    """A gradient penalty is of single images: what stands beside one in the batch has no say in its logit."""
    discriminator = discriminator_of(name, small, DataShape(3, 32)).eval()  # else spectral normalisation moves
    images = torch.rand(8, 3, 32, 32) * 2 - 1
    assert torch.allclose(discriminator(images)[:1], discriminator(images[:1]), atol=1e-5)
    assert layers_of(discriminator, torch.nn.BatchNorm2d) == []


def test_spectral_normalisation_keeps_every_layer_of_d_from_stretching(small: AdversarialSettings) -> None:
    discriminator = discriminator_of("sngan", small, DataShape(3, 32))
    for _ in range(50):
        discriminator(torch.rand(8, 3, 32, 32) * 2 - 1)
    norms = [torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item() for layer in layers_of(discriminator, Conv2d)]
    assert norms == pytest.approx([1.0] * 4, abs=0.01)


def test_r3gans_blocks_start_as_nothing(small: AdversarialSettings) -> None:
    maps = torch.randn(2, 24, 8, 8)
    assert torch.equal(discriminator_of("r3gan", small, DataShape(3, 32)).blocks[1](maps), maps)  # type: ignore[operator, index]


@pytest.mark.parametrize("progress", [0.0, 1.0])
@pytest.mark.parametrize(("name", "shape"), [("r3gan", DataShape(3, 32)), ("wgan_gp", DataShape(3, 32))])
def test_penalties_have_their_weights(name: str, progress: float, variant: Variant, shape: DataShape) -> None:
    given = batch_for(variant, shape)
    batch = variant.batch(given.real, None, given.z, torch.tensor(progress))
    loss, readings = variant.turns()[0].loss(batch)
    if name == "r3gan":
        real, fake = batch.judged()
        relativistic = torch.nn.functional.softplus(fake - real).mean()
        expected = relativistic + {0.0: 2.0, 1.0: 0.2}[progress] / 2 * (readings["r1"] + readings["r2"])
    else:
        expected = readings["d_fake"] - readings["d_real"] + 10.0 * readings["penalty"]
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)


@pytest.mark.parametrize(
    ("changes", "share", "d", "g"),
    [
        ({}, 0.7, 0.001, 0.001),
        ({"lr_d": 0.004, "lr_g": 0.003}, 0.7, 0.004, 0.003),
        ({"lr_end": 0.0001}, 0.0, 0.001, 0.001),
        ({"lr_end": 0.0001}, 1.0, 0.0001, 0.0001),
        ({"lr_end": 0.0001}, 0.5, 0.00055, 0.00055),
        ({"lr_end": 0.0001, "ramp": 0.5}, 0.5, 0.0001, 0.0001),
        ({"lr_end": 0.0001, "lr_d": 0.004}, 1.0, 0.0004, 0.0001),
    ],
)
def test_step_sizes_differ_and_change_as_asked(
    small: AdversarialSettings, changes: dict[str, float], share: float, d: float, g: float
) -> None:
    settings = small.model_copy(update={"lr": 0.001, **changes})
    variant = build("dcgan", settings, DataShape(3, 16))
    paces = [variant.pace(turn.column, share) for turn in variant.turns()]
    assert [pace.lr for pace in paces] == pytest.approx([d, g], rel=1e-12)
    assert {pace.beta2 for pace in paces} == {small.beta2}


@pytest.mark.parametrize(("share", "expected"), [(0.0, 2.0), (0.5, 1.1), (1.0, 0.2), (1.7, 0.2), (0.25, 1.736396)])
def test_half_a_cosine_leads_from_start_to_end_and_stays_there(share: float, expected: float) -> None:
    assert ramped(2.0, 0.2, share) == pytest.approx(expected)
    assert ramped(2.0, 0.2, torch.tensor(share)).item() == pytest.approx(expected)
    assert all(ramped(0.0002, 0.0002, i / 7) == 0.0002 for i in range(8))  # what does not change is exactly itself


def test_r3gans_step_size_and_memory_change_together(small: AdversarialSettings) -> None:
    settings = small.model_copy(update={"lr": 0.0002, "lr_end": 0.00005, "beta2": 0.9})
    variant = build("r3gan", settings, DataShape(3, 16))
    for turn in variant.turns():
        assert variant.pace(turn.column, 0.0) == pytest.approx((0.0002, 0.9))
        assert variant.pace(turn.column, 1.0) == pytest.approx((0.00005, 0.99))


@pytest.mark.parametrize(("channels", "width"), [(1, 4), (3, 6), (3, 12), (3, 64)])
def test_every_block_of_the_small_discriminator_but_the_first_is_normalised(
    channels: int, width: int, small: AdversarialSettings
) -> None:
    settings = small.model_copy(update={"width": width})
    discriminator = discriminator_of("dcgan_upsample", settings, DataShape(channels, 32))
    normalised = [layer.num_features for layer in layers_of(discriminator, torch.nn.BatchNorm2d)]
    assert normalised == [width // 2, width, 2 * width]


def test_the_autoencoder_has_dcgans_widths(small: AdversarialSettings) -> None:
    networks = build("vae", small.model_copy(update={"nz": 100, "width": 64}), DataShape(3, 64)).networks
    # D without its last kernel of 512 * 16, and one for a mean and a variance of each of 100 numbers.
    expected = {"generator": 3_576_704, "encoder": 2_765_568 - 8_192 + 512 * 16 * 200}
    assert {name: num_weights(module) for name, module in networks.items()} == expected


def test_dcgan_1024_starts_as_torch_starts(small: AdversarialSettings) -> None:
    """Uniform within 1 / sqrt(3 * 16), hence a standard deviation of 1 / sqrt(3 * 48) = 1 / 12."""
    discriminator = discriminator_of("dcgan_1024", small.model_copy(update={"width": 64}), DataShape(3, 64))
    assert next(discriminator.parameters()).std().item() == pytest.approx(1 / 12, rel=0.1)


def test_algorithm_1_is_set_by_settings(small: AdversarialSettings) -> None:
    changes = {"discriminator_steps": 3, "generator_loss": "minimax", "label_smoothing": 0.1}
    variant = build("dcgan", small.model_copy(update=changes), DataShape(1, 16))
    judge, maker = variant.turns()
    assert (judge.steps, maker.steps) == (3, 1)
    # A logit of 1 for everything: sigmoid(1) = 0.731059.
    batch = Batch(torch.zeros(4, 1), torch.zeros(4, 1), lambda z: z, lambda images: images + 1)
    assert maker.loss(batch)[0].item() == pytest.approx(np.log(1 - 0.731059), abs=1e-5)
    by_hand = -0.9 * np.log(0.731059) - 0.1 * np.log(1 - 0.731059) - np.log(1 - 0.731059)
    assert judge.loss(batch)[0].item() == pytest.approx(by_hand, abs=1e-5)


def test_the_autoencoders_bound_is_worked_by_hand(small: AdversarialSettings) -> None:
    variant = build("vae", small, DataShape(1, 32))
    # An encoder that says mean 1, variance 1 for each of 8 numbers: KL = 8 / 2. A decoder that is off by 0.5.
    code = torch.cat([torch.ones(4, 8), torch.zeros(4, 8)], dim=1)
    variant.encoder = torch.nn.Identity()  # type: ignore[attr-defined]
    variant.encoder.forward = lambda _: code  # type: ignore[attr-defined]
    real = torch.zeros(4, 1, 32, 32)
    batch = Batch(real, torch.zeros(4, 8), lambda z: torch.full_like(real, 0.5), lambda images: images)
    loss, readings = variant.turns()[0].loss(batch)
    assert readings["kl"].item() == pytest.approx(4.0, rel=1e-6)
    by_hand = 0.5 * 1024 * (np.log(2 * np.pi * 0.25) + 1)  # of a Gaussian whose variance is the squared error
    assert readings["reconstruction"].item() == pytest.approx(by_hand, rel=1e-4)
    assert loss.item() == pytest.approx(by_hand + 4.0, rel=1e-4)
