"""The in-domain gate: does a picture look like those the network has learnt from?

A picture is asked twice, by the network's embedding and by its plain appearance
(``appearance.py``), because each overlooks what the other sees. Both times known
pictures are described by a Gaussian with a few free directions and one common
variance for all others (probabilistic PCA, Tipping & Bishop 1999). A picture
that lies further out than almost every known one is a stranger, and the
network's number for it means nothing. NumPy only.
"""

from dataclasses import dataclass, replace

import numpy as np

from ml.appearance import describe


@dataclass(frozen=True)
class Domain:
    """A Gaussian over vectors of ``c`` dimensions, and how far out is too far.

    ``mean`` is ``[c]``; ``directions`` is ``[k, c]``, of length 1; ``scales`` is
    ``[k]``, the standard deviations along them; ``rest_variance`` is that of
    every other direction.
    """

    mean: np.ndarray
    directions: np.ndarray
    scales: np.ndarray
    rest_variance: float
    limit: float

    def distance(self, vectors: np.ndarray) -> np.ndarray:
        """Return the mean squared deviation per dimension, ``[n]``; about 1 where known."""
        centred = np.asarray(vectors, np.float64) - self.mean
        along = centred @ self.directions.T
        rest = (centred**2).sum(axis=1) - (along**2).sum(axis=1)
        total = ((along / self.scales) ** 2).sum(axis=1) + rest / self.rest_variance
        return total / centred.shape[1]

    def excludes(self, vectors: np.ndarray) -> np.ndarray:
        """Return which vectors are too far out, ``bool[n]``."""
        return self.distance(vectors) > self.limit


@dataclass(frozen=True)
class Gate:
    """The two domains that a picture has to lie in."""

    embedding: Domain
    appearance: Domain

    def refuses(self, pixels: np.ndarray, embeddings: np.ndarray) -> np.ndarray:
        """Return which pictures are strangers, ``bool[n]``."""
        return self.embedding.excludes(embeddings) | self.appearance.excludes(describe(pixels))


def as_stored(array: np.ndarray) -> np.ndarray:
    """Round to half precision, so that the limit is set on what a bundle will hold."""
    return array.astype(np.float16).astype(np.float64)


def fit(known: np.ndarray, held_out: np.ndarray, *, directions: int, refused: float) -> Domain:
    """Describe known vectors; exclude the given share of those held out.

    ``known`` and ``held_out`` are ``[n, c]``. The limit is set on pictures that
    neither the network nor the description has seen, because those it has
    learnt from lie closer together.
    """
    known = np.asarray(known, np.float64)
    mean = known.mean(axis=0)
    _, singular, axes = np.linalg.svd(known - mean, full_matrices=False)
    variances = singular**2 / (len(known) - 1)
    kept = min(directions, len(variances) - 1)
    dimensions = known.shape[1]
    domain = Domain(
        mean=as_stored(mean),
        directions=as_stored(axes[:kept]),
        scales=as_stored(np.sqrt(variances[:kept])),
        rest_variance=float(variances[kept:].sum() / (dimensions - kept)),
        limit=np.inf,
    )
    return replace(domain, limit=float(np.quantile(domain.distance(held_out), 1 - refused)))
