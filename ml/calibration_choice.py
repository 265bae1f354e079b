"""Which calibration to take: the simplest that chance cannot tell from the best.

Each is fitted on some of the pictures and judged on the others, all pictures of
a patient or lesion on one side (cross-validation), because the one with more
freedom always fits best what it was fitted on.
"""

from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from ml.calibration import METHODS, Calibration, Method, fit, log_loss

PARTS = 5


@dataclass(frozen=True)
class Choice:
    """The calibration taken, its method, and what each method's pictures lost on average.

    ``loss`` is the cross-validated log loss in nats; ``behind`` the difference
    to the best, with its standard error.
    """

    calibration: Calibration
    method: Method
    loss: dict[Method, float]
    behind: dict[Method, tuple[float, float]]


def choose(logits: np.ndarray, targets: np.ndarray, groups: np.ndarray) -> Choice:
    """Choose for ``logits[n]`` of pictures that belong to ``groups[n]``.

    Raises ``ValueError`` where nothing can be fitted, as ``fit`` does. With too
    few melanomas or groups to try, it is Platt's.
    """
    platt = fit(logits, targets)
    try:
        losses = {method: _out_of_part(method, logits, targets, groups) for method in METHODS}
    except ValueError:
        return Choice(platt, "Platt", {}, {})
    loss = {method: float(each.mean()) for method, each in losses.items()}
    best = min(METHODS, key=lambda method: loss[method])
    behind = {
        method: (float((each - losses[best]).mean()), _error(each - losses[best], groups))
        for method, each in losses.items()
    }
    method = next(one for one in METHODS if behind[one][0] <= behind[one][1])
    return Choice(fit(logits, targets, method), method, loss, behind)


def _out_of_part(
    method: Method, logits: np.ndarray, targets: np.ndarray, groups: np.ndarray
) -> np.ndarray:
    parts = StratifiedGroupKFold(PARTS, shuffle=True, random_state=0)
    losses = np.empty(len(logits))
    for others, own in parts.split(logits, targets, groups):
        fitted = fit(logits[others], targets[others], method)
        losses[own] = log_loss(fitted, logits[own], targets[own])
    return losses


def _error(differences: np.ndarray, groups: np.ndarray) -> float:
    """Return the standard error of the mean, whole groups being what was drawn."""
    _, number = np.unique(groups, return_inverse=True)
    centred = np.bincount(number, weights=differences - differences.mean())
    return float(np.sqrt((centred**2).sum()) / len(differences))
