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
    # On logits of mean 0 and deviation 1, from the share of melanomas on, Newton's
    # steps converge; on logits that all lie far off to one side they may not.
    centre, spread = logits.mean(), logits.std()
    if spread == 0:
        raise ValueError("the logits are all the same")
    design = np.stack([(logits - centre) / spread, np.ones_like(logits)], axis=1)
    share = targets.mean()
    line = np.array([0.0, np.log(share / (1 - share))])
    for _ in range(steps):
        probability = 0.5 * (1 + np.tanh(design @ line / 2))
        gradient = design.T @ (targets - probability)
        hessian = (design * (probability * (1 - probability))[:, None]).T @ design
        try:
            move = np.linalg.solve(hessian, gradient)
        except np.linalg.LinAlgError as error:
            raise ValueError("the logits part the classes altogether") from error
        line += move
        if np.abs(move).max() < 1e-9:
            slope = line[0] / spread
            return Calibration(float(slope), float(line[1] - slope * centre))
    raise ValueError("the calibration did not converge")
