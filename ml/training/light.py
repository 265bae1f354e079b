"""Random views of a batch of lesions, as a few tensor operations.

A mole has no "up", so every rotation and reflection shows the same mole.
Colour is varied too, because it tells clinics and cameras apart more than
lesions. Everything is drawn from one generator: the same seed, the same views.
"""

import math

import torch
from torch.nn import functional

AREA = (0.4, 1.0)  # share of the picture that a random crop keeps
STRETCH = 0.15  # log of the greatest change of its aspect
BRIGHTNESS = 0.2
CONTRAST = 0.2
SATURATION = 0.25
HUE = 0.12  # radians about the grey axis
WHITE_BALANCE = 0.08
BLUR_SHARE = 0.15

LUMA = torch.tensor([0.299, 0.587, 0.114])


def augment(
    pixels: torch.Tensor, size: int, generator: torch.Generator, strength: float = 1.0
) -> torch.Tensor:
    """Turn ``uint8[n, h, w, 3]`` into random views, ``float[n, 3, size, size]`` in 0..255.

    ``strength`` is the share of every change but turning and mirroring, which
    are always whole.
    """
    images = pixels.permute(0, 3, 1, 2).float()
    framed = reframe(images, size, generator, strength)
    return blur(recolour(framed, generator, strength), generator, strength)


def reframe(
    images: torch.Tensor, size: int, generator: torch.Generator, strength: float = 1.0
) -> torch.Tensor:
    """Crop, turn, stretch and mirror in a single resampling."""
    n = len(images)
    smallest, largest = AREA
    side = uniform(n, largest - (largest - smallest) * strength, largest, generator).sqrt()
    stretch = _around(n, 0, STRETCH * strength, generator).exp()
    angle = uniform(n, 0, 2 * math.pi, generator)
    mirror = torch.where(uniform(n, 0, 1, generator) < 0.5, -1.0, 1.0)
    shift = uniform(2 * n, -1, 1, generator).view(n, 2) * (1 - side)[:, None]
    cos, sin = side * angle.cos(), side * angle.sin()
    rows = torch.stack(
        [
            torch.stack([mirror * stretch * cos, -sin / stretch, shift[:, 0]], dim=1),
            torch.stack([mirror * stretch * sin, cos / stretch, shift[:, 1]], dim=1),
        ],
        dim=1,
    )
    grid = functional.affine_grid(rows, [n, 3, size, size], align_corners=False)
    return functional.grid_sample(images, grid, padding_mode="reflection", align_corners=False)


def recolour(
    images: torch.Tensor, generator: torch.Generator, strength: float = 1.0
) -> torch.Tensor:
    """Change light and colour by one 3 x 3 matrix and one offset per image."""
    n, _, height, width = images.shape
    matrix = (
        _white_balance(n, generator, strength)
        @ _hue(n, generator, strength)
        @ _saturation(n, generator, strength)
    )
    matrix = matrix * _around(n, 1, BRIGHTNESS * strength, generator)[:, None, None]
    contrast = _around(n, 1, CONTRAST * strength, generator)[:, None, None]
    flat = images.reshape(n, 3, height * width)
    mean = (matrix @ flat.mean(dim=2, keepdim=True)).mean(dim=1, keepdim=True)
    changed = torch.baddbmm(mean * (1 - contrast), contrast * matrix, flat)
    return changed.clamp_(0, 255).view(n, 3, height, width)


def blur(images: torch.Tensor, generator: torch.Generator, strength: float = 1.0) -> torch.Tensor:
    """Soften a few of the images, as a lens slightly out of focus does."""
    chosen = (uniform(len(images), 0, 1, generator) < BLUR_SHARE * strength).nonzero()[:, 0]
    soft = functional.avg_pool2d(images[chosen], 3, stride=1, padding=1, count_include_pad=False)
    return images.index_copy(0, chosen, soft)


def _white_balance(n: int, generator: torch.Generator, strength: float = 1.0) -> torch.Tensor:
    gains = _around(3 * n, 1, WHITE_BALANCE * strength, generator)
    return torch.diag_embed(gains.view(n, 3))


def _saturation(n: int, generator: torch.Generator, strength: float = 1.0) -> torch.Tensor:
    amount = _around(n, 1, SATURATION * strength, generator)[:, None, None]
    return amount * torch.eye(3) + (1 - amount) * LUMA.expand(3, 3)


def _hue(n: int, generator: torch.Generator, strength: float = 1.0) -> torch.Tensor:
    """Rotate about the axis of the greys (Rodrigues' formula)."""
    angle = _around(n, 0, HUE * strength, generator)[:, None, None]
    cross = torch.tensor([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / math.sqrt(3)
    return torch.eye(3) + angle.sin() * cross + (1 - angle.cos()) * (cross @ cross)


def _around(n: int, middle: float, most: float, generator: torch.Generator) -> torch.Tensor:
    return uniform(n, middle - most, middle + most, generator)


def uniform(n: int, low: float, high: float, generator: torch.Generator) -> torch.Tensor:
    """Return ``float[n]`` drawn evenly from ``low`` to ``high``."""
    return torch.rand(n, generator=generator) * (high - low) + low
