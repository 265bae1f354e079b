"""Random views as other cameras, in other light, would have taken them.

A network that has seen few cameras goes by what is theirs: the tint of their
light, the grain and sharpness of their pictures, even how they compress them.
All of it is varied here.
"""

from io import BytesIO

import numpy as np
import torch
from PIL import Image
from torch.nn import functional

from ml.training import light

# Of what `light` does to the frame and to the colours.
FRAME, COLOURS = 0.75, 1.25
# Each of the following happens to this share of the pictures.
SHARE = 0.5
# How much of what sets a picture apart from its blurred self is added, or taken away.
SHARPNESS = 1.0
NOISE = 6.0  # the largest standard deviation, of 255
QUALITY = (25, 95)  # of a JPEG


def augment(pixels: torch.Tensor, size: int, seed: int) -> torch.Tensor:
    """Turn ``uint8[n, h, w, 3]`` into random views, ``float[n, 3, size, size]`` in 0..255."""
    generator = torch.Generator().manual_seed(seed)
    images = light.reframe(pixels.permute(0, 3, 1, 2).float(), size, generator, FRAME)
    images = light.recolour(images, generator, COLOURS)
    images = noise(sharpen(images, generator), generator)
    return compress(images.clamp_(0, 255), generator)


def sharpen(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Sharpen or soften some of the pictures."""
    soft = functional.avg_pool2d(images, 3, stride=1, padding=1, count_include_pad=False)
    amount = _some(len(images), generator) * light.uniform(
        len(images), -SHARPNESS, SHARPNESS, generator
    )
    return images + amount[:, None, None, None] * (images - soft)


def noise(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Add grain to some of the pictures."""
    spread = _some(len(images), generator) * light.uniform(len(images), 0, NOISE, generator)
    grain = torch.randn(images.shape, generator=generator)
    return images + spread[:, None, None, None] * grain


def compress(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Write some of the pictures as JPEG, and read them again."""
    quality = light.uniform(len(images), *QUALITY, generator)
    for i in _some(len(images), generator).nonzero()[:, 0].tolist():
        pixels = images[i].permute(1, 2, 0).round().to(torch.uint8)
        file = BytesIO()
        Image.fromarray(pixels.numpy()).save(file, "JPEG", quality=int(quality[i]))
        decoded = np.array(Image.open(file))
        images[i] = torch.from_numpy(decoded).permute(2, 0, 1)
    return images


def _some(n: int, generator: torch.Generator) -> torch.Tensor:
    """Return 1 for those to which something happens and 0 for the others, ``float[n]``."""
    return (torch.rand(n, generator=generator) < SHARE).float()
