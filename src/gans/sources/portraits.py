"""Who is drawn: everything about a toy face that follows from its number."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from gans.sources.brushes import Colour, mix

Option = TypeVar("Option")

FACES_PER_IDENTITY = 4
# fmt: off
FREQUENCIES = {  # share of all faces; whoever alone can have an attribute has it so much oftener
    "Bald": 0.08,  # Bald and the four colours of hair exclude one another and add up to 1
    "Bangs": 0.22,  # only hair under no hat
    "Big_Nose": 0.25, "Black_Hair": 0.27, "Blond_Hair": 0.22, "Brown_Hair": 0.30, "Bushy_Eyebrows": 0.25,
    "Eyeglasses": 0.22, "Goatee": 0.12, "Gray_Hair": 0.13, "Mouth_Slightly_Open": 0.42, "Mustache": 0.20,
    "Narrow_Eyes": 0.20,  # not behind sunglasses
    "No_Beard": 0.72,  # neither goatee nor moustache, see BEARDS
    "Oval_Face": 0.40, "Pale_Skin": 0.12, "Rosy_Cheeks": 0.20, "Smiling": 0.48,
    "Straight_Hair": 0.52, "Wavy_Hair": 0.40,  # one of the two, only hair
    "Wearing_Earrings": 0.22,  # only who cannot grow a beard
    "Wearing_Hat": 0.14,  # only over hair
    "Wearing_Lipstick": 0.30,  # only who cannot grow a beard
    "Wearing_Necktie": 0.12,
}
BEARDS = {("Mustache",): 0.08, ("Goatee",): 0.08, ("Mustache", "Goatee"): 0.04, ("Mustache", "Full_Beard"): 0.08}
SKINS: tuple[Colour, ...] = (
    (255, 228, 212), (254, 220, 200), (242, 200, 170), (230, 180, 142), (208, 152, 112), (176, 122, 86), (140, 92, 64),
    (104, 68, 50),
)
HAIRS: dict[str, Colour] = {
    "Bald": (44, 34, 30), "Black_Hair": (44, 37, 38), "Blond_Hair": (236, 198, 118), "Brown_Hair": (128, 78, 46),
    "Gray_Hair": (190, 191, 196),
}
IRISES: tuple[Colour, ...] = (
    (84, 52, 30), (58, 38, 28), (62, 118, 172), (74, 130, 92), (120, 96, 52), (96, 116, 132),
)
CLOTHES: tuple[Colour, ...] = (
    (44, 58, 92), (196, 66, 62), (62, 128, 118), (232, 190, 84), (120, 84, 142), (60, 62, 68), (226, 224, 218),
    (226, 138, 92), (118, 158, 204), (214, 138, 162),
)
LIPSTICKS: tuple[Colour, ...] = ((198, 24, 48), (162, 22, 70), (224, 56, 104), (180, 40, 34))
# fmt: on
WHITE, BLACK, WARM = (255.0, 255.0, 255.0), (12.0, 10.0, 14.0), (255.0, 240.0, 220.0)
ATTRIBUTES: tuple[str, ...] = tuple(FREQUENCIES)
HAIRY, BEARDED, SUNGLASSES = 1 - FREQUENCIES["Bald"], 0.5, 0.06  # shares: have hair, can grow a beard, wear them


class Dice:
    """A stream of uniform numbers set by its key alone: NumPy promises Philox's raw stream for ever."""

    def __init__(self, number: int, purpose: int) -> None:
        """Start the stream of one number, of a face or an identity, for one purpose."""
        self._philox = np.random.Philox(key=number + (purpose << 64))

    def uniform(self, low: float = 0.0, high: float = 1.0) -> float:
        """Return a number in [low, high)."""
        return low + (high - low) * (int(self._philox.random_raw()) >> 11) * 2.0**-53

    def pick(self, options: Sequence[Option], shares: Sequence[float] = ()) -> Option:
        """Return one of the options, by their shares of 1 if given; the last takes what is left."""
        point = self.uniform()
        for option, share in zip(options, shares or [1 / len(options)] * len(options), strict=True):
            point -= share
            if point < 0:
                return option
        return options[-1]

    def traits(self, among: float, *names: str) -> set[str]:
        """Return the names that come up for one of the share `among` of all people who can have them."""
        return {name for name in names if self.uniform() < FREQUENCIES[name] / among}


@dataclass(frozen=True)
class Portrait:
    """All that is drawn; lengths are pixels of a face of scale 1, from between the eyes, y down; floats are -1..1."""

    index: int
    identity: int
    traits: frozenset[str]  # attributes, and "Full_Beard", "Sunglasses", "Bun", "Lashes"
    skin: Colour
    iris: Colour
    build: float  # delicate to broad
    length: float  # y of the hair's tips
    hat: str
    clothes: Colour
    accent: Colour  # hat, tie, rims
    lipstick: Colour
    mood: float  # how strongly the mouth says what it says
    gaze: float
    yaw: float  # to the right
    tilt: float  # clockwise
    scale: float
    right: float
    down: float
    lamp_x: float  # from where the light comes
    lamp_y: float
    warmth: float
    volume: float  # of the hair
    parting: float

    @property
    def attributes(self) -> tuple[bool, ...]:
        """Which of ATTRIBUTES it has, in their order."""
        return tuple(name in self.traits for name in ATTRIBUTES)

    @property
    def shape(self) -> tuple[float, float, float]:
        """Half the face's breadth, the y of its chin, how much the jaw tapers."""
        if "Oval_Face" in self.traits:
            return 37 + self.build, 58 - self.build, 0.22 - 0.05 * self.build
        return 43 + 2 * self.build, 51 - self.build, -0.02 - 0.08 * self.build

    @property
    def shadow(self) -> Colour:
        """The skin where no light falls: redder, as blood shines through."""
        return self.skin[0] * 0.58, self.skin[1] * 0.46, self.skin[2] * 0.44

    @property
    def shine(self) -> Colour:
        """The skin where it faces the lamp."""
        return mix(self.skin, WARM, 0.45)

    @property
    def hair(self) -> Colour:
        """The hair where the lamp falls on it; a bald one's is that of brows and beard."""
        return next(colour for name, colour in HAIRS.items() if name in self.traits)

    @property
    def hair_shadow(self) -> Colour:
        """The hair where no light falls."""
        return self.hair[0] * 0.46, self.hair[1] * 0.39, self.hair[2] * 0.38


def describe(index: int) -> Portrait:
    """Return what face `index` looks like. Four in a row share an identity: skin, shape, iris, colour of hair.

    Raises ValueError for an index below 1.
    """
    if index < 1:
        raise ValueError(f"faces are counted from 1, got {index}")
    identity = (index - 1) // FACES_PER_IDENTITY + 1
    person, day = Dice(identity, 0), Dice(index, 1)

    # What an identity keeps.
    hair = person.pick(tuple(HAIRS), [FREQUENCIES[name] for name in HAIRS])
    hairy = hair != "Bald"
    traits = {hair} | person.traits(1, "Big_Nose", "Bushy_Eyebrows", "Oval_Face", "Pale_Skin")
    traits |= (person.traits(HAIRY, "Straight_Hair") or {"Wavy_Hair"}) if hairy else set()
    bearded = not hairy or person.uniform() < (BEARDED - FREQUENCIES["Bald"]) / HAIRY
    pale, darkest = "Pale_Skin" in traits, 5.0 if hair == "Blond_Hair" else 6.99
    tone = person.uniform() if pale else 2 + (darkest - 2) * person.uniform() * person.uniform(0.25, 1)
    narrow = person.traits(1 - SUNGLASSES, "Narrow_Eyes")
    iris, build, short = person.pick(IRISES), person.uniform(-1, 1), person.uniform() < (0.85 if bearded else 0.2)

    # What changes from day to day.
    traits |= day.traits(1, "Eyeglasses", "Mouth_Slightly_Open", "Rosy_Cheeks", "Smiling", "Wearing_Necktie")
    sunglasses = "Eyeglasses" in traits and day.uniform() < SUNGLASSES / FREQUENCIES["Eyeglasses"]
    traits |= {"Sunglasses"} if sunglasses else narrow
    if hairy:
        traits |= day.traits(HAIRY, "Wearing_Hat") or day.traits(HAIRY - FREQUENCIES["Wearing_Hat"], "Bangs")
    if bearded:
        shares = [share / BEARDED for share in BEARDS.values()]
        traits |= set(day.pick([*BEARDS, ("No_Beard",)], [*shares, 1 - sum(shares)]))
    else:
        traits |= {"No_Beard", "Lashes"} | day.traits(1 - BEARDED, "Wearing_Earrings", "Wearing_Lipstick")
        traits |= {"Bun"} if hairy and "Wearing_Hat" not in traits and day.uniform() < 0.12 else set()
    length = day.uniform(0, 6) if short else day.pick((day.uniform(34, 50), day.uniform(70, 130)))
    skin = mix(SKINS[int(tone)], SKINS[int(tone) + 1], tone - int(tone))
    worn = day.pick(("beanie", "cap", "brim")), day.pick(CLOTHES), day.pick(CLOTHES), day.pick(LIPSTICKS)
    pose = (day.uniform(-1, 1) for _ in range(12))
    return Portrait(index, identity, frozenset(traits), skin, iris, build, length, *worn, *pose)
