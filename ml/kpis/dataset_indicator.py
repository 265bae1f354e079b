"""Whether age, sex and site tell of melanomas, or only of the data set a picture is from.

Where sources differ in their share of melanomas, whatever tells them apart helps
to guess, be it only that the age is missing. In a clinic, which is one source,
that is worth nothing. So the gain has to show among pictures of one source, and
beyond what the mere absence of values says.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from ml.data import folds
from ml.data.store import Store
from ml.kpis.discrimination import Ranking
from ml.kpis.resampling import Resamples, estimate, whole
from ml.metrics import Estimate
from ml.training import metadata

ENOUGH = 20  # melanomas, and others, for a source to count
ALL = np.arange(len(metadata.COLUMNS))
ONLY_MISSING = np.array([metadata.COLUMNS.index(name) for name in metadata.MISSING])

Statistic = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Pair:
    """The AUC of all metadata, of the missing-indicators alone, and by how much the former is more.

    All with 95 % intervals that draw patients or lesions.
    """

    full: Estimate
    missing: Estimate
    gain: Estimate

    @property
    def is_gain(self) -> bool:
        """Whether chance does not explain that the metadata tell something.

        More than their absence does, and more than nothing, since by chance their
        absence may do worse than nothing.
        """
        return self.gain.low > 0 and self.full.low > 0.5


@dataclass(frozen=True)
class OfSource:
    """How well metadata tell the melanomas of one source, learnt there and learnt elsewhere.

    ``known`` is the share of its pictures of whose person anything is known;
    ``elsewhere`` is None where the other sources have too little to learn from.
    """

    name: str
    pictures: int
    melanomas: int
    known: float
    within: Pair
    elsewhere: Pair | None


@dataclass(frozen=True)
class Finding:
    """``source`` is how well the sources are told apart, one against the rest on average.

    None with one source only. ``pooled`` compares melanomas with all others,
    ``inside``, with the same scores, only with those of their own source.
    ``too_few`` names the sources that cannot be judged.
    """

    source: Pair | None
    pooled: Pair
    inside: Pair
    sources: list[OfSource]
    too_few: list[str]

    @property
    def verdict(self) -> str:
        """One sentence: biology, a data-set indicator, or neither."""
        n = len(self.sources)
        within = [one.name for one in self.sources if one.within.is_gain]
        elsewhere = [one.name for one in self.sources if one.elsewhere and one.elsewhere.is_gain]
        if within:
            open_ = [one.name for one in self.sources if not one.within.is_gain]
            said = f"; within {', '.join(open_)} it may be chance" if open_ else ""
            return (
                f"{'biology, as far as can be said' if open_ else 'biology'}: the gain survives "
                f"within {len(within)} of the {n} sources that can be judged "
                f"({', '.join(within)}), and in {len(elsewhere)} when learnt from the other "
                f"sources{said}"
            )
        if self.pooled.full.low > 0.5:
            return (
                "a data-set indicator: metadata tell melanomas across the sources, and within "
                f"none of the {n} that can be judged more than their absence does"
            )
        return "neither: metadata do not tell melanomas, across sources or within them"


def measure(store: Store, test_fold: int = 0) -> Finding:
    """Measure a store's metadata by logistic regression, without its test fold.

    Raises ``StoreError`` where no folds are frozen, and ``ValueError`` where no
    source has 20 melanomas and 20 others of people of whom anything is known.
    """
    names = {source["key"]: source["name"] for source in store.settings["sources"]}
    rows = folds.of(store)
    rows = rows[rows["fold"] != test_fold].reset_index(drop=True)
    rows["source"] = rows["source"].map(names)
    if rows["fold"].nunique() < 2:
        raise ValueError("two folds are needed at least besides that of the test")
    found = {str(name): _of_source(str(name), some, rows) for name, some in rows.groupby("source")}
    judged = [one for one in found.values() if one is not None]
    if not judged:
        raise ValueError(f"no source has {ENOUGH} melanomas and others with metadata")
    targets, resamples = rows["target"].to_numpy(int), Resamples(rows["group"].to_numpy())
    scores = [_out_of_fold(rows, targets, columns)[:, -1] for columns in (ALL, ONLY_MISSING)]
    by_fold = rows["fold"].to_numpy()
    by_source = rows.groupby(["source", "fold"]).ngroup().to_numpy()
    return Finding(
        _sources(rows, resamples) if rows["source"].nunique() > 1 else None,
        _pair([_area(targets, one, by_fold) for one in scores], resamples, len(rows)),
        _pair([_area(targets, one, by_source) for one in scores], resamples, len(rows)),
        judged,
        [name for name, one in found.items() if one is None],
    )


def _sources(rows: pd.DataFrame, resamples: Resamples) -> Pair:
    numbers = np.unique(rows["source"], return_inverse=True)[1]
    by_fold = rows["fold"].to_numpy()
    areas = []
    for columns in (ALL, ONLY_MISSING):
        scores = _out_of_fold(rows, numbers, columns)
        areas.append(
            _mean(
                [
                    _area((numbers == i).astype(int), scores[:, i], by_fold)
                    for i in range(scores.shape[1])
                ]
            )
        )
    return _pair(areas, resamples, len(rows))


def _of_source(name: str, some: pd.DataFrame, rows: pd.DataFrame) -> OfSource | None:
    """Return the figures of one source, None where it has too little to say."""
    known = some[list(metadata.FIELDS)].notna().any(axis=1)
    targets = some["target"].to_numpy(int)
    if not _enough(targets[known.to_numpy()]):
        return None
    resamples, by_fold = Resamples(some["group"].to_numpy()), some["fold"].to_numpy()
    inside = [
        _area(targets, _out_of_fold(some, targets, columns)[:, -1], by_fold)
        for columns in (ALL, ONLY_MISSING)
    ]
    # Collections share people: nobody may be learnt from in one and judged in another.
    others = rows[(rows["source"] != name) & ~rows["group"].isin(some["group"])]
    elsewhere = None
    if _enough(others["target"].to_numpy(int)):
        alike = np.zeros(len(some), int)  # all judged by one model
        areas = [
            _area(targets, _learnt(others, others["target"], some, columns)[:, -1], alike)
            for columns in (ALL, ONLY_MISSING)
        ]
        elsewhere = _pair(areas, resamples, len(some))
    return OfSource(
        name,
        len(some),
        int(targets.sum()),
        float(known.mean()),
        _pair(inside, resamples, len(some)),
        elsewhere,
    )


def _enough(targets: np.ndarray) -> bool:
    return min(int(targets.sum()), int((1 - targets).sum())) >= ENOUGH


def _out_of_fold(rows: pd.DataFrame, labels: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return scores ``float[n, classes]`` of each fold by a model of all others."""
    scores = np.zeros((len(rows), labels.max() + 1))
    for fold in rows["fold"].unique():
        held_out = (rows["fold"] == fold).to_numpy()
        scores[held_out] = _learnt(rows[~held_out], labels[~held_out], rows[held_out], columns)
    return scores


def _learnt(
    rows: pd.DataFrame, labels: np.ndarray, judged: pd.DataFrame, columns: np.ndarray
) -> np.ndarray:
    """Return the probability of each class for ``judged``, learnt from ``rows``."""
    encoding = metadata.fit(rows)
    model = LogisticRegression(max_iter=300)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(encoding.of(rows)[:, columns].astype(np.float64), labels)
    return model.predict_proba(encoding.of(judged)[:, columns].astype(np.float64))


def _area(targets: np.ndarray, scores: np.ndarray, stratum: np.ndarray) -> Statistic:
    """Return the AUC over pairs of one stratum, as a function of ``weights[b, n]``.

    Scores of two folds come from two models, whose intercepts differ by chance
    against the share of melanomas held out: pooled, scores that say nothing would
    come out below one half.
    """
    strata = [np.flatnonzero(stratum == one) for one in np.unique(stratum)]
    rankings = [Ranking(targets[rows], scores[rows]) for rows in strata]

    def area(weights: np.ndarray) -> np.ndarray:
        total, pairs = np.zeros(len(weights)), np.zeros(len(weights))
        for rows, ranking in zip(strata, rankings, strict=True):
            some, truth = weights[:, rows], targets[rows]
            count = (some * truth).sum(axis=1) * (some * (1 - truth)).sum(axis=1)
            total += np.where(count > 0, ranking.auc(some), 0) * count
            pairs += count
        return total / pairs

    return area


def _mean(areas: list[Statistic]) -> Statistic:
    return lambda weights: np.mean([area(weights) for area in areas], axis=0)


def _pair(areas: list[Statistic], resamples: Resamples, n: int) -> Pair:
    full, missing = (float(whole(area, n)) for area in areas)
    drawn = [resamples.of(area) for area in areas]
    return Pair(
        estimate(full, drawn[0]),
        estimate(missing, drawn[1]),
        estimate(full - missing, drawn[0] - drawn[1]),
    )
