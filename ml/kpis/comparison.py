"""Two runs on the same pictures: is one better, or is that chance?"""

from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm, rankdata

from ml.kpis.discrimination import Ranking
from ml.kpis.resampling import Resamples, estimate, whole
from ml.metrics import Z95, Estimate


def common(rows: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the pictures that both have scored, with ``other``, the second logit.

    Raises ``ValueError`` where there are none, or where the two do not agree on
    what a picture shows.
    """
    second = others[["source", "image", "target", "logit"]]
    joined = rows.merge(
        second, on=["source", "image"], suffixes=("", "_other"), validate="one_to_one"
    )
    if joined.empty:
        raise ValueError("the two runs have not scored one picture in common")
    if (joined["target"] != joined["target_other"]).any():
        raise ValueError("the two runs do not agree on which pictures show a melanoma")
    return joined.rename(columns={"logit_other": "other"}).drop(columns="target_other")


def describe(both: pd.DataFrame, resamples: Resamples) -> dict[str, Any]:
    """Return both AUCs and their difference; ``both`` as from ``common``, with both classes."""
    targets = both["target"].to_numpy()
    ours, theirs = both["logit"].to_numpy(), both["other"].to_numpy()
    first, second = Ranking(targets, ours), Ranking(targets, theirs)

    def difference(weights: np.ndarray) -> np.ndarray:
        return first.auc(weights) - second.auc(weights)

    delong, p = paired_delong(targets, ours, theirs)
    return {
        "pictures": len(both),
        "auc": float(whole(first.auc, len(both))),
        "auc_other": float(whole(second.auc, len(both))),
        "difference": asdict(estimate(delong.value, resamples.of(difference))),
        "difference_delong": asdict(delong),
        "p_delong": p,
    }


def paired_delong(targets: np.ndarray, a: np.ndarray, b: np.ndarray) -> tuple[Estimate, float]:
    """Return the difference of two AUCs on the same ``[n]`` pictures, and its two-sided p.

    DeLong, DeLong and Clarke-Pearson (1988): counts every picture on its own.
    """
    above_a, below_a = placements(targets, a)
    above_b, below_b = placements(targets, b)
    above, below = above_a - above_b, below_a - below_b
    difference = float(above.mean())
    variance = above.var(ddof=1) / len(above) + below.var(ddof=1) / len(below)
    if not variance > 0:  # they rank alike
        return Estimate(difference, difference, difference), float(difference == 0)
    spread = float(np.sqrt(variance))
    p = 2 * float(norm.sf(abs(difference) / spread))
    return Estimate(difference, difference - Z95 * spread, difference + Z95 * spread), p


def placements(targets: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return for each melanoma the share of the others below it, and the reverse.

    By mid-ranks, as Sun and Xu (2014).
    """
    positive, negative = scores[targets == 1], scores[targets == 0]
    ranks = rankdata(np.concatenate([positive, negative]))
    m, n = len(positive), len(negative)
    above = (ranks[:m] - rankdata(positive)) / n
    below = 1 - (ranks[m:] - rankdata(negative)) / m
    return above, below
