"""The cluster bootstrap: what the figures would be, had other patients come.

Pictures of one patient or one lesion are alike. So patients (or lesions) are
drawn with replacement, each with all of its pictures (Field and Welsh 2007),
which in practice is one weight per picture and no copying.
"""

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

import numpy as np

from ml.metrics import Estimate

RESAMPLES = 2000
SEED = 0
# Enough of them at once to be fast, few enough to stay in the processor's cache.
AT_ONCE = 50


class Resamples:
    """The same ``number`` of resamples of some pictures, each time one asks."""

    def __init__(self, groups: np.ndarray, number: int = RESAMPLES, seed: int = SEED) -> None:
        """Take ``groups[n]``, the name of each picture's patient or lesion."""
        names, self._group = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
        self.groups, self.number, self._seed = len(names), number, seed

    def weights(self) -> Iterator[np.ndarray]:
        """Yield how often each picture was drawn, ``float[some, n]``."""
        for start in range(0, self.number, AT_ONCE):
            yield self._times[start : start + AT_ONCE, self._group].astype(np.float64)

    @cached_property
    def _times(self) -> np.ndarray:
        """How often each group was drawn, ``uint16[number, groups]``."""
        chance = np.random.default_rng(self._seed)
        times = np.empty((self.number, self.groups), np.uint16)
        for one in times:
            drawn = chance.integers(0, self.groups, self.groups)
            one[:] = np.bincount(drawn, minlength=self.groups)
        return times

    def of(self, statistic: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """Return ``statistic(weights[some, n])`` of all resamples, one after the other."""
        with np.errstate(divide="ignore", invalid="ignore"):  # a class may not have been drawn
            return np.concatenate([statistic(weights) for weights in self.weights()])


def whole(statistic: Callable[[np.ndarray], np.ndarray], n: int) -> Any:
    """Return a statistic of weights where each of ``n`` pictures counts once."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return statistic(np.ones((1, n)))[0]


def estimate(value: float, resampled: np.ndarray) -> Estimate:
    """Return a figure with the 2.5th and 97.5th percentile of ``resampled[number]``.

    Resamples in which it is undefined are passed over.
    """
    defined = resampled[np.isfinite(resampled)]
    if not np.isfinite(value) or not len(defined):
        return Estimate(float(value), float("nan"), float("nan"))
    low, high = np.quantile(defined, [0.025, 0.975])
    return Estimate(float(value), float(low), float(high))
