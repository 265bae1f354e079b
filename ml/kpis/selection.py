"""Which of several runs to take: the cheapest that chance cannot tell from the best.

The winners' validation and their final scores hardly agreed, so to take the
highest third decimal is to take chance. Here the best mean AUC over the sources
gives the bar, less its standard error (the one-standard-error rule, Breiman et
al. 1984); of all runs above it the one with the least work per picture is taken.
The fold that is kept for the final figures has no say.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ml import runs
from ml.kpis import cost, out_of_fold
from ml.kpis.comparison import common
from ml.kpis.discrimination import Ranking
from ml.kpis.resampling import Resamples, estimate, whole
from ml.metrics import Estimate

ENOUGH = 20  # melanomas, and others, for a source to count


@dataclass(frozen=True)
class Candidate:
    """One run: its mean AUC over the sources, the work it costs, and how it stands to the best.

    ``behind`` is the best one's AUC less its own, with a paired interval, and
    ``p`` the share of resamples, both sides, that tell them apart no better
    than chance does.
    """

    run: Path
    auc: Estimate
    standard_error: float
    gmac: float
    parameters: int
    behind: Estimate
    p: float


@dataclass(frozen=True)
class Selection:
    """The candidates, the best first; the one that is taken; and on what it was decided."""

    candidates: list[Candidate]
    taken: Candidate
    pictures: int
    sources: list[str]


def select(folders: Sequence[Path]) -> Selection:
    """Compare finished runs on the same held-out pictures and take one.

    Raises ``ValueError`` where there is nothing to choose from, or where the runs
    were split in other ways; ``OSError`` where one is not finished.
    """
    if len(folders) < 2:
        raise ValueError("name two runs at least")
    facts = [runs.read_facts(folder) for folder in folders]
    if len({one["folds"]["sha256"] for one in facts}) > 1:
        raise ValueError("the runs have other folds: what one has learnt another may be judged by")
    rows, logits = _common_rows(folders, {one["folds"]["test"] for one in facts})
    sources = _sources(rows)
    rows_of = [np.flatnonzero(rows["source"] == source) for source in sources]
    targets = rows["target"].to_numpy()
    resamples = Resamples(rows["group"].to_numpy())
    statistics = [_mean_auc(targets, scores, rows_of) for scores in logits]
    values = [float(whole(statistic, len(rows))) for statistic in statistics]
    drawn = [resamples.of(statistic) for statistic in statistics]
    best = int(np.argmax(values))
    candidates = []
    for i, folder in enumerate(folders):
        behind = drawn[best] - drawn[i]
        costs = cost.describe(facts[i], None, None)
        candidates.append(
            Candidate(
                folder,
                estimate(values[i], drawn[i]),
                float(np.nanstd(drawn[i], ddof=1)),
                costs["gmac_per_view"],
                costs["parameters"],
                estimate(values[best] - values[i], behind),
                min(1.0, 2 * float(min(np.mean(behind <= 0), np.mean(behind >= 0)))),
            )
        )
    bar = values[best] - candidates[best].standard_error
    near = [one for one in candidates if one.auc.value >= bar]
    taken = min(near, key=lambda one: (one.gmac, one.parameters, -one.auc.value))
    candidates.sort(key=lambda one: -one.auc.value)
    return Selection(candidates, taken, len(rows), sources)


def _common_rows(folders: Sequence[Path], tests: set[int]) -> tuple[pd.DataFrame, list[np.ndarray]]:
    """Return the pictures all runs have scored, but for the test fold, and each run's logits."""
    first, *others = [out_of_fold.read(folder) for folder in folders]
    rows = first[~first["fold"].isin(tests)]
    names = ["logit"]
    for number, other in enumerate(others, start=1):
        names.append(f"logit_{number}")
        rows = common(rows, other).rename(columns={"other": names[-1]})
    return rows, [rows[name].to_numpy() for name in names]


def _sources(rows: pd.DataFrame) -> list[str]:
    melanomas = rows.groupby("source")["target"].agg(["sum", "size"])
    enough = (melanomas["sum"] >= ENOUGH) & (melanomas["size"] - melanomas["sum"] >= ENOUGH)
    if not enough.any():
        raise ValueError(f"no source has {ENOUGH} melanomas and others: too few to choose by")
    return sorted(melanomas.index[enough])


def _mean_auc(
    targets: np.ndarray, scores: np.ndarray, rows_of: Sequence[np.ndarray]
) -> Callable[[np.ndarray], np.ndarray]:
    rankings = [Ranking(targets[rows], scores[rows]) for rows in rows_of]

    def mean(weights: np.ndarray) -> np.ndarray:
        areas = [
            ranking.auc(weights[:, rows]) for ranking, rows in zip(rankings, rows_of, strict=True)
        ]
        return np.mean(areas, axis=0)

    return mean
