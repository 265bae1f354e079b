"""Whether a probability means what it says: of those told 20 %, do 20 in 100 have a melanoma?"""

from dataclasses import asdict
from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit
from sklearn.isotonic import IsotonicRegression

from ml import calibration, metrics
from ml.metrics import Z95, Estimate

BINS = 10


def describe(targets: np.ndarray, logits: np.ndarray, groups: np.ndarray) -> dict[str, Any]:
    """Return how well ``sigmoid(logits)`` is calibrated; all three are ``[n]``.

    Slope and intercept have intervals that allow for groups of pictures alike.
    The slope is None where the logits part the classes altogether.
    """
    probabilities = expit(logits)
    return {
        "mean_probability": float(probabilities.mean()),
        "observed_share": float(targets.mean()),
        "slope": _as_dict(slope(targets, logits, groups)),
        "intercept": _as_dict(intercept(targets, logits, groups)),
        "adaptive_ece": adaptive_ece(targets, probabilities),
        "brier": metrics.brier(targets, probabilities),
        "brier_parts": brier_parts(targets, probabilities),
        "curve": curve(targets, probabilities),
    }


def slope(targets: np.ndarray, logits: np.ndarray, groups: np.ndarray) -> Estimate | None:
    """Return the calibration slope (Cox 1958): below 1, the probabilities are too extreme."""
    try:
        line = calibration.fit(logits, targets)
    except ValueError:
        return None
    design = np.stack([logits, np.ones_like(logits)], axis=1)
    spread = _spread(design, targets, line.probability(logits), groups)[0]
    return Estimate(line.slope, line.slope - Z95 * spread, line.slope + Z95 * spread)


def intercept(targets: np.ndarray, logits: np.ndarray, groups: np.ndarray) -> Estimate | None:
    """Return the calibration intercept with the slope held at 1.

    Calibration in the large (Van Calster et al. 2019): below 0, the
    probabilities are too high on the whole. None where a class is absent.
    """
    if not 0 < targets.mean() < 1:
        return None
    furthest = 40 + np.abs(logits).max()
    shift = brentq(lambda a: float((targets - expit(logits + a)).sum()), -furthest, furthest)
    spread = _spread(np.ones((len(logits), 1)), targets, expit(logits + shift), groups)[0]
    return Estimate(shift, shift - Z95 * spread, shift + Z95 * spread)


def adaptive_ece(targets: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the mean gap between probability and truth, over bins of equally many pictures.

    The adaptive calibration error of Nixon et al. (2019) for one class.
    """
    gaps = [
        len(rows) * abs(float(probabilities[rows].mean() - targets[rows].mean()))
        for rows in _bins(probabilities)
    ]
    return sum(gaps) / len(targets)


def brier_parts(targets: np.ndarray, probabilities: np.ndarray) -> dict[str, float]:
    """Return the three parts of the Brier score: miscalibration - discrimination + uncertainty.

    After Dimitriadis, Gneiting and Jordan (2021): the recalibrated probabilities
    are those of isotonic regression, so that no bins have to be chosen and the
    parts add up exactly.
    """
    share = targets.mean()
    best = IsotonicRegression(y_min=0, y_max=1).fit_transform(probabilities, targets)
    here, recalibrated = metrics.brier(targets, probabilities), metrics.brier(targets, best)
    uncertainty = float(share * (1 - share))
    return {
        "miscalibration": here - recalibrated,
        "discrimination": uncertainty - recalibrated,
        "uncertainty": uncertainty,
    }


def curve(targets: np.ndarray, probabilities: np.ndarray) -> list[dict[str, Any]]:
    """Return a point for each tenth of the pictures: mean probability and share, with Wilson's."""
    return [
        {
            "pictures": len(rows),
            "mean_probability": float(probabilities[rows].mean()),
            "observed_share": asdict(metrics.proportion(int(targets[rows].sum()), len(rows))),
        }
        for rows in _bins(probabilities)
    ]


def _bins(probabilities: np.ndarray) -> list[np.ndarray]:
    order = np.argsort(probabilities, kind="stable")
    return [rows for rows in np.array_split(order, BINS) if len(rows)]


def _spread(
    design: np.ndarray, targets: np.ndarray, fitted: np.ndarray, groups: np.ndarray
) -> np.ndarray:
    """Return the standard error of each coefficient of a logistic regression.

    The sandwich of Liang and Zeger (1986), for pictures that are alike within a group.
    """
    names, group = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    pulls = np.zeros((len(names), design.shape[1]))
    np.add.at(pulls, group, design * (targets - fitted)[:, None])
    bread = np.linalg.inv((design * (fitted * (1 - fitted))[:, None]).T @ design)
    few = len(names) / max(1, len(names) - 1)
    return np.sqrt(np.diag(few * bread @ (pulls.T @ pulls) @ bread))


def _as_dict(figure: Estimate | None) -> dict[str, float] | None:
    return asdict(figure) if figure else None
