"""AUC, its interval, Wilson's interval and the Brier score."""

import math

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from ml import metrics


def scored(seed: int, n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Return targets and scores that are right more often than not."""
    chance = np.random.default_rng(seed)
    targets = (chance.random(n) < 0.2).astype(int)
    return targets, chance.normal(targets * 1.0)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("decimals", [0, 1, 8])
def test_auc_is_that_of_sklearn_with_and_without_ties(seed, decimals):
    targets, scores = scored(seed)
    scores = scores.round(decimals)
    assert metrics.auc(targets, scores).value == pytest.approx(roc_auc_score(targets, scores))


def test_the_interval_is_about_that_of_a_bootstrap():
    targets, scores = scored(3)
    chance = np.random.default_rng(0)
    again = []
    for _ in range(500):
        rows = chance.integers(0, len(targets), len(targets))
        again.append(metrics.auc(targets[rows], scores[rows]).value)
    low, high = np.quantile(again, [0.025, 0.975])
    estimate = metrics.auc(targets, scores)
    assert estimate.low == pytest.approx(low, abs=0.015)
    assert estimate.high == pytest.approx(high, abs=0.015)
    assert estimate.low < estimate.value < estimate.high


def test_the_interval_holds_the_truth_about_19_times_in_20():
    truth = 0.5 * (1 + math.erf(0.5))  # normal scores one deviation apart
    estimates = [metrics.auc(*scored(seed, 200)) for seed in range(300)]
    held = np.mean([one.low <= truth <= one.high for one in estimates])
    assert 0.91 < held < 0.985


def test_auc_of_equal_scores_is_a_half():
    assert metrics.auc(np.array([0, 1, 0, 1]), np.zeros(4)).value == 0.5


@pytest.mark.parametrize(("sign", "area"), [(1, 1.0), (-1, 0.0)])
def test_auc_of_parted_classes(sign, area):
    targets = np.array([0, 0, 0, 1, 1])
    assert metrics.auc(targets, sign * np.arange(5.0)).value == area


def test_one_melanoma_says_nothing_of_the_interval():
    estimate = metrics.auc(np.array([0, 1, 0]), np.array([0.0, 1.0, 2.0]))
    assert (estimate.value, estimate.low, estimate.high) == (0.5, 0.0, 1.0)


@pytest.mark.parametrize("target", [0, 1])
def test_auc_needs_both_classes(target):
    with pytest.raises(ValueError, match="melanomas and others"):
        metrics.auc(np.full(5, target), np.arange(5.0))


@pytest.mark.parametrize(
    ("hits", "total", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (0, 20, 0.0, 0.1611),
        (20, 20, 0.8389, 1.0),
        (15, 148, 0.0624, 0.1605),
    ],
)
def test_wilson_gives_the_values_of_newcombe_1998(hits, total, low, high):
    estimate = metrics.proportion(hits, total)
    assert estimate.value == hits / total
    assert (estimate.low, estimate.high) == pytest.approx((low, high), abs=1e-4)


def test_a_share_of_nothing_is_unknown():
    estimate = metrics.proportion(0, 0)
    assert math.isnan(estimate.value)
    assert (estimate.low, estimate.high) == (0.0, 1.0)


def test_sensitivity_and_specificity_count_their_own_class():
    targets = np.array([1, 1, 1, 1, 0, 0])
    called = np.array([True, True, True, False, True, False])
    assert metrics.sensitivity(targets, called).value == 0.75
    assert metrics.specificity(targets, called).value == 0.5


def test_brier():
    assert metrics.brier(np.array([1, 0]), np.array([1.0, 0.0])) == 0
    assert metrics.brier(np.array([1, 0]), np.array([0.8, 0.4])) == pytest.approx(0.1)


def test_an_estimate_reads_as_a_figure_with_its_interval():
    assert str(metrics.Estimate(0.87, 0.845, 0.8912)) == "0.870 (0.845-0.891)"
