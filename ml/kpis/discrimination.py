"""How well the scores tell melanomas from the rest, whatever the threshold."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from sklearn.metrics import precision_recall_curve, roc_curve

from ml import metrics
from ml.kpis.resampling import Resamples, estimate, whole

# The ends of the ROC curve that matter: who passes over more than one melanoma in five
# is of little use (the choice of ISIC 2024), as is who alarms more than one other in five.
LEAST_SENSITIVITY = 0.8
MOST_FALSE_ALARMS = 0.2

Statistic = Callable[[np.ndarray], np.ndarray]


class Ranking:
    """Pictures in the order of their scores, to be weighted in many ways at once.

    ``curve(weights[b, n])`` is the weighted ROC curve from (0, 0) to (1, 1), as
    false positive rate and sensitivity, ``float[b, k + 1]`` for ``k`` different
    scores. The areas take weights in the same way and return ``float[b]``, NaN
    where a class has no weight.
    """

    def __init__(self, targets: np.ndarray, scores: np.ndarray) -> None:
        self._order = np.argsort(-scores, kind="stable")
        ranked = scores[self._order]
        # Equal scores are one step, so that their order cannot matter.
        self._steps = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])
        self._melanoma = targets[self._order] == 1

    def curve(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return false positive rate and sensitivity."""
        called, found = self._counts(weights)
        false = called - found
        return false / false[:, -1:], found / found[:, -1:]

    def auc(self, weights: np.ndarray) -> np.ndarray:
        """Return the area under the ROC curve, by trapezoids."""
        false, found = self.curve(weights)
        return np.trapezoid(found, false, axis=1)

    def partial_auc(self, weights: np.ndarray) -> np.ndarray:
        """Return the area under the curve and above 80 % sensitivity, from 0 to 0.2.

        The measure of ISIC 2024, not rescaled.
        """
        return area_above(*self.curve(weights), LEAST_SENSITIVITY)

    def early_auc(self, weights: np.ndarray) -> np.ndarray:
        """Return the area under the curve up to 20 % false alarms, from 0 to 0.2."""
        false, found = self.curve(weights)
        # Mirrored at the falling diagonal, it is the area above a line once more.
        return area_above(1 - found[:, ::-1], 1 - false[:, ::-1], 1 - MOST_FALSE_ALARMS)

    def average_precision(self, weights: np.ndarray) -> np.ndarray:
        """Return the area under the precision-recall curve, by steps, not by lines.

        Lines between its points would flatter (Davis and Goadrich 2006).
        """
        called, found = self._counts(weights)
        precision = np.where(called > 0, found / np.maximum(called, 1e-300), 0)[:, 1:]
        return (np.diff(found, axis=1) * precision).sum(axis=1) / found[:, -1]

    def _counts(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return how many are called, and how many of these are melanomas, ``[b, k + 1]``."""
        ranked = weights[:, self._order]
        called = np.cumsum(np.add.reduceat(ranked, self._steps, axis=1), axis=1)
        found = np.cumsum(np.add.reduceat(ranked * self._melanoma, self._steps, axis=1), axis=1)
        none = np.zeros((len(weights), 1))
        return np.hstack([none, called]), np.hstack([none, found])


def area_above(false: np.ndarray, found: np.ndarray, least: float) -> np.ndarray:
    """Return the area under ROC curves ``[b, k]`` and above a sensitivity, ``[b]``."""
    lower = np.maximum(found[:, :-1] - least, 0)
    upper = np.maximum(found[:, 1:] - least, 0)
    rise = found[:, 1:] - found[:, :-1]
    # Of a piece that crosses the line, only the share to the right of the crossing counts.
    crossing = (lower == 0) & (upper > 0)
    share = np.where(crossing, upper / np.where(rise > 0, rise, 1), 1)
    return (np.diff(false, axis=1) * share * (lower + upper) / 2).sum(axis=1)


def describe(targets: np.ndarray, scores: np.ndarray, resamples: Resamples) -> dict[str, Any]:
    """Return the areas with their intervals, and the curves to be drawn.

    All intervals are of the cluster bootstrap; that of DeLong, which counts
    every picture on its own, stands beside it for the AUC.
    """
    ranking = Ranking(targets, scores)
    statistics: Mapping[str, Statistic] = {
        "auc": ranking.auc,
        "partial_auc": ranking.partial_auc,
        "early_auc": ranking.early_auc,
        "average_precision": ranking.average_precision,
    }
    false, found, _ = roc_curve(targets, scores)
    precision, recall, _ = precision_recall_curve(targets, scores, drop_intermediate=True)
    figures = {
        name: asdict(estimate(whole(statistic, len(targets)), resamples.of(statistic)))
        for name, statistic in statistics.items()
    }
    return figures | {
        "auc_delong": asdict(metrics.auc(targets, scores)),
        "roc": {"false_positive_rate": _short(false), "sensitivity": _short(found)},
        "precision_recall": {"recall": _short(recall), "precision": _short(precision)},
    }


def _short(curve: np.ndarray) -> list[float]:
    return [round(float(value), 5) for value in curve]
