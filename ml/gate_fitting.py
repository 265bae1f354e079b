"""Describe known pictures and set the gate's limit on held-out ones. NumPy only."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ml import strangers
from ml.appearance import describe
from ml.gate import Domain, Gate, Looks, directions_of

# The share of good pictures of any one source that the gate may refuse.
REFUSED = 0.0125
# Where each of the three answers alone would refuse, which makes them comparable.
REFUSED_BY_ONE = 0.005
EMBEDDING_DIRECTIONS = 64
# Strangers that the discriminator learns from: of each kind, and lesions to disguise.
DRAWN = 40
DISGUISED = 60
TEACHING_SEED = 1
RIDGE = 3.0
# Half precision has no smaller number that is exact to three digits.
_SMALLEST_SCALE = 1e-4
_SMALLEST_SPREAD = 1e-3
_ROUNDS = 30


@dataclass(frozen=True)
class Group:
    """Good pictures: ``appearances[n, 36]``, ``embeddings[n, c]`` and the ``sources[n]``."""

    appearances: np.ndarray
    embeddings: np.ndarray
    sources: np.ndarray


@dataclass(frozen=True)
class Strangers:
    """Pictures of something else: their kinds ``[n]`` and ``appearances[n, 36]``."""

    kinds: np.ndarray
    appearances: np.ndarray

    def without(self, kind: str) -> "Strangers":
        """Return all but those of a kind."""
        rows = self.kinds != kind
        return Strangers(self.kinds[rows], self.appearances[rows])


def teachers(lesions: Sequence[np.ndarray], size: int) -> Strangers:
    """Return the strangers to learn from: drawn ones, and ``lesions[size, size, 3]`` disguised."""
    pictures = strangers.gather(lesions, size, TEACHING_SEED, DRAWN)
    return Strangers(
        np.array([kind for kind, _ in pictures]),
        np.concatenate([describe(pixels[None]) for _, pixels in pictures]),
    )


def fit(known: Group, held_out: Group, taught: Strangers, embedding: Domain | None = None) -> Gate:
    """Describe ``known``, learn to tell ``taught`` from it, set limits on ``held_out``.

    The limits are set on pictures that neither the network nor the description
    has seen, because those it has learnt from lie closer together. Each source
    counts on its own, so that a small one is not refused for being rare.
    ``embedding`` is the embeddings' domain where it has been fitted before.
    """
    gate = Gate(
        embedding or fit_domain(directions_of(known.embeddings), EMBEDDING_DIRECTIONS),
        fit_looks(known.appearances, taught.appearances),
        np.zeros(3),
        np.ones(3),
        np.inf,
    )
    answers = gate.answers(held_out.appearances, held_out.embeddings)
    centres = np.median(answers, axis=0)
    ends = [limit(answer, held_out.sources, REFUSED_BY_ONE) for answer in answers.T]
    reaches = np.maximum(np.array(ends) - centres, _SMALLEST_SPREAD)
    gate = replace(gate, centres=centres, reaches=reaches)
    strangeness = gate.strangeness(held_out.appearances, held_out.embeddings)
    return replace(gate, limit=limit(strangeness, held_out.sources, REFUSED))


def limit(values: np.ndarray, sources: np.ndarray, refused: float) -> float:
    """Return what at most a share ``refused`` of any source's ``values[n]`` exceeds."""
    return max(
        float(np.quantile(values[sources == source], 1 - refused, method="higher"))
        for source in np.unique(sources)
    )


def fit_domain(known: np.ndarray, directions: int, precision: type = np.float16) -> Domain:
    """Describe ``known[n, c]`` by its mean and at most so many free directions.

    With nearly as many directions as dimensions the rest is a small difference of
    large numbers, and half ``precision`` does not do.
    """
    known = np.asarray(known, np.float64)
    mean = known.mean(axis=0)
    _, singular, axes = np.linalg.svd(known - mean, full_matrices=False)
    variances = singular**2 / (len(known) - 1)
    kept = min(directions, len(variances) - 1)
    dimensions = known.shape[1]
    rest = float(variances[kept:].sum() / (dimensions - kept))
    return Domain(
        mean=as_stored(mean, precision),
        directions=as_stored(axes[:kept], precision),
        scales=as_stored(np.maximum(np.sqrt(variances[:kept]), _SMALLEST_SCALE), precision),
        rest_variance=max(rest, _SMALLEST_SCALE**2),
    )


def fit_looks(known: np.ndarray, strange: np.ndarray) -> Looks:
    """Describe the appearances ``known[n, c]`` and tell them from ``strange[m, c]``."""
    spread = np.maximum(known.std(axis=0), _SMALLEST_SPREAD)
    dimensions = known.shape[1]
    looks = Looks(
        as_stored(known.mean(axis=0), np.float32),
        as_stored(spread, np.float32),
        Domain(np.zeros(0), np.zeros((0, 0)), np.zeros(0), 1.0),
        np.zeros(2 * dimensions + 1),
        0.0,
    )
    looks = replace(looks, domain=fit_domain(looks.units(known), dimensions - 1, np.float32))
    weights, bias = _logistic(
        looks.evidence(looks.units(known)), looks.evidence(looks.units(strange))
    )
    return replace(looks, weights=as_stored(weights, np.float32), bias=bias)


def as_stored(array: np.ndarray, precision: type = np.float16) -> np.ndarray:
    """Round to the precision of the file, so that limits are set on what a bundle will hold."""
    return array.astype(precision).astype(np.float64)


def _logistic(known: np.ndarray, strange: np.ndarray) -> tuple[np.ndarray, float]:
    """Return weights and bias of a ridge logistic regression in which both sides weigh the same.

    Newton's method; the penalty is ``RIDGE / 2`` times the squared weights,
    against a sum over as many cases as there are vectors.
    """
    vectors = np.vstack([known, strange])
    vectors = np.hstack([vectors, np.ones((len(vectors), 1))])
    targets = np.repeat([0.0, 1.0], [len(known), len(strange)])
    counts = np.repeat([len(known), len(strange)], [len(known), len(strange)])
    weighed = len(vectors) / 2 / counts
    penalty = np.full(vectors.shape[1], RIDGE)
    penalty[-1] = 1e-6
    beta = np.zeros(vectors.shape[1])
    for _ in range(_ROUNDS):
        chances = 1 / (1 + np.exp(-np.clip(vectors @ beta, -30, 30)))
        slope = vectors.T @ (weighed * (chances - targets)) + penalty * beta
        curvature = weighed * np.maximum(chances * (1 - chances), 1e-9)
        step = np.linalg.solve((vectors.T * curvature) @ vectors + np.diag(penalty), slope)
        beta -= step
        if np.abs(step).max() < 1e-6:
            break
    return beta[:-1], float(beta[-1])
