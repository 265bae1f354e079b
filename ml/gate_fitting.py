"""Describe known pictures and set the gate's limit on held-out ones."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from sklearn.linear_model import LogisticRegression

from ml import strangers
from ml.engines import Engine
from ml.gate import Domain, Gate, evidence, in_units, looks_of

# The share of good pictures of any one source that the gate may refuse.
REFUSED = 0.0125
# Where either answer alone would refuse, which makes them comparable.
REFUSED_BY_ONE = 0.005
DIRECTIONS = 64
# Strangers that the regression learns from: of each kind, and lesions to disguise.
DRAWN = 40
DISGUISED = 60
TEACHING_SEED = 1
# The weight of the regression's errors against that of its squared weights.
TRUST = 1 / 30
_SMALLEST_SCALE = 1e-4
_SMALLEST_SPREAD = 1e-3
_ROUNDS = 1000


@dataclass(frozen=True)
class Group:
    """Good pictures: their ``looks[n, c]`` and the ``sources[n]``."""

    looks: np.ndarray
    sources: np.ndarray


@dataclass(frozen=True)
class Strangers:
    """Pictures of something else: their kinds ``[n]`` and ``looks[n, c]``."""

    kinds: np.ndarray
    looks: np.ndarray

    def without(self, kind: str) -> "Strangers":
        """Return all but those of a kind."""
        rows = self.kinds != kind
        return Strangers(self.kinds[rows], self.looks[rows])


def teachers(lesions: Sequence[np.ndarray], size: int, engine: Engine) -> Strangers:
    """Return the strangers to learn from: drawn ones, and ``lesions[size, size, 3]`` disguised."""
    pictures = strangers.gather(lesions, size, TEACHING_SEED, DRAWN)
    looks = [looks_of(pixels[None], engine(pixels[None])[1]) for _, pixels in pictures]
    return Strangers(np.array([kind for kind, _ in pictures]), np.concatenate(looks))


def fit(known: Group, held_out: Group, taught: Strangers) -> Gate:
    """Describe ``known``, learn to tell ``taught`` from it, set limits on ``held_out``.

    The limits are set on pictures that neither the network nor the description
    has seen, because those it has learnt from lie closer together. Each source
    counts on its own, so that a small one is not refused for being rare.
    """
    mean = as_stored(known.looks.mean(axis=0))
    spread = as_stored(np.maximum(known.looks.std(axis=0), _SMALLEST_SPREAD))
    units = in_units(known.looks, mean, spread)
    weights, bias = _tell_apart(units, in_units(taught.looks, mean, spread))
    domain = fit_domain(units, DIRECTIONS)
    gate = Gate(mean, spread, domain, weights, bias, np.zeros(2), np.ones(2), np.inf)
    answers = gate.answers(held_out.looks)
    centres = np.median(answers, axis=0)
    ends = [limit(answer, held_out.sources, REFUSED_BY_ONE) for answer in answers.T]
    reaches = np.maximum(np.array(ends) - centres, _SMALLEST_SPREAD)
    gate = replace(gate, centres=centres, reaches=reaches)
    return replace(gate, limit=limit(gate.strangeness(held_out.looks), held_out.sources, REFUSED))


def limit(values: np.ndarray, sources: np.ndarray, refused: float) -> float:
    """Return what at most a share ``refused`` of any source's ``values[n]`` exceeds."""
    return max(
        float(np.quantile(values[sources == source], 1 - refused, method="higher"))
        for source in np.unique(sources)
    )


def fit_domain(known: np.ndarray, directions: int) -> Domain:
    """Describe ``known[n, c]`` by its mean and at most so many free directions."""
    mean = known.mean(axis=0)
    _, singular, axes = np.linalg.svd(known - mean, full_matrices=False)
    variances = singular**2 / (len(known) - 1)
    dimensions = known.shape[1]
    kept = min(directions, len(variances) - 1, dimensions - 1)
    rest = float(variances[kept:].sum() / (dimensions - kept))
    return Domain(
        mean=as_stored(mean),
        directions=as_stored(axes[:kept]),
        scales=as_stored(np.maximum(np.sqrt(variances[:kept]), _SMALLEST_SCALE)),
        rest_variance=max(rest, _SMALLEST_SCALE**2),
    )


def as_stored(array: np.ndarray) -> np.ndarray:
    """Round to the precision of the file, so that limits are set on what a bundle will hold."""
    return array.astype(np.float32).astype(np.float64)


def _tell_apart(known: np.ndarray, strange: np.ndarray) -> tuple[np.ndarray, float]:
    """Return weights and bias of a logistic regression in which both sides weigh the same."""
    model = LogisticRegression(C=TRUST, class_weight="balanced", max_iter=_ROUNDS)
    model.fit(evidence(np.vstack([known, strange])), np.repeat([0, 1], [len(known), len(strange)]))
    return as_stored(model.coef_[0]), float(model.intercept_[0])
