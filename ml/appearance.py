"""What a picture looks like to someone who knows nothing of moles. NumPy only.

A network that has only seen skin may find anything familiar; whether a picture
has the colours and the texture of skin is better asked of the pixels.
"""

import numpy as np

# Noise and print change most from pixel to pixel, skin over larger distances.
DISTANCES = (1, 4, 16)
_TINY = 1e-3


def describe(pixels: np.ndarray) -> np.ndarray:
    """Return ``float64[n, 14]`` for ``uint8[n, size, size, 3]``.

    Per picture: the mean and log spread of red, green and blue, how the three
    vary together, the darkest and brightest grey, and the log of how much the
    grey changes over each distance.
    """
    images = np.asarray(pixels, np.float64) / 255
    n = len(images)
    flat = images.reshape(n, -1, 3)
    mean, spread = flat.mean(axis=1), flat.std(axis=1) + _TINY
    unit = (flat - mean[:, None]) / spread[:, None]
    together = [(unit[..., a] * unit[..., b]).mean(axis=1) for a, b in ((0, 1), (0, 2), (1, 2))]
    grey = images.mean(axis=3)
    extremes = np.quantile(grey.reshape(n, -1), (0.02, 0.98), axis=1)
    changes = [
        np.log(_TINY + np.abs(grey[:, :, d:] - grey[:, :, :-d]).mean(axis=(1, 2)))
        for d in DISTANCES
    ]
    return np.column_stack([mean, np.log(spread), *together, *extremes, *changes])
