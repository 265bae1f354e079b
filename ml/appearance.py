"""What a picture looks like to someone who knows nothing of moles. NumPy only.

A network that has only seen skin may find anything familiar; whether a picture
has the colours and the texture of skin is better asked of the pixels.
"""

import numpy as np

# Noise and print change most from pixel to pixel, skin over larger distances.
DISTANCES = (1, 4, 16)
_TINY = 1e-3
_GREY = np.full(3, 1 / 3, np.float32)


def describe(pixels: np.ndarray) -> np.ndarray:
    """Return ``float64[n, 14]`` for ``uint8[n, size, size, 3]``.

    Per picture: the mean and log spread of red, green and blue, how the three
    vary together, the darkest and brightest grey, and the log of how much the
    grey changes over each distance.
    """
    return np.stack([_describe(picture) for picture in pixels])


def _describe(picture: np.ndarray) -> np.ndarray:
    colours = picture.reshape(-1, 3).astype(np.float32) / 255
    mean = colours.mean(axis=0)
    centred = colours - mean
    covariance = centred.T @ centred / len(centred)
    spread = np.sqrt(covariance.diagonal()) + _TINY
    together = (covariance / np.outer(spread, spread))[[0, 0, 1], [1, 2, 2]]
    grey = (colours @ _GREY).reshape(picture.shape[:2])
    extremes = np.quantile(grey[::2, ::2], (0.02, 0.98))
    changes = [np.log(_TINY + np.abs(grey[:, d:] - grey[:, :-d]).mean()) for d in DISTANCES]
    return np.concatenate([mean, np.log(spread), together, extremes, changes]).astype(np.float64)
