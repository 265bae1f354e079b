"""From a logit to a probability that means what it says.

Platt's method (1999): a straight line through the logits, fitted by maximum
likelihood on pictures that the network has not learnt from. NumPy only.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Calibration:
    """``probability = sigmoid(slope * logit + intercept)``."""

    slope: float
    intercept: float

    def probability(self, logits: np.ndarray) -> np.ndarray:
        """Return the calibrated probability of each logit."""
        line = self.slope * np.asarray(logits, dtype=np.float64) + self.intercept
        return 0.5 * (1 + np.tanh(line / 2))


def fit(logits: np.ndarray, targets: np.ndarray, steps: int = 50) -> Calibration:
    """Fit slope and intercept by Newton's method.

    Raises ``ValueError`` where no line is best: one class is absent, or the
    logits part the classes altogether.
    """
    logits, targets = np.asarray(logits, np.float64), np.asarray(targets, np.float64)
    if targets.min() == targets.max():
        raise ValueError("calibration needs melanomas and others")
    # Logits that all lie far off to one side, and steps that do not improve the fit,
    # are what makes Newton's method diverge: the former are moved, the latter halved.
    centre, spread = logits.mean(), logits.std()
    if spread == 0:
        raise ValueError("the logits are all the same")
    melanomas, rest = logits[targets == 1], logits[targets == 0]
    if melanomas.min() >= rest.max() or rest.min() >= melanomas.max():
        raise ValueError("the logits part the classes altogether")
    design = np.stack([(logits - centre) / spread, np.ones_like(logits)], axis=1)
    share = targets.mean()
    line = np.array([0.0, np.log(share / (1 - share))])

    def loss(line: np.ndarray) -> float:
        evidence = design @ line
        return float((np.logaddexp(0, evidence) - targets * evidence).sum())

    for _ in range(steps):
        probability = 0.5 * (1 + np.tanh(design @ line / 2))
        gradient = design.T @ (targets - probability)
        hessian = (design * (probability * (1 - probability))[:, None]).T @ design
        move = np.linalg.solve(hessian, gradient)
        while np.abs(move).max() >= 1e-9 and loss(line + move) > loss(line):
            move = move / 2
        line += move
        if np.abs(move).max() < 1e-9:
            slope = line[0] / spread
            return Calibration(float(slope), float(line[1] - slope * centre))
    raise ValueError("the calibration did not converge")
