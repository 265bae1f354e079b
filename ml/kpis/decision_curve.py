"""Whether going by the model does people more good than harm (Vickers and Elkin 2006).

Whoever takes a sample from a probability ``p`` on accepts ``(1 - p) / p``
needless samples for each melanoma. The net benefit counts the melanomas found
and takes off the needless samples at that rate.
"""

from typing import Any

import numpy as np

from ml.kpis.resampling import Resamples, whole

THRESHOLDS = np.arange(1, 31) / 100


def describe(targets: np.ndarray, probabilities: np.ndarray, resamples: Resamples) -> dict:
    """Return the curve of the model, with its cluster bootstrap, and of the two without one.

    ``best_at`` are the thresholds where the model does better than both.
    """

    each = worth(targets, probabilities)

    def statistic(weights: np.ndarray) -> np.ndarray:
        return net_benefit(each, weights)

    low, high = np.quantile(resamples.of(statistic), [0.025, 0.975], axis=0)
    value = whole(statistic, len(targets))
    without = np.maximum(treat_all(float(targets.mean())), 0)
    return {
        "threshold": _plain(THRESHOLDS),
        "model": {"value": _plain(value), "low": _plain(low), "high": _plain(high)},
        "biopsy_all": _plain(treat_all(float(targets.mean()))),
        "biopsy_none": [0.0] * len(THRESHOLDS),
        "best_at": _plain(THRESHOLDS[value > without + 1e-9]),
    }


def worth(targets: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Return what a sample from each of ``[n]`` is worth at each of ``THRESHOLDS``, ``[n, 30]``.

    That is 1 for a melanoma, less than nothing for another, and 0 without a sample.
    """
    each = np.where((targets == 1)[:, None], 1.0, -THRESHOLDS / (1 - THRESHOLDS))
    return each * (probabilities[:, None] >= THRESHOLDS)


def net_benefit(each: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the net benefit at each of ``THRESHOLDS``, ``[b, 30]``, of ``weights[b, n]``."""
    return weights @ each / weights.sum(axis=1, keepdims=True)


def treat_all(prevalence: float) -> np.ndarray:
    """Return the net benefit of a sample from everybody, at each of ``THRESHOLDS``."""
    return prevalence - (1 - prevalence) * THRESHOLDS / (1 - THRESHOLDS)


def _plain(values: Any) -> list[float]:
    return [round(float(value), 6) for value in values]
