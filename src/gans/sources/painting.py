"""A portrait to a picture, painted from back to front."""

import numpy as np
import numpy.typing as npt

from gans.sources.brushes import HEIGHT, WIDTH, Array, Colour, Frame, Patch, bump, inside, mix, noise, oval, smooth
from gans.sources.portraits import BLACK, CLOTHES, WARM, WHITE, Dice, Portrait

EYES = 89.0, 112.0  # column and row of the point between the eyes


def render(who: Portrait) -> npt.NDArray[np.uint8]:
    """Return the picture, uint8 (218, 178, 3), painted from back to front."""
    pixels = np.empty((3, HEIGHT, WIDTH), np.float32)
    origin = EYES[0] + 3 * who.right, EYES[1] + 2.5 * who.down
    face = Frame(pixels, origin, 1 + 0.055 * who.scale, 0.035 * who.tilt)
    background(who, pixels)
    hair_behind(who, face)
    shoulders(who, face)
    ears(who, face)
    head(who, face)
    nose(who, face)
    if "No_Beard" not in who.traits:
        beard(who, face)
    mouth(who, face)
    for side in (-1, 1):
        eye(who, face, side)
        brow(who, face, side)
    if "Bald" not in who.traits:
        hair_front(who, face)
    if "Wearing_Earrings" in who.traits:
        earrings(who, face)
    if "Eyeglasses" in who.traits:
        glasses(who, face)
    if "Wearing_Hat" in who.traits:
        hat(who, face)
    pixels *= np.array((1 + 0.05 * who.warmth, 1, 1 - 0.05 * who.warmth), np.float32).reshape(3, 1, 1)
    return np.clip(pixels, 0.0, 255.0, out=pixels).transpose(1, 2, 0).astype(np.uint8, order="C")


def background(who: Portrait, pixels: Array) -> None:
    """Paint two colours that meet softly or at an edge, before them soft clouds or bright discs out of focus."""
    dice = Dice(who.index, 2)
    one, other = (mix(dice.pick(CLOTHES), dice.pick((WHITE, BLACK, WHITE)), dice.uniform(0.1, 0.7)) for _ in range(2))
    frame = Frame(pixels, (dice.uniform(40, 140), dice.uniform(50, 160)), 1.0, dice.uniform(-1, 1))
    pixels[:] = np.array(one, np.float32).reshape(3, 1, 1)
    frame.whole.blend(other, smooth(0.5 + frame.whole.y * (1 / dice.pick((260.0, 260.0, 160.0, 8.0)))))
    spot, low, high, strength = dice.pick(((frame.glow, 30.0, 70.0, 0.6), (frame.disc, 9.0, 22.0, 0.35)))
    for _ in range(int(dice.uniform(0, 4) if low > 20 else dice.uniform(0, 11))):
        size, colour = dice.uniform(low, high), mix(dice.pick((one, other)), dice.pick((WHITE, BLACK, WARM)), 0.6)
        spot(colour, dice.uniform(-100, 100), dice.uniform(-100, 100), size, size, dice.uniform(0.1, strength))


def lit(who: Portrait, u: Array, v: Array) -> Array:
    """Return 0..1, the light on the front of a ball at u, v, which are -1..1 from its centre."""
    depth = np.sqrt(np.maximum(1.0 - u * u - v * v, 0.0))
    return smooth(u * (0.6 * who.lamp_x) + v * (0.2 * who.lamp_y - 0.25) + depth * 0.75 + 0.1)


def shoulders(who: Portrait, face: Frame) -> None:
    """Paint a neck in the chin's shadow, then clothes: a collar with a tie, a round neck or a V."""
    patch, tie = face.patch(0, 84, 120, 44), "Wearing_Necktie" in who.traits
    x, y, across = patch.x, patch.y, np.abs(patch.x)
    neck = inside(across - 21.0 - np.maximum(y - 56.0, 0.0) * 0.3)
    patch.blend(who.shadow, neck)
    patch.blend(who.skin, neck * lit(who, x * 0.04, y * 0.0) * smooth((y - 48.0) * 0.03))
    neckline = across * 1.2 + y - 86.0 if who.parting < 0 else oval(x, y - 58.0, 24.0, 17.0)
    cloth = 62.0 + across * 0.08 + across * across * 0.0019 - y
    folds = noise(x * 0.7 + y * 0.5, y * 0.5 - across)
    covered = inside(cloth if tie else np.maximum(cloth, -neckline))
    weave(patch, who.clothes, covered, 0.45 + x * (who.lamp_x / 140) + folds * 0.45)
    if tie:
        necktie(who, patch)


def necktie(who: Portrait, patch: Patch) -> None:
    """Paint a pale shirt with a collar, a knot and what hangs from it."""
    across, y = np.abs(patch.x), patch.y
    shirt = np.maximum(across * 0.9 + y - 104.0, 61.0 + across * 0.15 - y)
    patch.blend((238, 240, 246), inside(shirt))
    patch.blend((176, 182, 198), inside(np.abs(across * 0.8 + y - 84.0) - 1.0) * inside(np.maximum(shirt, y - 84.0)))
    colour = who.accent if who.accent[1] < 140 else (150, 32, 44)
    knot = np.maximum(np.maximum(across - 9.5 + (y - 64.0) * 0.3, 64.0 - y), y - 76.0)
    blade = np.maximum(across - 4.0 - np.maximum(y - 76.0, 0.0) * 0.2, 74.0 - y)
    patch.blend(colour, inside(np.minimum(blade, knot)))
    patch.blend(mix(colour, BLACK, 0.45), inside(np.abs(y - 76.0) - 0.8) * inside(blade - 2.0))


def ears(who: Portrait, face: Frame) -> None:
    """Paint an ear each side, less of the one that turns away."""
    for side in (-1, 1):
        x = side * (who.shape[0] + 1.5 - 3 * max(0.0, side * who.yaw)) - 5 * who.yaw
        face.disc(mix(who.shadow, who.skin, 0.7 + 0.25 * side * who.lamp_x), x, 7, 6.5, 11)
        face.glow(who.shadow, x + side, 7, 5, 8, 0.8)


def jaw(who: Portrait, x: Array, y: Array) -> tuple[Array, Array]:
    """Return u, v on the head as on a ball: 1 from the centre is its outline."""
    breadth, chin, taper = who.shape
    above, below = np.minimum(y - 4.0, 0.0) * (1 / 57), np.maximum(y - 4.0, 0.0) * (1 / (chin - 4))
    return (x + 5 * who.yaw) * (1.0 + taper * below * below - 0.18 * above * above) * (1 / breadth), above + below


def head(who: Portrait, face: Frame) -> None:
    """Paint a lit ball with a jaw; sockets, cheeks and chin are modelled on it by soft spots."""
    breadth, chin, _ = who.shape
    patch = face.patch(0, 0, breadth + 10, 62)
    u, v = jaw(who, patch.x, patch.y)
    covered = inside((np.sqrt(u * u + v * v) - 1.0) * breadth)
    patch.blend(who.shadow, covered)
    patch.blend(who.skin, covered * lit(who, u + 0.15 * who.yaw, v))
    face.glow(who.shine, 12 * who.lamp_x - 2 * who.yaw, -32, 30, 20, 0.5)
    for side in (-1, 1):
        x = 19 * side + 1.5 * who.yaw
        face.glow(who.shadow, x, -3, 17, 13, 0.45)
        face.glow(who.shine, x + 5 * side, 16, 15, 11, 0.25 + 0.2 * side * who.lamp_x)
        if "Rosy_Cheeks" in who.traits:
            face.glow(mix(who.skin, (244, 44, 72), 0.75), x + 5 * side, 20, 15, 12, 0.75)
    face.glow(who.shine, 2 * who.yaw, chin - 8, 10, 7, 0.3)


def nose(who: Portrait, face: Frame) -> None:
    """Paint a ridge lit from one side, a round tip, wings, nostrils and the shadow beneath."""
    size, towards = 1.45 if "Big_Nose" in who.traits else 0.95, 1 if who.lamp_x > 0 else -1
    x, y = 6.5 * who.yaw, 17 + 3.5 * size
    face.glow(who.shadow, x * 0.7 - towards * 6 * size, y - 9, 6 * size, 17, 0.5)
    face.glow(who.shadow, x, y + 5.5 * size, 15 * size, 6 * size, 0.6)
    for side in (-1, 1):
        wing = mix(who.skin, who.shadow, 0.4 - 0.2 * side * who.lamp_x)
        face.disc(wing, x + 6.8 * side * size, y + 1.2, 3.9 * size, 3.9 * size, 0.7)
    face.disc(mix(who.skin, who.shadow, 0.12), x, y, 6.4 * size, 5.4 * size, 0.8)
    for side in (-1, 1):
        face.disc(mix(who.shadow, BLACK, 0.45), x + 4 * side * size, y + 4.2 * size, 2.1 * size, 1.3 * size, 0.8)
    face.glow(who.shine, x * 0.6 + towards, y - 12, 4.5 * size, 16, 0.5)
    face.glow(who.shine, x + 2 * towards, y - 1.5, 5 * size, 4.5 * size, 0.8)


def mouth(who: Portrait, face: Frame) -> None:
    """Paint lips about a line that smiles, is level or sad; a parted mouth shows teeth and tongue."""
    painted, parted = "Wearing_Lipstick" in who.traits, "Mouth_Slightly_Open" in who.traits
    smiling, chin = "Smiling" in who.traits, who.shape[1]
    half, sag = (19 + 1.5 * who.mood, 7 + 2 * who.mood) if smiling else (13.5, -1 + 1.8 * who.mood)
    gap, full = 8.0 * parted, 3.6 if painted else 2.6
    x, y = 4 * who.yaw, 4 + 0.6 * chin - 4 * smiling
    patch = face.patch(x, y + 4, half, 18)
    u = (patch.x - x) * (1 / half)
    taper = np.maximum(1.0 - u * u, 0.0)
    line, ends = patch.y - y - taper * sag, smooth(taper * 5.0)
    lips = who.lipstick if painted else mix(mix(who.skin, who.shadow, 0.5), (190, 64, 74), 0.4)
    top, bottom = -line - taper * full * (1.1 - bump(u * 0.5 + 0.5) * 0.25), line - taper * (gap + full * 1.25)
    face.glow(who.shadow, x, y + max(sag, 0) + gap + 8, half * 0.8, 6, 0.55)
    patch.blend(mix(lips, BLACK, 0.15), inside(np.maximum(top, bottom)) * ends)
    patch.blend(mix(lips, WHITE, 0.35), inside(np.abs(bottom + full * 0.75) - 0.8, 2.5) * taper * 0.7)
    hole = inside(np.maximum(-line - 0.7, line - taper * gap - 0.7)) * ends
    patch.blend((74, 22, 26), hole)
    if parted:
        patch.blend((196, 84, 88), hole * smooth((line - gap * 0.62) * 0.6) * taper)
        teeth = line - taper * gap * (0.62 if smiling else 0.3)
        patch.blend((248, 246, 238), hole * inside(teeth) * smooth(taper * 3.0))
    for side in (-1, 1) if smiling else ():
        face.glow(who.shadow, x + side * (half + 2), y, 5, 6, 0.5)
        face.glow(who.shine, x + side * (half + 5), y - 13, 10, 8, 0.35)


def beard(who: Portrait, face: Frame) -> None:
    """Paint a moustache of two wings, a goatee under the lip, or hair along the whole jaw."""
    breadth, chin, _ = who.shape
    x, lip = 4 * who.yaw, 4 + 0.6 * chin
    patch = face.patch(0, 36, breadth + 4, 34)
    away, grain = patch.x - x, noise(patch.x * 9.0, patch.y * 2.5)
    distance = np.full_like(away, 99.0)
    if "Full_Beard" in who.traits:
        u, v = jaw(who, patch.x, patch.y - 2.0)
        cheeks = np.maximum(-oval(away, patch.y - lip + 18.0, breadth - 6.0, 24.0), 6.0 - patch.y)
        distance = np.maximum((np.sqrt(u * u + v * v) - 1.0) * breadth, cheeks)
    if "Goatee" in who.traits:
        distance = np.minimum(distance, oval(patch.x - 3 * who.yaw, patch.y - chin + 5.0, 13.0, 13.0))
    if "Mustache" in who.traits:
        across = np.abs(away)
        distance = np.minimum(distance, oval(across - 9.0, patch.y - lip + 8.0 - across * 0.22, 12.0, 4.4))
    covered = inside(distance + grain * 2.0 - 1.0, 2.6)
    patch.blend(who.hair_shadow, covered * 0.95)
    patch.blend(mix(who.hair, WHITE, 0.1), covered * smooth(grain * 2.0 - 0.6) * 0.7)


def eye(who: Portrait, face: Frame, side: int) -> None:
    """Paint an almond of white with iris, pupil and glint, under a shading lid with its lashes."""
    upper, lower = (3.7, 2.0) if "Narrow_Eyes" in who.traits else (7.4, 4.6)
    x, half, look = 19 * side + 1.5 * who.yaw, 10.5 - 1.2 * side * who.yaw, 2.2 * who.gaze + who.yaw
    patch = face.patch(x, 0, half + 2, 12)
    away, y, u = patch.x - x - look, patch.y, (patch.x - x) * (1 / half)
    taper = np.maximum(1.0 - u * u, 0.0)
    almond = inside(np.maximum(-y - taper * upper, y - taper * lower), 1.4) * smooth(taper * 6.0)
    patch.blend((244, 242, 240), almond)
    patch.blend(mix(who.iris, BLACK, 0.6), almond * inside(oval(away, y + 0.8, 5.6, 5.6)))
    patch.blend(mix(who.iris, WHITE, 0.15), almond * inside(oval(away, y, 4.4, 4.6), 2.5))
    patch.blend(BLACK, almond * inside(oval(away, y + 0.6, 2.4, 2.4)))
    patch.blend((90, 70, 74), almond * smooth(0.75 - (y + taper * upper) * 0.22) * 0.6)
    patch.blend(WHITE, almond * inside(oval(away - (2.2 if who.lamp_x > 0 else -2.2), y + upper * 0.26, 1.5, 1.4)))
    lashes = 3.4 if "Lashes" in who.traits else 2.4
    face.bow(mix(who.shadow, BLACK, 0.75), x, 0.4, half + 1, upper, lashes, 1.0)
    face.bow(who.shadow, x, 0, half, -lower - 0.6, 1.4, 0.6)
    face.bow(who.shadow, x, -2.4, half, upper + 1.2, 1.5, 0.7)


def brow(who: Portrait, face: Frame, side: int) -> None:
    """Paint an arch, with a second one over it when bushy."""
    bushy, arch = "Bushy_Eyebrows" in who.traits, 3.6 + 0.8 * who.mood
    colour, x = mix(who.hair_shadow, who.shadow, 0.15), 19.5 * side + 1.5 * who.yaw
    face.bow(colour, x, -12, 12.5, arch, 6.6 if bushy else 2.9, 0.95)
    if bushy:
        face.bow(colour, x - 3 * side, -12, 9, arch - 1, 6.0, 0.8)


def hair_patch(who: Portrait, face: Frame) -> tuple[Patch, Array]:
    """Return a window with the signed distance to the hair's silhouette: a dome, then straight down to its tips."""
    curly, long, corner = "Wavy_Hair" in who.traits, who.length > 20, 26.0 if who.length > 20 else 9.0
    full = 0.1 if "Wearing_Hat" in who.traits else 0.5 + 0.5 * who.volume
    half, crown = who.shape[0] + 4 + (9 if curly or long else 4) * full, 61 + (13 if curly else 8) * full
    bottom = min(who.length, 108) + 2
    patch = face.patch(-4 * who.yaw, (bottom - crown) / 2 - 4, half + 8, (bottom + crown) / 2 + 2)
    u = (patch.x + 4 * who.yaw) / (half + np.maximum(patch.y, 0.0) * 0.06)
    v = np.maximum(patch.y - (who.length - corner), 0.0) * (1 / corner)
    v += np.minimum(patch.y + 4.0, 0.0) * (1 / crown)
    distance = (np.sqrt(u * u + v * v) - 1.0) * half
    if curly:
        distance += noise(patch.x * 1.5 + who.index % 64 * 29.0, patch.y * 1.5) * 7.0 - 4.0
    return patch, distance


def hair_behind(who: Portrait, face: Frame) -> None:
    """Paint what shows behind neck and ears, and a bun."""
    if "Bun" in who.traits:
        face.disc(who.hair_shadow, -4 * who.yaw, -71, 19, 16)
        face.glow(who.hair, 8 * who.lamp_x - 4 * who.yaw, -75, 18, 15, 0.9)
    if "Bald" not in who.traits and who.length > 20:
        patch, distance = hair_patch(who, face)
        patch.blend(mix(who.hair_shadow, BLACK, 0.15), inside(distance))


def strands(who: Portrait, x: Array, y: Array) -> Array:
    """Return 0..1, light and dark strands that fan out from the parting and then fall, waving if the hair does."""
    curly = "Wavy_Hair" in who.traits
    fan = (x - 20 * who.parting) / np.minimum(np.maximum(y + 82.0, 18.0), 66.0) * 420.0
    return noise(fan + bump(y * 0.042 + 0.3) * 60.0, y * 0.7) if curly else noise(fan, y * 0.15)


def hair_front(who: Portrait, face: Frame) -> None:
    """Paint the hair before the face: its shadow on the skin, then strands, lit as a dome with a band of shine."""
    patch, distance = hair_patch(who, face)
    x, y, strand = patch.x + 4 * who.yaw, patch.y, strands(who, patch.x, patch.y)
    inner = who.shape[0] - (4 if who.length > 20 else 1)
    column = np.abs(x) - inner + np.maximum(y - 24.0, 0.0) * 0.3
    if "Bangs" in who.traits:
        opening = np.maximum(column, strand * 8.0 + x * x * 0.004 - 22.0 - y)
    else:
        lifted = np.minimum(y - 8.0 + x * (who.parting * 0.25), 0.0)
        opening = np.maximum(oval(x, lifted, inner, 46.0) + strand * 2.0 - 1.0, column)
    hair = np.maximum(distance, -opening)
    patch.blend(mix(who.shadow, BLACK, 0.2), inside(hair - 3.0, 9.0) * inside(opening) * 0.5)
    covered = inside(hair, 1.8)
    patch.blend(who.hair_shadow, covered)
    light = lit(who, x * 0.0165, np.minimum(y + 4.0, 0.0) * 0.0135)
    patch.blend(who.hair, covered * smooth(strand * 1.1 - 0.3 + light * 0.65))
    band = np.maximum(1.0 - (y + 47.0) * (y + 47.0) * 0.005, 0.0) * smooth(1.0 - np.abs(x - 18 * who.lamp_x) * 0.03)
    patch.blend(mix(who.hair, WHITE, 0.5), covered * band * strand * 0.7)


def earrings(who: Portrait, face: Frame) -> None:
    """Paint a gold drop under each ear."""
    for side in (-1, 1):
        x = side * (who.shape[0] + 2.5) - 5 * who.yaw
        face.disc((128, 84, 24), x, 25, 5.6, 7.6)
        face.disc((246, 204, 84), x, 24.5, 4.6, 6.4)
        face.glow(WHITE, x - 1, 22, 3.5, 3.5, 1.0)


def glasses(who: Portrait, face: Frame) -> None:
    """Paint rims, round or square, with clear or dark panes, a bridge and temples."""
    rim = mix(who.accent, BLACK, 0.8)
    for side in (-1, 1):
        x = 19.5 * side + 2 * who.yaw
        patch = face.patch(x, 1, 19, 18)
        across, down = np.abs(patch.x - x), np.abs(patch.y - 1.5)
        u, v = np.maximum(across - 7.5, 0.0), np.maximum(down - 4.0, 0.0)
        pane = oval(across, down, 15.5, 14.5) if who.parting > 0 else np.sqrt(u * u + v * v) - 8.0
        if "Sunglasses" in who.traits:
            patch.blend(mix(BLACK, (72, 76, 96), 0.4), inside(pane) * smooth(1.12 - patch.y * 0.012))
        glare = inside(np.abs(patch.x - x + patch.y * 0.7 + 3.0) - 3.0, 3.0)
        patch.blend(WHITE, inside(pane + 2.0) * (glare * 0.28 + 0.06))
        patch.blend(rim, inside(np.abs(pane) - 1.5))
        face.bow(rim, 38 * side - who.yaw, 0, 8, 0, 4, 1.0)
    face.bow(rim, 2 * who.yaw, 0, 6, 3, 4, 1.0)


def hat(who: Portrait, face: Frame) -> None:
    """Paint a dome with a band and a bobble, a visor or a wide brim."""
    colour, half, middle = who.accent, who.shape[0] + 7, -4 * who.yaw
    if who.hat == "beanie":
        face.disc(mix(colour, BLACK, 0.2), middle, -86, 10, 9)
        face.glow(mix(colour, WHITE, 0.6), middle + 4 * who.lamp_x, -88, 11, 10, 1.0)
    patch = face.patch(middle, -52, 76, 40)
    x, y = patch.x - middle, patch.y + 33.0
    u, v = x * (1 / half), y * (1 / 51)
    knit = bump(x * 0.15) * (0.4 if who.hat == "beanie" else 0.0) - 0.1
    low = oval(x, y + 12.0, half * 1.05, 37.0 if who.hat == "brim" else 60.0)
    dome = inside(np.maximum(np.maximum(oval(x, np.minimum(y, 0.0), half, 51.0), low), y))
    weave(patch, colour, dome, lit(who, u, v) + knit)
    if who.hat == "brim":
        patch.blend(mix(colour, BLACK, 0.75), dome * inside(np.abs(y + 9.0) - 5.0))
        edge = oval(x, y - x * x * 0.002 + 1.0, 72.0, 8.5)
    elif who.hat == "cap":
        patch.blend(mix(colour, BLACK, 0.4), dome * inside(np.abs(np.abs(x) - 20.0 - y * 0.25) - 0.6))
        edge = np.maximum(oval(x - 10 * who.yaw, y, half + 4.0, 13.0), -oval(x, y - 14.0, half + 8.0, 13.0))
    else:
        edge = np.maximum(np.abs(x) - half - 1.5, np.abs(y + x * x * 0.003) - 8.5)
    weave(patch, mix(colour, WHITE, 0.12), inside(edge), 0.65 - y * 0.07 + u * (who.lamp_x * 0.4) + knit)


def weave(patch: Patch, colour: Colour, coverage: Array, light: Array) -> None:
    """Paint cloth: dark, and its colour where light, 0..1, falls."""
    patch.blend(mix(colour, BLACK, 0.55), coverage)
    patch.blend(colour, coverage * smooth(light))
