"""Calibration and thresholds for each fold, set on the other folds only.

So every picture is judged by a line and a limit that it had no part in setting,
and all of them can be counted (Stone 1974, "cross-validatory choice").
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ml import calibration_choice, thresholds
from ml.calibration_choice import Choice


@dataclass(frozen=True)
class OperatingPoint:
    """What a threshold is set for: at least this ``share`` as ``aim``."""

    aim: str
    share: float

    @property
    def key(self) -> str:
        """Its name in a file, such as ``sensitivity_95``."""
        return f"{self.aim}_{self.share * 100:.0f}"

    def __str__(self) -> str:
        return f"{self.share * 100:.0f} % {self.aim}"

    def threshold(self, targets: np.ndarray, scores: np.ndarray) -> float:
        """Return the score from which a picture is called a melanoma."""
        find = {"sensitivity": thresholds.at_sensitivity, "specificity": thresholds.at_specificity}
        return find[self.aim](targets, scores, self.share)


POINTS = (
    OperatingPoint("sensitivity", 0.90),
    OperatingPoint("sensitivity", 0.95),
    OperatingPoint("sensitivity", 0.98),
    OperatingPoint("specificity", 0.90),
    OperatingPoint("specificity", 0.95),
)
# The one that subgroups and failures are shown at.
MAIN_POINT = POINTS[1]


@dataclass(frozen=True)
class Fitted:
    """What the other folds have set for one: a calibration, and a probability for each point."""

    choice: Choice
    thresholds: Mapping[str, float]


def fit(rows: pd.DataFrame) -> dict[int, Fitted]:
    """Return for each fold what was set on all the others.

    Raises ``ValueError`` where the others cannot set it: one class is absent
    there, or parted from the other altogether.
    """
    fitted = {}
    for fold in sorted(rows["fold"].unique()):
        others = rows[rows["fold"] != fold]
        targets, logits = others["target"].to_numpy(), others["logit"].to_numpy()
        try:
            choice = calibration_choice.choose(logits, targets, others["group"].to_numpy())
        except ValueError as error:
            raise ValueError(f"nothing can be set for fold {fold} on the others: {error}") from None
        scores = choice.calibration.probability(logits)
        limits = {point.key: point.threshold(targets, scores) for point in POINTS}
        fitted[int(fold)] = Fitted(choice, limits)
    return fitted


def judge(rows: pd.DataFrame, fitted: Mapping[int, Fitted]) -> pd.DataFrame:
    """Return the rows with what was set for their folds applied to them.

    ``calibrated`` is the calibrated logit, ``probability`` the same as 0 to 1,
    and a boolean column for each operating point says who is called a melanoma.
    """
    judged = rows.assign(**dict.fromkeys((point.key for point in POINTS), False))
    for fold, one in fitted.items():
        own = rows["fold"] == fold
        logits = rows.loc[own, "logit"].to_numpy()
        probability = one.choice.calibration.probability(logits)
        judged.loc[own, "calibrated"] = one.choice.calibration.logit(logits)
        judged.loc[own, "probability"] = probability
        for point in POINTS:
            judged.loc[own, point.key] = probability >= one.thresholds[point.key]
    return judged
