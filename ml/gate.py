"""The in-domain gate: does a picture look like those the network has learnt from?

A picture is asked three times, because each answer overlooks what another sees.
The network's embedding and the plain appearance (``appearance.py``) of known
pictures are each described by a Gaussian with a few free directions and one
common variance for all others (probabilistic PCA, Tipping & Bishop 1999); what
lies further out than almost every known picture is a stranger. A logistic
regression on the appearance, taught with strangers drawn by code (outlier
exposure, Hendrycks et al. 2019), knows which deviations to distrust, such as
skin that is blue. NumPy only; ``gate_fitting.py`` makes gates.
"""

from dataclasses import dataclass

import numpy as np

from ml.appearance import describe

# A feature further out than so many standard deviations counts as if it were there.
FURTHEST = 8.0
# The same for the discriminator, which is linear in the square and would be
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
class Looks:
    """What is known of the appearance: units, Gaussian and discriminator.

    ``mean`` and ``spread`` are ``[c]`` and bring ``describe`` to standard units;
    ``domain`` is over these; ``weights`` is ``[2 * c + 1]``, for the units, their
    squares and the log distance; ``bias`` is the discriminator's constant.
    """

    mean: np.ndarray
    spread: np.ndarray
    domain: Domain
    weights: np.ndarray
    bias: float

    def units(self, appearances: np.ndarray) -> np.ndarray:
        """Return ``[n, c]`` in standard deviations from the known mean."""
        return np.clip((appearances - self.mean) / self.spread, -FURTHEST, FURTHEST)

    def evidence(self, units: np.ndarray) -> np.ndarray:
        """Return what the discriminator weighs, ``[n, 2 * c + 1]``."""
        near = np.clip(units, -FURTHEST_SQUARED, FURTHEST_SQUARED)
        return np.hstack([near, near**2 / 3, self.domain.log_distance(units)[:, None]])

    def log_odds(self, units: np.ndarray) -> np.ndarray:
        """Return the discriminator's log odds of a stranger, ``[n]``."""
        return self.evidence(units) @ self.weights + self.bias


@dataclass(frozen=True)
class Gate:
    """The three questions, brought to one scale, and how much is too much.

    ``centres`` and ``reaches`` are ``[3]``: the middle of good pictures' answers,
    and how far above it few of them lie.
    """

    embedding: Domain
    looks: Looks
    centres: np.ndarray
    reaches: np.ndarray
    limit: float

    def answers(self, appearances: np.ndarray, embeddings: np.ndarray) -> np.ndarray:
        """Return the log distances and the log odds, ``[n, 3]``."""
        units = self.looks.units(appearances)
        return np.stack(
            [
                self.embedding.log_distance(directions_of(embeddings)),
                self.looks.domain.log_distance(units),
                self.looks.log_odds(units),
            ],
            axis=1,
        )

    def strangeness(self, appearances: np.ndarray, embeddings: np.ndarray) -> np.ndarray:
        """Return the strongest answer, ``[n]``; 0 is usual, above ``limit`` a stranger.

        ``appearances`` is ``describe`` of the pixels, ``embeddings`` ``[n, c]``.
        """
        answers = self.answers(appearances, embeddings)
        return ((answers - self.centres) / self.reaches).max(axis=1)

    def refuses(self, pixels: np.ndarray, embeddings: np.ndarray) -> np.ndarray:
        """Return which pictures are strangers, ``bool[n]``."""
        return self.strangeness(describe(pixels), embeddings) > self.limit


def directions_of(embeddings: np.ndarray) -> np.ndarray:
    """Return embeddings at length 1.

    Their length mostly tells how much contrast a picture has; their direction
    tells what is in it (measured: it separates a cat from skin, the length hides it).
    """
    vectors = np.asarray(embeddings, np.float64)
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)
