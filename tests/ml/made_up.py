"""Pictures that look a little like moles."""

import numpy as np
from PIL import Image


def made_up_picture(chance: np.random.Generator, size: int = 64) -> Image.Image:
    """Return a dark spot on something like skin, no two alike."""
    rows, columns = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    spot = (rows / chance.uniform(0.3, 0.8)) ** 2 + (columns / chance.uniform(0.3, 0.8)) ** 2 < 1
    pixels = np.empty((size, size, 3))
    pixels[:] = np.array([220, 170, 150]) + chance.normal(0, 10, 3)
    pixels[spot] = np.array([110, 70, 50]) + chance.normal(0, 20, 3)
    pixels += chance.normal(0, 8, pixels.shape)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
