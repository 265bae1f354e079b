"""Pictures of anything but a mole, drawn by code.

The gate learns from some of them, and is measured on others of kinds that it
has not learnt from.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

PER_KIND = 20
WORDS = "The quick brown fox jumps over the lazy dog. 0123456789 Invoice, page 1 of 3. "

# Red, green and blue in every other order. A picture in which only green and
# blue have changed places still has the colours of some skin, so it is left out.
SWAPS = ((2, 1, 0), (1, 0, 2), (1, 2, 0), (2, 0, 1))

Chance = np.random.Generator


def gather(
    lesions: Sequence[np.ndarray], size: int, seed: int = 0, each: int = PER_KIND
) -> list[tuple[str, np.ndarray]]:
    """Return drawn pictures and ``lesions[size, size, 3]`` disguised, ``uint8``, by kind."""
    pictures = list(made_up(size, seed, each))
    for lesion in lesions:
        pictures += disguised(Image.fromarray(lesion))
    return [(kind, np.asarray(picture)) for kind, picture in pictures]


def made_up(size: int, seed: int = 0, each: int = PER_KIND) -> Iterator[tuple[str, Image.Image]]:
    """Yield ``each`` pictures of every kind, with the kind's name."""
    chance = np.random.default_rng(seed)
    for _ in range(each):
        for kind, draw in KINDS.items():
            yield kind, draw(size, chance)


def disguised(lesion: Image.Image) -> Iterator[tuple[str, Image.Image]]:
    """Yield a real lesion in colours that no skin has."""
    pixels = np.asarray(lesion)
    yield "inverted lesions", _picture(255 - pixels)
    for order in SWAPS:
        yield "channel-swapped lesions", _picture(pixels[..., order])
    grey = np.asarray(lesion.convert("L"))
    yield "grey lesions", _picture(np.repeat(grey[..., None], 3, axis=2))
    hue, saturation, value = lesion.convert("HSV").split()
    for turn in (64, 128, 192):
        turned = hue.point([(level + turn) % 256 for level in range(256)])
        yield "hue-turned lesions", Image.merge("HSV", (turned, saturation, value)).convert("RGB")


def _noise(size: int, chance: Chance) -> Image.Image:
    coarse = max(2, size // int(2 ** chance.integers(0, 6)))
    grains = chance.integers(0, 256, (coarse, coarse, 3))
    if chance.random() < 0.3:
        grains[:] = grains[..., :1]
    return _picture(grains).resize((size, size), Image.Resampling.BICUBIC)


def _gradient(size: int, chance: Chance) -> Image.Image:
    low, high = chance.integers(0, 256, (2, 3))
    across, down = np.meshgrid(np.linspace(0, 1, size), np.linspace(0, 1, size))
    angle = chance.uniform(0, 2 * np.pi)
    along = np.cos(angle) * across + np.sin(angle) * down
    along = (along - along.min()) / np.ptp(along)
    return _picture(low + along[..., None] * (high - low))


def _plain(size: int, chance: Chance) -> Image.Image:
    return Image.new("RGB", (size, size), _colour(chance))


def _dark(size: int, chance: Chance) -> Image.Image:
    """A covered lens: next to no light, and the sensor's noise."""
    level = chance.uniform(0, 25) + chance.normal(0, 3, 3)
    return _picture(level + chance.normal(0, chance.uniform(1, 8), (size, size, 3)))


def _page(size: int, chance: Chance) -> Image.Image:
    paper, ink = _two_colours(chance)
    page = Image.new("RGB", (size, size), paper)
    _write(ImageDraw.Draw(page), (4, 4, size, size), ink, int(chance.integers(7, 24)), chance)
    return page


def _shapes(size: int, chance: Chance) -> Image.Image:
    picture = Image.new("RGB", (size, size), _colour(chance))
    drawing = ImageDraw.Draw(picture)
    for _ in range(int(chance.integers(3, 20))):
        draw = drawing.ellipse if chance.random() < 0.5 else drawing.rectangle
        draw(_box(size, chance), fill=_colour(chance))
    return picture


def _interface(size: int, chance: Chance) -> Image.Image:
    """A screen: a bar, tiles with words beside them, a button."""
    paper, ink = _two_colours(chance)
    screen = Image.new("RGB", (size, size), paper)
    drawing = ImageDraw.Draw(screen)
    bar = size // int(chance.integers(6, 14))
    accent = _colour(chance)
    drawing.rectangle((0, 0, size, bar), fill=accent)
    row = max(10, int(chance.integers(size // 8, size // 3)))
    for top in range(bar + 3, size, row):
        tile = (4, top + 2, 4 + row - 6, top + row - 4)
        draw = drawing.ellipse if chance.random() < 0.5 else drawing.rectangle
        draw(tile, fill=_colour(chance))
        _write(drawing, (row + 4, top, size, top + row - 6), ink, max(6, row // 4), chance)
        drawing.line((0, top + row - 2, size, top + row - 2), fill=ink)
    drawing.rounded_rectangle((size * 0.6, size * 0.85, size * 0.95, size * 0.96), 5, fill=accent)
    return screen


def _chart(size: int, chance: Chance) -> Image.Image:
    picture = Image.new("RGB", (size, size), (255, 255, 255))
    drawing = ImageDraw.Draw(picture)
    floor = size * 0.9
    bars = int(chance.integers(3, 12))
    for number in range(bars):
        left = size * (0.1 + 0.85 * number / bars)
        top = floor * (1 - chance.random())
        drawing.rectangle((left, top, left + size * 0.6 / bars, floor), fill=_colour(chance))
    drawing.line((size * 0.08, 0, size * 0.08, floor, size, floor), fill=(0, 0, 0), width=2)
    return picture


def _texture(size: int, chance: Chance) -> Image.Image:
    """Cloth, tiles or wood: waves of two colours, a little disturbed."""
    across, down = np.meshgrid(np.arange(size), np.arange(size))
    waves = np.zeros((size, size))
    for _ in range(int(chance.integers(1, 4))):
        angle, length = chance.uniform(0, np.pi), size / chance.uniform(3, 40)
        bent = chance.normal(0, 0.3) * length * np.sin(down / chance.uniform(10, 60))
        phase = (np.cos(angle) * across + np.sin(angle) * down + bent) / length
        waves += np.sin(2 * np.pi * phase)
    if chance.random() < 0.5:
        waves = np.sign(waves)
    share = (waves - waves.min()) / max(np.ptp(waves), 1e-6)
    one, other = chance.integers(0, 256, (2, 3))
    pixels = one + share[..., None] * (other - one)
    return _picture(pixels + chance.normal(0, chance.uniform(0, 15), pixels.shape))


def _scene(size: int, chance: Chance) -> Image.Image:
    """Sky above uneven ground, with grain that grows coarser towards the viewer."""
    horizon = int(size * chance.uniform(0.3, 0.7))
    sky = np.array((120, 170, 230)) + chance.normal(0, 30, 3)
    ground = np.array((90, 120, 60)) + chance.normal(0, 40, 3)
    pixels = np.empty((size, size, 3))
    pixels[:horizon] = sky + np.linspace(-25, 30, horizon)[:, None, None]
    pixels[horizon:] = ground
    for grain in (2, 6, 16):
        cells = chance.normal(0, 18, (size // grain + 1, size // grain + 1, 1))
        rough = np.kron(cells, np.ones((grain, grain, 1)))[:size, :size]
        pixels[horizon:] += rough[horizon:]
    return _picture(pixels)


KINDS: dict[str, Callable[[int, Chance], Image.Image]] = {
    "noise": _noise,
    "gradients": _gradient,
    "plain colours": _plain,
    "black frames": _dark,
    "text": _page,
    "shapes": _shapes,
    "interfaces": _interface,
    "charts": _chart,
    "textures": _texture,
    "scenes": _scene,
}


def _picture(pixels: np.ndarray) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(pixels.clip(0, 255), dtype=np.uint8))


def _colour(chance: Chance) -> tuple[int, int, int]:
    red, green, blue = (int(level) for level in chance.integers(0, 256, 3))
    return red, green, blue


def _two_colours(chance: Chance) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Return a paper and an ink: black on white, white on black, or any that differ."""
    draw = chance.random()
    if draw < 0.4:
        return (255, 255, 255), (0, 0, 0)
    if draw < 0.6:
        return (20, 20, 24), (235, 235, 235)
    light = tuple(int(level) for level in chance.integers(150, 256, 3))
    dark = tuple(int(level) for level in chance.integers(0, 100, 3))
    return (light, dark) if draw < 0.9 else (dark, light)  # type: ignore[return-value]


def _box(size: int, chance: Chance) -> list[int]:
    return np.sort(chance.integers(0, size, (2, 2)), axis=0).ravel().tolist()


def _write(
    drawing: ImageDraw.ImageDraw,
    box: tuple[int, int, int, int],
    ink: tuple[int, int, int],
    height: int,
    chance: Chance,
) -> None:
    left, first, _, last = box
    font = ImageFont.load_default(size=height)
    start = int(chance.integers(0, len(WORDS)))
    for line, top in enumerate(range(first, last, int(height * 1.4))):
        words = (WORDS * 4)[(start + 7 * line) % len(WORDS) :][:60]
        drawing.text((left, top), words, fill=ink, font=font)
