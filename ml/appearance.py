"""What a picture looks like to someone who knows nothing of moles. NumPy only.

A network that has only seen skin may find anything familiar; whether a picture
has the colours and the texture of skin is better asked of the pixels.
"""

import numpy as np

# Noise and print change most from pixel to pixel, skin over larger distances.
DISTANCES = (1, 4, 16)
FEATURES = 36
_TINY = 1e-3
# What a log ratio of two colours is kept from infinity with, of 1.
_FLOOR = 0.02
_GREY = np.full(3, 1 / 3, np.float32)
# Light through skin loses blue first, then green: red over green, red over
# blue, green over blue hardly depend on how bright the lamp is.
_RATIOS = np.array([[1, -1, 0], [1, 0, -1], [0, 1, -1]], np.float32)
_HALF_A_LEVEL = 0.5 / 255


def describe(pixels: np.ndarray) -> np.ndarray:
    """Return ``float64[n, 36]`` for ``uint8[n, size, size, 3]``.

    Per picture: the mean and log spread of red, green and blue, how the three
    vary together, the darkest and brightest grey, the log of how much the grey
    changes over each distance (14); low, middle and high log ratios of the
    colours (9); by how much the middle differs from the rim (3); changes across
    against changes down, close by and far off (2); the share of neighbours that
    are the same, and how rare strong changes are (2); the log of how much
    red - blue and red - green change over each distance (6).
    """
    return np.stack([_describe(picture) for picture in pixels])


def _describe(picture: np.ndarray) -> np.ndarray:
    image = picture.astype(np.float32) / 255
    grey = image @ _GREY
    across = np.abs(grey[:, 1:] - grey[:, :-1])
    parts = (
        _colours(image),
        np.quantile(grey[::2, ::2], (0.02, 0.98)),
        _changes(grey),
        _ratios(image),
        _middle_against_rim(image),
        _directions(grey),
        [
            (across < _HALF_A_LEVEL).mean(),
            np.log((_TINY + np.quantile(across[::2, ::2], 0.98)) / (_TINY + across.mean())),
        ],
        _changes(image[..., 0] - image[..., 2]),
        _changes(image[..., 0] - image[..., 1]),
    )
    return np.concatenate(parts).astype(np.float64)


def _colours(image: np.ndarray) -> np.ndarray:
    colours = image.reshape(-1, 3)
    mean = colours.mean(axis=0)
    centred = colours - mean
    covariance = centred.T @ centred / len(centred)
    spread = np.sqrt(covariance.diagonal()) + _TINY
    together = (covariance / np.outer(spread, spread))[[0, 0, 1], [1, 2, 2]]
    return np.concatenate([mean, np.log(spread), together])


def _changes(values: np.ndarray) -> np.ndarray:
    changes = [np.abs(values[:, d:] - values[:, :-d]).mean() for d in DISTANCES]
    return np.log(_TINY + np.array(changes))


def _ratios(image: np.ndarray) -> np.ndarray:
    logs = np.log(image[::2, ::2].reshape(-1, 3) + _FLOOR)
    return np.quantile(_RATIOS @ logs.T, (0.05, 0.5, 0.95), axis=1).T.ravel()


def _middle_against_rim(image: np.ndarray) -> np.ndarray:
    size = len(image)
    start, end = size // 4, 3 * size // 4
    middle = image[start:end, start:end].sum(axis=(0, 1))
    rim = image.sum(axis=(0, 1)) - middle
    inside = (end - start) ** 2
    return middle / inside - rim / (size * size - inside)


def _directions(grey: np.ndarray) -> np.ndarray:
    logs = [
        np.log(
            (_TINY + np.abs(grey[:, d:] - grey[:, :-d]).mean())
            / (_TINY + np.abs(grey[d:] - grey[:-d]).mean())
        )
        for d in (DISTANCES[0], DISTANCES[-1])
    ]
    return np.array(logs)
