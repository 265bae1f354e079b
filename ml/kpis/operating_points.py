"""What happens to people at a threshold, here and where melanomas are rarer or more common."""

from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from ml import metrics
from ml.kpis.cross_fitting import POINTS, OperatingPoint
from ml.kpis.resampling import Resamples, estimate
from ml.metrics import Estimate

# Shares of melanomas among the spots that are looked at.
PREVALENCES = {
    "SIIM-ISIC 2020": 0.0176,
    "a referral clinic": 0.10,
    "a screening of anyone": 0.001,
}


def describe(rows: pd.DataFrame, resamples: Resamples) -> dict[str, Any]:
    """Return what is known of each operating point; ``rows`` as ``cross_fitting.judge``."""
    return {point.key: _describe(point, rows, resamples) for point in POINTS}


def rates(targets: np.ndarray, called: np.ndarray, resamples: Resamples) -> dict[str, Estimate]:
    """Return sensitivity and specificity with intervals of the cluster bootstrap."""
    return _rates(targets, called, _resampled_rates(targets, called, resamples))


def positive_predictive_value(sensitivity: Any, specificity: Any, prevalence: float) -> Any:
    """Return the share of melanomas among those called, by Bayes' theorem."""
    hits = sensitivity * prevalence
    return hits / (hits + (1 - specificity) * (1 - prevalence))


def negative_predictive_value(sensitivity: Any, specificity: Any, prevalence: float) -> Any:
    """Return the share of others among those not called, by Bayes' theorem."""
    cleared = specificity * (1 - prevalence)
    return cleared / (cleared + (1 - sensitivity) * prevalence)


def _describe(point: OperatingPoint, rows: pd.DataFrame, resamples: Resamples) -> dict[str, Any]:
    targets, called = rows["target"].to_numpy(), rows[point.key].to_numpy()
    drawn = _resampled_rates(targets, called, resamples)
    found = _rates(targets, called, drawn)
    sensitivity, specificity = found["sensitivity"].value, found["specificity"].value
    melanoma = targets == 1
    counts = {
        "true_positives": int((called & melanoma).sum()),
        "false_negatives": int((~called & melanoma).sum()),
        "false_positives": int((called & ~melanoma).sum()),
        "true_negatives": int((~called & ~melanoma).sum()),
    }
    hits, wrong = counts["true_positives"], counts["false_positives"] + counts["false_negatives"]
    return {
        **{name: asdict(one) for name, one in found.items()},
        "sensitivity_wilson": asdict(metrics.sensitivity(targets, called)),
        "specificity_wilson": asdict(metrics.specificity(targets, called)),
        **counts,
        "balanced_accuracy": (sensitivity + specificity) / 2,
        "f1": 2 * hits / (2 * hits + wrong) if hits + wrong else None,
        "positive_likelihood_ratio": _ratio(sensitivity, 1 - specificity),
        "negative_likelihood_ratio": _ratio(1 - sensitivity, specificity),
        "at_prevalence": {
            name: _at_prevalence(share, sensitivity, specificity, drawn)
            for name, share in PREVALENCES.items()
        },
    }


def _rates(
    targets: np.ndarray, called: np.ndarray, drawn: dict[str, np.ndarray]
) -> dict[str, Estimate]:
    """Return both rates; one of 0 or 1 is the same in every resample.

    There Wilson's interval stands in, which counts every picture on its own.
    """
    alone = {
        "sensitivity": metrics.sensitivity(targets, called),
        "specificity": metrics.specificity(targets, called),
    }
    return {
        name: estimate(one.value, drawn[name]) if 0 < one.value < 1 else one
        for name, one in alone.items()
    }


def _at_prevalence(
    prevalence: float, sensitivity: float, specificity: float, drawn: dict[str, np.ndarray]
) -> dict[str, Any]:
    """Return predictive values, number needed to biopsy, and counts in a thousand."""
    many = drawn["sensitivity"], drawn["specificity"]
    with np.errstate(divide="ignore", invalid="ignore"):
        one = np.float64(sensitivity), np.float64(specificity)
        ppv, npv = (
            estimate(float(share(*one, prevalence)), share(*many, prevalence))
            for share in (positive_predictive_value, negative_predictive_value)
        )
    found = 1000 * prevalence * sensitivity
    alarms = 1000 * (1 - prevalence) * (1 - specificity)
    return {
        "prevalence": prevalence,
        "ppv": asdict(ppv),
        "npv": asdict(npv),
        # The more of those called are melanomas, the fewer need a biopsy: the ends change places.
        "number_needed_to_biopsy": asdict(
            Estimate(_ratio(1, ppv.value), _ratio(1, ppv.high), _ratio(1, ppv.low))
        ),
        "per_1000": {
            "called": found + alarms,
            "melanomas_found": found,
            "melanomas_missed": 1000 * prevalence - found,
            "false_alarms": alarms,
            "biopsies_avoided": 1000 - found - alarms,
        },
    }


def _resampled_rates(
    targets: np.ndarray, called: np.ndarray, resamples: Resamples
) -> dict[str, np.ndarray]:
    melanoma = targets == 1
    parts = np.stack([melanoma, melanoma & called, ~melanoma, ~melanoma & ~called], axis=1)
    melanomas, found, others, cleared = resamples.of(lambda w: w @ parts.astype(float)).T
    with np.errstate(divide="ignore", invalid="ignore"):
        return {"sensitivity": found / melanomas, "specificity": cleared / others}


def _ratio(a: float, b: float) -> float:
    return a / b if b else float("nan")
