"""The drawn faces: the same bytes everywhere, known frequencies, attributes that are true of the picture."""

import hashlib
from dataclasses import replace
from io import BytesIO

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from gans.sources import toyfaces
from gans.sources.painting import render
from gans.sources.portraits import ATTRIBUTES, FREQUENCIES, SKINS, Portrait, describe
from gans.sources.toyfaces import draw, jpegs

PIXELS = {  # SHA-256 of the pixels, row by row: a machine that disagrees would build another data set
    1: "aa6e85c22dc62f813e0ac7ae6d9d55413e97d891d5751250175747f80204bcd0",
    2: "ed12b8c0023665aaa2087a1c10904d6866c6f9740859425b936d432a7e8dd182",
    77: "fbec501d633d639a3d7149d7d060140932e14f23e8f12a1b92868d5c1a8573f9",
    2026: "c1186c201d298781752de4e9d9d0fb2f0562202cca755a8614d82ca9e6bd8248",
}
Image8 = npt.NDArray[np.uint8]
HAIR_COLOURS = {"Black_Hair", "Blond_Hair", "Brown_Hair", "Gray_Hair"}


@pytest.fixture(scope="module")
def portraits() -> list[Portrait]:
    return [describe(index) for index in range(1, 4001)]


def plain(index: int = 1, *traits: str) -> Portrait:
    """A shaven face with short brown hair that looks straight ahead, not scaled: its pixels are the picture's."""
    drawn = frozenset({"Brown_Hair", "Straight_Hair", "No_Beard", *traits})
    ahead = replace(describe(index), yaw=0.0, tilt=0.0, scale=0.0, right=0.0, down=0.0, build=0.0, mood=0.0)
    return replace(ahead, traits=drawn, skin=SKINS[3], length=3.0)


def changes_only_in(box: tuple[int, int, int, int], one: Image8, other: Image8) -> bool:
    """Whether two pictures differ, and only in a box given from between the eyes, which are at (89, 112)."""
    rows, columns = np.nonzero((one != other).any(axis=2))
    left, top, right, bottom = box
    across = left <= columns.min() - 89 <= columns.max() - 89 <= right
    return bool(across and top <= rows.min() - 112 <= rows.max() - 112 <= bottom)


def digest(index: int) -> str:
    return hashlib.sha256(draw(index).image.tobytes()).hexdigest()


def shrink(image: Image8) -> npt.NDArray[np.int64]:
    """The image as training sees it: the central square at 64x64."""
    square = Image.fromarray(image).crop((0, 20, 178, 198))
    return np.asarray(square.resize((64, 64), Image.Resampling.LANCZOS), np.int64)


def test_a_face_has_celebas_shape_and_order_of_attributes() -> None:
    face = draw(1)
    assert face.image.shape == (218, 178, 3)
    assert face.image.dtype == np.uint8
    assert face.image.flags.c_contiguous
    assert face.identity == 1
    assert len(face.attributes) == len(ATTRIBUTES) == len(set(ATTRIBUTES)) >= 16
    assert list(ATTRIBUTES) == sorted(ATTRIBUTES)


@pytest.mark.parametrize("index", PIXELS)
def test_a_face_has_the_same_pixels_on_any_machine(index: int) -> None:
    assert digest(index) == PIXELS[index]


def test_faces_differ_from_one_another() -> None:
    assert len({digest(index) for index in range(1, 101)}) == 100


@pytest.mark.parametrize("index", [0, -3])
def test_an_index_below_one_is_refused(index: int) -> None:
    with pytest.raises(ValueError, match=f"counted from 1, got {index}"):
        draw(index)


def test_four_in_a_row_share_identity_and_what_it_keeps(portraits: list[Portrait]) -> None:
    kept = {"Bald", "Big_Nose", "Bushy_Eyebrows", "Oval_Face", "Pale_Skin", "Straight_Hair", "Wavy_Hair"} | HAIR_COLOURS
    for first in range(0, 400, 4):
        four = portraits[first : first + 4]
        assert {who.identity for who in four} == {first // 4 + 1}
        assert len({(who.skin, who.iris, who.hair, who.shape, who.traits & kept) for who in four}) == 1
        assert len({(who.yaw, who.lamp_x, who.mood) for who in four}) == 4


def test_every_attribute_is_there_and_missing_among_the_first_500(portraits: list[Portrait]) -> None:
    counts = np.array([who.attributes for who in portraits[:500]]).sum(axis=0)
    assert dict(zip(ATTRIBUTES, (counts > 0) & (counts < 500), strict=True)) == dict.fromkeys(ATTRIBUTES, True)


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_an_attribute_is_as_frequent_as_the_table_says(name: str, portraits: list[Portrait]) -> None:
    drawn = np.array([name in who.traits for who in portraits]).reshape(1000, 4).mean(axis=1)  # by identity
    standard_error = drawn.std(ddof=1) / 1000**0.5
    assert abs(drawn.mean() - FREQUENCIES[name]) < 4 * standard_error


def test_attributes_that_exclude_one_another_never_meet(portraits: list[Portrait]) -> None:
    for who in portraits:
        assert len(who.traits & ({"Bald"} | HAIR_COLOURS)) == 1
        assert len(who.traits & {"Bald", "Straight_Hair", "Wavy_Hair"}) == 1
        assert len(who.traits & {"Bald", "Bangs", "Wearing_Hat"}) <= 1
        assert ("No_Beard" in who.traits) != bool(who.traits & {"Mustache", "Goatee"})
        assert not {"Narrow_Eyes", "Sunglasses"} <= who.traits
        assert "Eyeglasses" in who.traits or "Sunglasses" not in who.traits


def test_the_palest_skin_is_pale_skin(portraits: list[Portrait]) -> None:
    pale = [min(who.skin) for who in portraits if "Pale_Skin" in who.traits]
    other = [min(who.skin) for who in portraits if "Pale_Skin" not in who.traits]
    assert min(pale) > max(other) + 20


TRUE_OF = {  # attribute: the box it may change, left, top, right, bottom in pixels from between the eyes
    "Bangs": (-56, -60, 56, 18),
    "Big_Nose": (-25, -14, 25, 40),
    "Bushy_Eyebrows": (-36, -26, 36, -4),
    "Eyeglasses": (-48, -18, 48, 20),
    "Mouth_Slightly_Open": (-18, 20, 18, 60),
    "Narrow_Eyes": (-34, -16, 34, 10),
    "Rosy_Cheeks": (-42, 4, 42, 36),
    "Smiling": (-42, 6, 42, 60),
    "Wearing_Earrings": (-56, 14, 56, 36),
    "Wearing_Hat": (-80, -100, 80, 16),
    "Wearing_Lipstick": (-16, 24, 16, 46),
    "Wearing_Necktie": (-62, 42, 62, 106),
}


@pytest.mark.parametrize("name", TRUE_OF)
@pytest.mark.parametrize("index", [1, 9, 30])
def test_an_attribute_changes_its_part_of_the_picture_and_no_other(name: str, index: int) -> None:
    without, given = render(plain(index)), render(plain(index, name))
    assert changes_only_in(TRUE_OF[name], without, given)
    assert np.abs(shrink(without) - shrink(given)).max() > 40  # of 255: seen at 64x64 as well


@pytest.mark.parametrize(("name", "box"), [("Mustache", (-26, 12, 26, 42)), ("Goatee", (-18, 28, 18, 64))])
def test_hair_on_the_lip_or_chin_darkens_it_alone(name: str, box: tuple[int, int, int, int]) -> None:
    shaven = plain(5)
    hairy = replace(shaven, traits=shaven.traits - {"No_Beard"} | {name})
    before, after = render(shaven), render(hairy)
    assert changes_only_in(box, before, after)
    changed = (before != after).any(axis=2)
    assert before[changed].mean() - after[changed].mean() > 20


def test_a_bald_head_shows_skin_where_hair_was() -> None:
    haired = plain(3)
    bald = replace(haired, traits=haired.traits - {"Brown_Hair", "Straight_Hair"} | {"Bald"})
    crown = np.s_[66:72, 80:98]  # 43 pixels above the eyes
    skin = np.array(bald.skin)
    far = np.abs(render(haired)[crown].mean(axis=(0, 1)) - skin).sum()
    near = np.abs(render(bald)[crown].mean(axis=(0, 1)) - skin).sum()
    assert near < 0.5 * far


def test_hair_has_the_colour_that_is_named() -> None:
    base = plain(3)
    shown = {}
    for name in sorted(HAIR_COLOURS):
        who = replace(base, traits=base.traits - HAIR_COLOURS | {name}, warmth=0.0)
        shown[name] = render(who)[52:66, 70:108].mean(axis=(0, 1))
    grey, blond, brown, black = (shown[f"{name}_Hair"] for name in ("Gray", "Blond", "Brown", "Black"))
    assert black.max() < min(brown[0], grey.min(), blond[0]) - 20
    assert np.ptp(grey) < 25 < np.ptp(brown)
    assert blond.mean() > brown.mean() + 40


def test_wavy_hair_does_not_look_like_straight_hair_at_64_pixels() -> None:
    straight = plain(4)
    wavy = replace(straight, traits=straight.traits - {"Straight_Hair"} | {"Wavy_Hair"})
    assert np.abs(shrink(render(straight)) - shrink(render(wavy))).max() > 40


def test_an_oval_face_is_longer_and_narrower() -> None:
    round_breadth, round_chin, _ = plain().shape
    breadth, chin, _ = plain(1, "Oval_Face").shape
    assert breadth < round_breadth - 3
    assert chin > round_chin + 3


def test_jpegs_come_in_order_as_drawn_one_by_one() -> None:
    """They come from other processes, whose hashes of texts differ from this one's."""
    files = list(jpegs(103))
    assert files == toyfaces.encode(1, 103)
    for index in (1, 50, 51, 103):
        data, attributes, identity = files[index - 1]
        face = draw(index)
        assert (attributes, identity) == (face.attributes, face.identity)
        with Image.open(BytesIO(data)) as image:
            assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (178, 218))
            assert np.abs(np.asarray(image, np.int64) - face.image).mean() < 4


def test_jpegs_of_nothing_are_none() -> None:
    assert list(jpegs(0)) == []
