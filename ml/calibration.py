"""From a logit to a probability that means what it says.

Three ways, each a case of the next: one temperature (Guo et al. 2017), a straight
line (Platt 1999), and beta calibration (Kull et al. 2017), which bends the line.
All are fitted by maximum likelihood on pictures that the network has not learnt
from. NumPy only.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

Method = Literal["temperature", "Platt", "beta"]
METHODS: tuple[Method, ...] = ("temperature", "Platt", "beta")


@dataclass(frozen=True)
class Calibration:
    """``probability = sigmoid(slope * logit + bend * turn(logit) + intercept)``.

    ``turn`` is a smooth ``abs``. Kull's a and b are ``slope - bend`` and
    ``slope + bend``, so the order of pictures stays where ``abs(bend) <= slope``.
    """

    slope: float
    intercept: float
    bend: float = 0.0

    def logit(self, logits: np.ndarray) -> np.ndarray:
        """Return the calibrated logit of each logit."""
        logits = np.asarray(logits, dtype=np.float64)
        return self.slope * logits + self.bend * turn(logits) + self.intercept

    def probability(self, logits: np.ndarray) -> np.ndarray:
        """Return the calibrated probability of each logit."""
        return 0.5 * (1 + np.tanh(self.logit(logits) / 2))


def turn(logits: np.ndarray) -> np.ndarray:
    """Return ``-ln p - ln(1 - p)`` for the probability ``p`` of each logit."""
    return np.logaddexp(0, logits) + np.logaddexp(0, -logits)


def fit(logits: np.ndarray, targets: np.ndarray, method: Method = "Platt") -> Calibration:
    """Fit by Newton's method; beta falls back to Platt where it would change the order.

    Raises ``ValueError`` where nothing is best: one class is absent, or the
    logits part the classes altogether.
    """
    logits, targets = np.asarray(logits, np.float64), np.asarray(targets, np.float64)
    if targets.min() == targets.max():
        raise ValueError("calibration needs melanomas and others")
    if logits.std() == 0:
        raise ValueError("the logits are all the same")
    melanomas, rest = logits[targets == 1], logits[targets == 0]
    if melanomas.min() >= rest.max() or rest.min() >= melanomas.max():
        raise ValueError("the logits part the classes altogether")
    if method == "temperature":
        (slope,) = _maximum_likelihood((logits / logits.std())[:, None], targets)
        return Calibration(float(slope / logits.std()), 0.0)
    columns = [logits] if method == "Platt" else [logits, turn(logits)]
    centre, spread = np.mean(columns, axis=1), np.std(columns, axis=1)
    # Logits that all lie far off to one side make Newton's method diverge: they are moved.
    design = np.column_stack([*((np.stack(columns, 1) - centre) / spread).T, np.ones(len(logits))])
    *slopes, intercept = _maximum_likelihood(design, targets)
    slopes = np.array(slopes) / spread
    found = Calibration(
        float(slopes[0]),
        float(intercept - slopes @ centre),
        *(float(bend) for bend in slopes[1:]),
    )
    if abs(found.bend) > abs(found.slope):
        return fit(logits, targets)
    return found


def log_loss(calibration: Calibration, logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return the negative log likelihood of each target, in nats."""
    signs = np.where(np.asarray(targets) == 1, -1, 1)
    return np.logaddexp(0, signs * calibration.logit(logits))


def _maximum_likelihood(design: np.ndarray, targets: np.ndarray, steps: int = 50) -> np.ndarray:
    """Return the weights of a logistic regression on ``design[n, k]``, its last column the ones."""
    weights = np.zeros(design.shape[1])
    if design.shape[1] > 1:
        share = targets.mean()
        weights[-1] = np.log(share / (1 - share))

    def loss(weights: np.ndarray) -> float:
        evidence = design @ weights
        return float((np.logaddexp(0, evidence) - targets * evidence).sum())

    for _ in range(steps):
        probability = 0.5 * (1 + np.tanh(design @ weights / 2))
        gradient = design.T @ (targets - probability)
        hessian = (design * (probability * (1 - probability))[:, None]).T @ design
        move = np.linalg.solve(hessian, gradient)
        # Steps that do not improve the fit are the other cause of divergence: they are halved.
        while np.abs(move).max() >= 1e-9 and loss(weights + move) > loss(weights):
            move = move / 2
        weights = weights + move
        if np.abs(move).max() < 1e-9:
            return weights
    raise ValueError("the calibration did not converge")
