"""How good the model is, with how sure we can be of it. NumPy only.

Scores are higher for melanoma; targets are 1 for melanoma and 0 for the rest.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

Z95 = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True)
class Estimate:
    """A figure and its 95 % confidence interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f}-{self.high:.3f})"


def auc(targets: np.ndarray, scores: np.ndarray) -> Estimate:
    """Return the area under the ROC curve with DeLong's confidence interval.

    After DeLong, DeLong and Clarke-Pearson (1988), by mid-ranks as in Sun and
    Xu (2014). The interval is formed on the logit scale, so that it stays
    within 0 to 1. Raises ``ValueError`` when one of the classes is absent.
    """
    positive, negative = _by_class(targets, scores)
    m, n = len(positive), len(negative)
    ranks = _midranks(np.concatenate([positive, negative]))
    # For each melanoma the share of the others below it, and the reverse.
    above = (ranks[:m] - _midranks(positive)) / n
    below = 1 - (ranks[m:] - _midranks(negative)) / m
    area = float(above.mean())
    if m < 2 or n < 2:
        return Estimate(area, 0.0, 1.0)
    spread = math.sqrt(above.var(ddof=1) / m + below.var(ddof=1) / n)
    if not 0 < area < 1:
        return Estimate(area, area, area)
    centre, reach = math.log(area / (1 - area)), Z95 * spread / (area * (1 - area))
    return Estimate(area, sigmoid(centre - reach), sigmoid(centre + reach))


def proportion(hits: int, total: int) -> Estimate:
    """Return a share with Wilson's (1927) confidence interval."""
    if total == 0:
        return Estimate(math.nan, 0.0, 1.0)
    share, z2 = hits / total, Z95**2
    centre = (share + z2 / (2 * total)) / (1 + z2 / total)
    reach = Z95 * math.sqrt(share * (1 - share) / total + z2 / (4 * total**2)) / (1 + z2 / total)
    return Estimate(share, max(0.0, centre - reach), min(1.0, centre + reach))


def sensitivity(targets: np.ndarray, called: np.ndarray) -> Estimate:
    """Return the share of melanomas that were called (``bool[n]``)."""
    return proportion(int(called[targets == 1].sum()), int((targets == 1).sum()))


def specificity(targets: np.ndarray, called: np.ndarray) -> Estimate:
    """Return the share of the rest that were not called (``bool[n]``)."""
    return proportion(int((~called[targets == 0]).sum()), int((targets == 0).sum()))


def brier(targets: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the mean squared distance of probability and truth (Brier 1950)."""
    return float(np.mean((probabilities - targets) ** 2))


def sigmoid(x: float) -> float:
    """Return the logistic function of one number, without overflow."""
    return 0.5 * (1 + math.tanh(x / 2))


def _by_class(targets: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    targets, scores = np.asarray(targets), np.asarray(scores, dtype=np.float64)
    positive, negative = scores[targets == 1], scores[targets == 0]
    if not len(positive) or not len(negative):
        raise ValueError("an AUC needs melanomas and others")
    return positive, negative


def _midranks(values: np.ndarray) -> np.ndarray:
    """Return ranks from 1, with ties sharing their mean rank."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return (last - (count - 1) / 2)[place]
