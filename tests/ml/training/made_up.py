"""A few pictures that can be learnt in seconds."""

import numpy as np

from ml.training.batches import Pictures
from ml.training.recipe import Recipe

SMALL = Recipe(
    model="mobilenetv2_035", size=64, small_size=32, epochs=2, batch=8, precision="fp32", seed=3
)


def pictures(n: int = 50, size: int = 64) -> Pictures:
    """Return pictures whose melanomas, every third, are darker; two sources, three diagnoses."""
    chance = np.random.default_rng(0)
    melanoma = (np.arange(n) % 3 == 0).astype(int)
    level = chance.normal(150 - 60 * melanoma, 15)[:, None, None, None]
    pixels = chance.normal(level, 20, (n, size, size, 3)).clip(0, 255).astype(np.uint8)
    return Pictures(
        {size: pixels, 32: pixels[:, ::2, ::2]},
        melanoma,
        np.where(melanoma, 0, 1 + np.arange(n) % 2),
        (np.arange(n) % 10 == 0).astype(int),
    )
