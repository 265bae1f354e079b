"""Augmentations by name: what the network sees of a batch of pictures.

All of them take ``uint8[n, h, w, 3]`` and a seed and return ``float[n, 3, size,
size]`` in 0..255; the same seed gives the same views. The heavy ones are made
of torchvision's operations (BSD licence), one picture after the other.
"""

from collections.abc import Callable

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch.nn import functional

# The shim must come before torchvision.
from ml import torchvision_shim  # noqa: F401

# isort: split
from torchvision.transforms import v2

from ml.training import camera, light

HAIRS = 20
HAIR_COLOURS = ((25, 18, 15), (60, 42, 30), (95, 75, 55))


def augment(name: str, pixels: torch.Tensor, size: int, seed: int) -> torch.Tensor:
    """Return the views of a batch by the augmentation of this name."""
    return AUGMENTATIONS[name](pixels, size, seed)


def _none(pixels: torch.Tensor, size: int, seed: int) -> torch.Tensor:
    images = pixels.permute(0, 3, 1, 2).float()
    return functional.interpolate(images, (size, size), mode="bilinear", antialias=True)


def _light(pixels: torch.Tensor, size: int, seed: int) -> torch.Tensor:
    return light.augment(pixels, size, torch.Generator().manual_seed(seed))


def _gentle(pixels: torch.Tensor, size: int, seed: int) -> torch.Tensor:
    return light.augment(pixels, size, torch.Generator().manual_seed(seed), strength=0.5)


def _hair(pixels: torch.Tensor, size: int, seed: int) -> torch.Tensor:
    """Lay a few hairs over the skin first, then do as ``light``."""
    chance = np.random.default_rng(seed)
    haired = np.stack([_with_hairs(picture, chance) for picture in pixels.numpy()])
    return _light(torch.from_numpy(haired), size, seed)


def _one_by_one(make: Callable[[int], v2.Transform]) -> Callable[..., torch.Tensor]:
    """Return an augmentation that draws anew for each picture."""

    def apply(pixels: torch.Tensor, size: int, seed: int) -> torch.Tensor:
        transform = make(size)
        # Torchvision draws from the generator of the whole process.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            views = [transform(picture) for picture in pixels.permute(0, 3, 1, 2)]
        return torch.stack(views).mul(255).clamp_(0, 255)

    return apply


def _winner(size: int) -> v2.Transform:
    """Return what the winners of 2020 did, at the size of the view instead of the original's.

    Torchvision has no CLAHE, no optical and no grid distortion: autocontrast and
    a change of perspective stand in for them.
    """
    blurred = [v2.GaussianBlur(5, (0.3, 1.5)), v2.GaussianNoise(sigma=0.04)]
    bent = [v2.ElasticTransform(30.0, 5.0), v2.RandomPerspective(0.25, p=1)]
    return v2.Compose(
        [
            v2.ToDtype(torch.float32, scale=True),
            v2.Resize((size, size), antialias=True),
            v2.RandomApply([v2.Lambda(lambda image: image.transpose(-1, -2))], 0.5),
            v2.RandomVerticalFlip(0.5),
            v2.RandomHorizontalFlip(0.5),
            v2.RandomApply([v2.ColorJitter(brightness=0.2)], 0.75),
            v2.RandomApply([v2.ColorJitter(contrast=0.2)], 0.75),
            v2.RandomApply([v2.RandomChoice(blurred)], 0.7),
            v2.RandomApply([v2.RandomChoice(bent)], 0.7),
            v2.RandomAutocontrast(0.35),
            v2.RandomApply([v2.ColorJitter(saturation=0.1, hue=0.03)], 0.5),
            v2.RandomApply([v2.RandomAffine(15, (0.1, 0.1), (0.9, 1.1))], 0.85),
            # A square of 37.5 % of the side.
            v2.RandomErasing(0.7, scale=(0.1406, 0.1407), ratio=(1, 1)),
        ]
    )


def _randaugment(size: int) -> v2.Transform:
    """Return RandAugment with three operations of strength 12 (the runners-up of 2020)."""
    return v2.Compose(
        [
            v2.RandomResizedCrop(size, (0.5, 1.0), (0.9, 1.1), antialias=True),
            v2.RandomVerticalFlip(0.5),
            v2.RandomHorizontalFlip(0.5),
            v2.RandAugment(3, 12),
            v2.ToDtype(torch.float32, scale=True),
        ]
    )


def _with_hairs(picture: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    """Draw bent lines, thin and dark, anywhere over a picture."""
    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image)
    side = image.width
    for _ in range(chance.integers(0, HAIRS + 1)):
        start, middle, end = chance.uniform(-0.1, 1.1, (3, 2)) * side
        middle = (start + end) / 2 + (middle - side / 2) * 0.4
        t = np.linspace(0, 1, 16)[:, None]
        curve = (1 - t) ** 2 * start + 2 * t * (1 - t) * middle + t**2 * end
        colour = HAIR_COLOURS[chance.integers(len(HAIR_COLOURS))]
        draw.line([tuple(point) for point in curve.tolist()], colour, max(1, side // 128))
    return np.asarray(image)


AUGMENTATIONS: dict[str, Callable[[torch.Tensor, int, int], torch.Tensor]] = {
    "none": _none,
    "light": _light,
    "gentle": _gentle,
    "camera": camera.augment,
    "hair": _hair,
    "isic-winner": _one_by_one(_winner),
    "randaugment": _one_by_one(_randaugment),
}
