"""The in-domain gate: does a picture look like those the network has learnt from?

What is known of a picture's looks is its plain appearance (``appearance.py``) and
the texture that the middle of the network sees. The gate asks two questions,
because each overlooks what the other notices. A Gaussian with a few free
directions and one common variance for all others (probabilistic PCA, Tipping &
Bishop 1999) tells what lies further out than almost every known picture. A
logistic regression, taught with strangers drawn by code (outlier exposure,
Hendrycks et al. 2019), knows which deviations to distrust, such as skin that is
blue. NumPy only; ``gate_fitting.py`` makes gates.
"""

from dataclasses import dataclass

import numpy as np

from ml.appearance import describe

# A feature further out than so many standard deviations counts as if it were there.
FURTHEST = 8.0
# The same for the logistic regression, which is linear in the square and would be
# ruled by a single feature otherwise.
FURTHEST_SQUARED = 6.0
NEAREST = 1e-6


@dataclass(frozen=True)
class Domain:
    """A Gaussian over vectors of ``c`` dimensions.

    ``mean`` is ``[c]``; ``directions`` is ``[k, c]``, of length 1; ``scales`` is
    ``[k]``, the standard deviations along them; ``rest_variance`` is that of
    every other direction.
    """

    mean: np.ndarray
    directions: np.ndarray
    scales: np.ndarray
    rest_variance: float

    def distance(self, vectors: np.ndarray) -> np.ndarray:
        """Return the mean squared deviation per dimension, ``[n]``; about 1 where known."""
        centred = np.asarray(vectors, np.float64) - self.mean
        along = centred @ self.directions.T
        # Directions that were rounded for the file may explain a little too much.
        rest = np.maximum((centred**2).sum(axis=1) - (along**2).sum(axis=1), 0)
        total = ((along / self.scales) ** 2).sum(axis=1) + rest / self.rest_variance
        return total / centred.shape[1]

    def log_distance(self, vectors: np.ndarray) -> np.ndarray:
        """Return the logarithm of ``distance``, ``[n]``, finite at the very centre too."""
        return np.log(np.maximum(self.distance(vectors), NEAREST))


@dataclass(frozen=True)
class Gate:
    """The two questions, brought to one scale, and how much is too much.

    ``mean`` and ``spread`` are ``[c]`` and bring looks to standard units, over which
    ``domain`` is; ``weights`` is ``[2 * c]``, for the units and their squares, ``bias``
    the regression's constant. ``centres`` and ``reaches`` are ``[2]``: the middle of
    good pictures' answers, and how far above it few of them lie.
    """

    mean: np.ndarray
    spread: np.ndarray
    domain: Domain
    weights: np.ndarray
    bias: float
    centres: np.ndarray
    reaches: np.ndarray
    limit: float

    def answers(self, looks: np.ndarray) -> np.ndarray:
        """Return the log distance and the log odds of a stranger, ``[n, 2]``."""
        units = in_units(looks, self.mean, self.spread)
        log_odds = evidence(units) @ self.weights + self.bias
        return np.stack([self.domain.log_distance(units), log_odds], axis=1)

    def strangeness(self, looks: np.ndarray) -> np.ndarray:
        """Return the stronger answer to ``looks[n, c]``, ``[n]``.

        0 is usual, above ``limit`` a stranger.
        """
        return ((self.answers(looks) - self.centres) / self.reaches).max(axis=1)

    def refuses(self, looks: np.ndarray) -> np.ndarray:
        """Return which of ``looks[n, c]`` are a stranger's, ``bool[n]``."""
        return self.strangeness(looks) > self.limit


def looks_of(pixels: np.ndarray, textures: np.ndarray) -> np.ndarray:
    """Return what the gate knows of pictures, ``float64[n, 36 + t]``.

    ``pixels`` is ``uint8[n, size, size, 3]``, ``textures`` what the network says of
    them, ``[n, t]``.
    """
    return np.hstack([describe(pixels), np.asarray(textures, np.float64)])


def in_units(looks: np.ndarray, mean: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Return ``looks[n, c]`` in standard deviations from the known mean."""
    return np.clip((looks - mean) / spread, -FURTHEST, FURTHEST)


def evidence(units: np.ndarray) -> np.ndarray:
    """Return what the logistic regression weighs, ``[n, 2 * c]``."""
    near = np.clip(units, -FURTHEST_SQUARED, FURTHEST_SQUARED)
    return np.hstack([near, near**2 / 3])
