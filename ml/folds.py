"""The split into folds: no lesion and no patient is ever in two of them."""

import hashlib
from collections.abc import Sequence

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from ml.sources import Sample

# Two folds never train: one is looked at once, for the figures in the model
# card; on the other one the probability is calibrated and the thresholds set.
TEST = 0
CALIBRATION = 1


def assign(samples: Sequence[Sample], n_folds: int, seed: int) -> np.ndarray:
    """Return the fold of each sample, ``int[len(samples)]`` from 0.

    Each fold holds about the same share of each source and of its melanomas.
    Raises ``ValueError`` where there are too few groups for so many folds.
    """
    if n_folds < 3:
        raise ValueError("three folds are needed at least: test, calibration and training")
    strata = [f"{sample.source}:{sample.target}" for sample in samples]
    groups = [sample.group for sample in samples]
    splitter = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    folds = np.full(len(samples), -1)
    for fold, (_, held_out) in enumerate(splitter.split(strata, strata, groups)):
        folds[held_out] = fold
    return folds


def fingerprint(samples: Sequence[Sample], folds: np.ndarray) -> str:
    """Return a SHA-256 of who is in which fold, whatever the order."""
    lines = sorted(
        f"{sample.source},{sample.image},{fold}\n"
        for sample, fold in zip(samples, folds, strict=True)
    )
    return hashlib.sha256("".join(lines).encode()).hexdigest()
