"""Good pictures made bad on purpose, to see whether the quality limits catch them."""

from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageFilter

from ml.contracts import Refusal

# Blur in pixels of the network's square, light as a factor, sides as a share.
BLURS = (1, 2, 3, 5)
DARKER = (0.5, 0.35, 0.2, 0.1)
BRIGHTER = (1.3, 1.6, 2.0, 3.0)
SHRUNK = (0.5, 0.3, 0.2, 0.1, 0.0)
_GRAIN = 3.0


def degraded(
    pixels: np.ndarray, chance: np.random.Generator
) -> Iterator[tuple[Refusal, str, np.ndarray]]:
    """Yield the fault, its degree in words and ``uint8[size, size, 3]`` for one such picture."""
    for sigma in BLURS:
        yield Refusal.BLURRED, f"blurred, sigma {sigma} px", blur(pixels, sigma)
    for factor in DARKER:
        yield Refusal.TOO_DARK, f"light x {factor}", expose(pixels, factor)
    for factor in BRIGHTER:
        yield Refusal.TOO_BRIGHT, f"light x {factor}", expose(pixels, factor)
    for share in SHRUNK:
        words = f"shrunk to {share:.0%} of the side" if share else "skin without a spot"
        yield Refusal.LESION_TOO_SMALL, words, shrink(pixels, share, chance)


def blur(pixels: np.ndarray, sigma: float) -> np.ndarray:
    """Return a picture out of focus: a Gaussian with ``sigma`` in pixels."""
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(sigma)))


def expose(pixels: np.ndarray, factor: float) -> np.ndarray:
    """Return a picture whose levels are multiplied and cut at white, as a sensor does."""
    return (pixels * float(factor)).clip(0, 255).astype(np.uint8)


def shrink(pixels: np.ndarray, share: float, chance: np.random.Generator) -> np.ndarray:
    """Return a picture of the same spot from further off: ``share`` of its side, amid skin.

    The skin is the median colour of the lighter half, with a little grain; the
    edge of the spot's surroundings fades into it.
    """
    size = len(pixels)
    grey = pixels.mean(axis=2)
    skin = np.median(pixels[grey >= np.median(grey)], axis=0)
    out = skin + chance.normal(0, _GRAIN, pixels.shape)
    side = int(size * share)
    if side >= 2:
        small = Image.fromarray(pixels).resize((side, side), Image.Resampling.BICUBIC)
        rows, columns = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
        cover = np.clip(4 * (1 - np.hypot(rows, columns)), 0, 1)[..., None]
        start = (size - side) // 2
        place = out[start : start + side, start : start + side]
        place[:] = cover * np.asarray(small) + (1 - cover) * place
    return out.clip(0, 255).astype(np.uint8)
