"""Pictures of anything but a mole, to see whether the gate refuses them."""

from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageDraw, ImageFont

WORDS = "The quick brown fox jumps over the lazy dog. 0123456789 Invoice, page 1 of 3. "


def made_up(size: int, seed: int = 0) -> Iterator[tuple[str, Image.Image]]:
    """Yield 20 pictures of each kind, with the kind's name."""
    chance = np.random.default_rng(seed)
    for _ in range(20):
        yield "noise", _picture(chance.integers(0, 256, (size, size, 3)))
        low, high = chance.integers(0, 256, (2, 3))
        ramp = np.linspace(low, high, size)
        yield "gradients", _picture(np.broadcast_to(ramp[:, None], (size, size, 3)))
        yield "plain colours", Image.new("RGB", (size, size), tuple(chance.integers(0, 256, 3)))
        yield "text", _page(size, chance)
        yield "shapes", _shapes(size, chance)


def disguised(lesion: Image.Image) -> Iterator[tuple[str, Image.Image]]:
    """Yield a real lesion in colours that no skin has."""
    pixels = np.asarray(lesion)
    yield "inverted lesions", _picture(255 - pixels)
    yield "channel-swapped lesions", _picture(pixels[..., ::-1])


def _picture(pixels: np.ndarray) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(pixels, dtype=np.uint8))


def _page(size: int, chance: np.random.Generator) -> Image.Image:
    page = Image.new("RGB", (size, size), "white")
    height = int(chance.integers(9, 22))
    font = ImageFont.load_default(size=height)
    drawing = ImageDraw.Draw(page)
    start = int(chance.integers(0, len(WORDS)))
    for line, top in enumerate(range(4, size, int(height * 1.4))):
        drawing.text((4, top), (WORDS * 4)[start + 7 * line :][:60], fill="black", font=font)
    return page


def _shapes(size: int, chance: np.random.Generator) -> Image.Image:
    picture = Image.new("RGB", (size, size), tuple(chance.integers(0, 256, 3)))
    drawing = ImageDraw.Draw(picture)
    for _ in range(8):
        box = np.sort(chance.integers(0, size, (2, 2)), axis=0).ravel().tolist()
        draw = drawing.ellipse if chance.random() < 0.5 else drawing.rectangle
        draw(box, fill=tuple(chance.integers(0, 256, 3)))
    return picture
