"""DeLong's paired test against the same sums written out, and runs that are equal."""

import numpy as np
import pytest
from scipy.stats import norm

from ml import metrics
from ml.kpis import comparison
from ml.kpis.resampling import Resamples
from tests.ml.kpis.made_up import rows, scored


def written_out(targets, a, b) -> tuple[float, float]:
    """Difference and p, by the matrix of all pairs and its covariances (DeLong et al. 1988)."""
    parts = []
    for scores in (a, b):
        positive, negative = scores[targets == 1], scores[targets == 0]
        above = np.sign(positive[:, None] - negative[None, :]) / 2 + 0.5
        parts.append((above.mean(axis=1), above.mean(axis=0), above.mean()))
    (melanomas_a, others_a, auc_a), (melanomas_b, others_b, auc_b) = parts
    of_melanomas, of_others = np.cov(melanomas_a, melanomas_b), np.cov(others_a, others_b)
    covariance = of_melanomas / len(melanomas_a) + of_others / len(others_a)
    contrast = np.array([1, -1])
    z = (auc_a - auc_b) / np.sqrt(contrast @ covariance @ contrast)
    return auc_a - auc_b, 2 * norm.cdf(-abs(z))


@pytest.mark.parametrize("decimals", [0, 8])
@pytest.mark.parametrize("seed", range(3))
def test_delong_is_the_sum_over_all_pairs(seed, decimals):
    targets, ours = scored(seed, n=200)
    theirs = ours + np.random.default_rng(seed).normal(0, 1, 200)
    ours, theirs = ours.round(decimals), theirs.round(decimals)
    difference, p = comparison.paired_delong(targets, ours, theirs)
    expected, expected_p = written_out(targets, ours, theirs)
    assert difference.value == pytest.approx(expected)
    assert p == pytest.approx(expected_p)
    assert difference.low < difference.value < difference.high


def test_equal_runs_cannot_be_told_apart():
    targets, scores = scored(0)
    difference, p = comparison.paired_delong(targets, scores, scores * 2 + 1)
    assert p == 1
    assert difference == metrics.Estimate(0, 0, 0)


def test_equally_good_runs_differ_by_chance_one_time_in_twenty():
    chance, found = np.random.default_rng(0), 0
    for seed in range(300):
        targets, skill = scored(seed, n=200)
        ours, theirs = (skill + chance.normal(0, 1, 200) for _ in range(2))
        found += comparison.paired_delong(targets, ours, theirs)[1] < 0.05
    assert 0.02 < found / 300 < 0.09


def test_only_pictures_in_both_are_compared():
    some = rows()
    both = comparison.common(some, some.iloc[100:400].sample(frac=1, random_state=0))
    assert len(both) == 300
    assert (both["logit"] == both["other"]).all()
    figures = comparison.describe(both, Resamples(both["group"].to_numpy(), 200))
    assert figures["difference"] == {"value": 0, "low": 0, "high": 0}
    assert figures["p_delong"] == 1


def test_a_better_run_is_found():
    some = rows()
    worse = some.assign(logit=some["logit"] + np.random.default_rng(0).normal(0, 4, len(some)))
    both = comparison.common(some, worse)
    figures = comparison.describe(both, Resamples(both["group"].to_numpy(), 200))
    assert figures["difference"]["low"] > 0
    assert figures["p_delong"] < 0.001
    assert figures["auc"] - figures["auc_other"] == pytest.approx(figures["difference"]["value"])


def test_runs_that_do_not_agree_are_refused():
    some = rows()
    with pytest.raises(ValueError, match="do not agree"):
        comparison.common(some, some.assign(target=1 - some["target"]))
    with pytest.raises(ValueError, match="in common"):
        comparison.common(some, some.assign(image="x" + some["image"]))
