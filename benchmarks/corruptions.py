"""Real images made worse in known ways and strengths, as generators fail: to judge the judges by."""

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates

CORRUPTIONS = {  # and their strengths, the weakest first
    "blur": (0.5, 1.0, 2.0, 4.0),  # standard deviation of a Gaussian, in 64ths of the side
    "noise": (2.0, 5.0, 10.0, 20.0),  # standard deviation, of 255
    "ghosts": (0.1, 0.2, 0.3, 0.5),  # weight of another image that shines through
    "warp": (0.5, 1.0, 2.0, 4.0),  # standard deviation of a smooth shift of pixels, in 64ths of the side
    "halves": (0.125, 0.25, 0.5, 1.0),  # share of images whose right half is another's
    "modes": (4.0, 16.0, 64.0),  # only one image in so many is there, again and again
    "missing": (0.25, 0.5, 1.0),  # share of images with an attribute that others without it take the place of
}


def corrupted(images: np.ndarray, name: str, strength: float, lacking: np.ndarray | None = None) -> np.ndarray:
    """Return uint8 images (N, S, S, C) made worse; `lacking` (N,) says which do not have the attribute to be missed."""
    count, side = images.shape[:2]
    if name == "modes":
        return np.resize(images[: max(1, int(count / strength))], images.shape)
    if name == "missing":
        assert lacking is not None
        places = np.flatnonzero(~lacking)
        gone = places[: round(strength * len(places))]
        changed = images.copy()
        changed[gone] = images[np.resize(np.flatnonzero(lacking), len(gone))]
        return changed
    if name == "halves":
        changed, some = images.copy(), round(strength * count)
        changed[:some, :, side // 2 :] = np.roll(images, 1, 0)[:some, :, side // 2 :]
        return changed
    real, random = images.astype(np.float32), np.random.default_rng(0)
    if name == "blur":
        sigma = strength * side / 64
        real = gaussian_filter(real, (0, sigma, sigma, 0))
    elif name == "noise":
        real += strength * random.standard_normal(real.shape, np.float32)
    elif name == "ghosts":
        real += strength * (np.roll(real, 1, 0) - real)
    else:
        shift = gaussian_filter(random.standard_normal((2, count, side, side)), (0, 0, side / 10, side / 10))
        shift *= strength * side / 64 / shift.std()
        for image, moves in zip(real, shift.swapaxes(0, 1), strict=True):
            for channel in range(image.shape[2]):
                image[..., channel] = map_coordinates(
                    image[..., channel], np.indices((side, side)) + moves, order=1, mode="nearest"
                )
    return real.round().clip(0, 255).astype(np.uint8)
