"""Where one outcome ends and the next begins, set on the calibration fold."""

import numpy as np

from ml.bundle import Thresholds

# A false "lower concern" is the harm this model can do, so the first threshold
# leaves 5 in 100 melanomas below it, and everything near it is "not sure".
NOT_SURE_SENSITIVITY = 0.95
HIGHER_SENSITIVITY = 0.85
HIGH_SPECIFICITY = 0.95


def choose(targets: np.ndarray, probabilities: np.ndarray) -> Thresholds:
    """Return the thresholds that reach the sensitivities and the specificity above.

    ``targets`` and ``probabilities`` are ``[n]``. Rising order is forced where
    the classes hardly differ.
    """
    not_sure = at_sensitivity(targets, probabilities, NOT_SURE_SENSITIVITY)
    higher = at_sensitivity(targets, probabilities, HIGHER_SENSITIVITY)
    high = at_specificity(targets, probabilities, HIGH_SPECIFICITY)
    return Thresholds(not_sure, max(not_sure, higher), max(not_sure, higher, high))


def at_sensitivity(targets: np.ndarray, probabilities: np.ndarray, wanted: float) -> float:
    """Return the highest threshold that calls at least this share of the melanomas."""
    melanomas = np.sort(probabilities[targets == 1])[::-1]
    return float(melanomas[int(np.ceil(wanted * len(melanomas))) - 1])


def at_specificity(targets: np.ndarray, probabilities: np.ndarray, wanted: float) -> float:
    """Return the lowest threshold that leaves at least this share of the rest uncalled."""
    rest = np.sort(probabilities[targets == 0])
    highest_uncalled = rest[int(np.ceil(wanted * len(rest))) - 1]
    return float(np.nextafter(highest_uncalled, 1.0))
