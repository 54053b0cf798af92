"""A trained generator in use, and how one is found."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import settings_for
from generators import untrained

import gans
from gans.base.errors import InputError
from gans.data.arrays import DataShape
from gans.networks import contract, models
from gans.networks.settings import AdversarialSettings
from gans.zoo import catalogue
from gans.zoo.generator import BLOCK, Generator


@pytest.fixture(params=["dcgan", "cdcgan"])
def generator(request: pytest.FixtureRequest, small: AdversarialSettings) -> Generator:
    return untrained(request.param, small)


@pytest.fixture
def keep(small: AdversarialSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """A function that leaves an untrained variant in a folder of the current one; nothing else is to be found."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(catalogue, "REPOSITORY", tmp_path / "elsewhere")

    def kept(place: str, name: str = "dcgan") -> Path:
        folder = tmp_path / place
        folder.mkdir(parents=True)
        kind = contract.load(name)
        shape = DataShape(3, small.image_size, *(((9, 7), ("no", "Smiling")) if kind.conditional else ()))
        variant = kind(settings_for(name, small), shape)
        frames = {0: np.zeros((4, small.image_size, small.image_size, 3), np.uint8)}
        models.save(folder, name, variant, shape, variant.generator, frames)
        return folder

    return kept


def test_a_picture_of_a_seed_is_the_same_however_many_are_asked_for(generator: Generator) -> None:
    many = generator(BLOCK + 6, seed=5)
    assert many.dtype == np.uint8
    assert many.shape == (BLOCK + 6, generator.size, generator.size, 3)
    assert (generator(1, seed=5) == many[:1]).all()
    assert (generator(BLOCK, seed=5) == many[:BLOCK]).all()
    assert (
        generator.images(generator.latents(3, seed=5, start=BLOCK), _labels(generator, BLOCK, 3)) == many[-6:-3]
    ).all()
    assert (generator(4, seed=6) != many[:4]).any((1, 2, 3)).all()
    blocks = list(generator.blocks(BLOCK + 6, seed=5))
    assert [len(block) for block in blocks] == [BLOCK, 6]


def _labels(generator: Generator, start: int, count: int) -> torch.Tensor | None:
    return generator.labels(count, seed=5, start=start) if generator.classes else None


def test_a_walk_begins_and_ends_where_it_is_told_to(generator: Generator) -> None:
    a, b = generator.latents(2, seed=1)
    way = generator.walk(a, b, steps=5)
    assert (way[[0, -1]] == generator.images(torch.stack([a, b]))).all()
    assert len(np.unique(way, axis=0)) == 5


def test_classes_are_asked_for_by_name_or_number_and_else_as_frequent_as_in_training(
    small: AdversarialSettings,
) -> None:
    generator = untrained("cdcgan", small)
    assert generator.classes == ("one", "two", "Wearing_<Hat>")
    assert (generator(8, label="two") == generator(8, label=1)).all()
    assert (generator(8, label="two") == generator(8, label="1")).all()
    assert (generator(8, label=0) != generator(8, label=2)).any()
    drawn = np.bincount(generator.labels(3000).numpy()) / 3000
    np.testing.assert_allclose(drawn, np.array(generator.sampler.class_counts) / 24, atol=0.03)
    mixed = generator(20)
    for number, label in enumerate(generator.labels(20).tolist()):
        assert (mixed[number] == generator(20, label=label)[number]).all()


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"count": 0}, "count is 0; expected a whole number of at least 1"),
        ({"count": 2.5}, "count is 2.5; expected"),
        ({"seed": 1.5}, "the seed is 1.5; expected"),
        ({"seed": -1}, "the seed is -1; expected"),
        ({"seed": 2**64}, "expected a whole number from 0 to"),
        ({"truncation": 0.0}, "truncation is 0.0; expected a number above 0"),
        ({"truncation": float("nan")}, "truncation is nan"),
        ({"label": "tow"}, "knows no class 'tow'; expected one of: one, two, .*; did you mean two?"),
        ({"label": 3}, "knows no class 3"),
    ],
)
def test_what_cannot_be_drawn_is_refused_before_anything_is(
    asked: dict[str, object], message: str, small: AdversarialSettings
) -> None:
    generator = untrained("cdcgan", small)
    with pytest.raises(InputError, match=message):
        generator.blocks(**{"count": 4, **asked})  # type: ignore[arg-type]


def test_latents_of_another_length_and_labels_for_nobody_are_refused(generator: Generator) -> None:
    with pytest.raises(InputError, match=r"latents are \(4, 9\); expected \(N, 8\)"):
        generator.images(torch.zeros(4, 9))
    if not generator.classes:
        with pytest.raises(InputError, match="knows no classes; leave the labels out"):
            generator.images(torch.zeros(4, 8), torch.zeros(4, dtype=torch.int64))
    assert (generator.images(torch.ones(2, 8, dtype=torch.float64)) == generator.images(torch.ones(2, 8))).all()


def test_a_generator_without_classes_says_so(small: AdversarialSettings) -> None:
    generator = untrained("dcgan", small)
    assert generator.classes == ()
    for ask in (lambda: generator(1, label="one"), lambda: generator.labels(1)):
        with pytest.raises(InputError, match="knows no classes"):
            ask()


def test_one_is_found_by_its_name_or_folder_and_the_zoo_comes_first(keep: Callable[..., Path]) -> None:
    trained, entry, both = keep("models/cdcgan", "cdcgan"), keep("zoo/cdcgan-faces", "cdcgan"), keep("models/dcgan")
    assert list(catalogue.found()) == ["cdcgan-faces", "cdcgan", "dcgan"]
    assert catalogue.found()["dcgan"] == both
    generator = gans.load("cdcgan")
    assert (generator.name, generator.title, generator.classes) == ("cdcgan", "cDCGAN", ("no", "Smiling"))
    assert repr(generator) == "<cDCGAN 'cdcgan': 8 numbers to 16 x 16 x 3, classes no, Smiling>"
    for other in (trained, str(trained), "models/cdcgan"):
        assert (gans.load(other)(2) == generator(2)).all()
    assert gans.load(entry).name == "cdcgan-faces"
    Path("cdcgan-faces").mkdir()  # such as pictures of it
    assert (gans.load("cdcgan-faces")(1) == gans.load(entry)(1)).all()


def test_what_is_not_there_or_damaged_is_told_in_one_line(keep: Callable[..., Path]) -> None:
    def refused(name: str | Path) -> str:
        with pytest.raises(InputError) as caught:
            gans.load(name)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    assert "none is here; run `make repro`" in refused("dcgan")
    folder = keep("models/dcgan")
    assert refused("dcgna").endswith("expected a folder or one of: dcgan; did you mean dcgan?")
    assert "holds no generator.safetensors" in refused(folder.parent)

    settings = folder / models.SETTINGS
    sound = settings.read_text()
    for text in ("{", '{"variant": "dcgan"}', json.dumps(json.loads(sound) | {"lr": "fast"}), "[1]"):
        settings.write_text(text)
        assert f"{settings} is damaged" in refused("dcgan")
    settings.write_text(json.dumps(json.loads(sound) | {"width": 5}))
    assert "does not fit" in refused("dcgan")
    settings.unlink()
    assert "is missing" in refused("dcgan")

    settings.write_text(sound)
    weights = folder / models.GENERATOR
    weights.write_bytes(weights.read_bytes()[:-10])
    assert f"{weights} is damaged" in refused("dcgan")
    shutil.rmtree(folder)
    assert "none is here" in refused("dcgan")


def test_the_library_offers_what_it_names_and_nothing_else() -> None:
    assert gans.load is catalogue.load
    with pytest.raises(AttributeError, match="no attribute 'laod'"):
        gans.laod  # noqa: B018
