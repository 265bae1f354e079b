"""Look at a lesion from all eight sides, because a mole has no "up".

The four rotations of a picture and of its mirror image (the dihedral group D4)
are judged each and averaged. The answer then does not change when the camera is
turned, and changes less when the picture is saved again.
"""

import numpy as np

N = 8


def all_views(pixels: np.ndarray) -> np.ndarray:
    """Return ``[n * 8, s, s, 3]`` for ``[n, s, s, 3]``, the views of a picture together."""
    sides = [
        np.rot90(one, turns, axes=(1, 2))
        for one in (pixels, pixels[:, :, ::-1])
        for turns in range(4)
    ]
    return np.ascontiguousarray(np.stack(sides, axis=1).reshape(-1, *pixels.shape[1:]))


def average(values: np.ndarray) -> np.ndarray:
    """Return the mean over each picture's views, ``[n, ...]`` for ``[n * 8, ...]``."""
    return values.reshape(-1, N, *values.shape[1:]).mean(axis=1)


def average_maps(maps: np.ndarray) -> np.ndarray:
    """Turn each view's map back and return their mean, ``[n, c, h, w]``."""
    views = maps.reshape(-1, N, *maps.shape[1:])
    upright = []
    for view in range(N):
        back = np.rot90(views[:, view], -(view % 4), axes=(2, 3))
        upright.append(back if view < 4 else back[..., ::-1])
    return np.mean(upright, axis=0)
