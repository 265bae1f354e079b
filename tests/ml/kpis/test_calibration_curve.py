"""Slope, intercept, gaps and the parts of the Brier score."""

import numpy as np
import pytest
from scipy.special import expit
from sklearn.calibration import calibration_curve as of_sklearn
from sklearn.linear_model import LogisticRegression

from ml import metrics
from ml.kpis import calibration_curve as curve


@pytest.fixture(scope="module")
def calibrated():
    """Return targets that follow the probabilities, and the logits of these."""
    chance = np.random.default_rng(0)
    logits = chance.normal(-1.5, 1.5, 20_000)
    return (chance.random(20_000) < expit(logits)).astype(int), logits


def test_the_true_probabilities_have_slope_1_and_intercept_0(calibrated):
    targets, logits = calibrated
    alone = np.arange(len(targets))
    slope, intercept = (f(targets, logits, alone) for f in (curve.slope, curve.intercept))
    assert slope.low < 1 < slope.high
    assert intercept.low < 0 < intercept.high
    assert curve.adaptive_ece(targets, expit(logits)) < 0.02


def test_twice_too_extreme_has_half_the_slope_and_a_shift_is_the_intercept(calibrated):
    targets, logits = calibrated
    alone = np.arange(len(targets))
    assert curve.slope(targets, 2 * logits, alone).value == pytest.approx(0.5, abs=0.03)
    assert curve.intercept(targets, logits + 0.7, alone).value == pytest.approx(-0.7, abs=0.1)


def test_the_slope_is_that_of_sklearn(calibrated):
    targets, logits = calibrated
    fitted = LogisticRegression(C=np.inf).fit(logits[:, None], targets)
    slope = curve.slope(targets, logits, np.arange(len(targets)))
    assert slope.value == pytest.approx(fitted.coef_[0, 0], abs=1e-3)


def test_intervals_widen_with_groups_of_pictures_alike(calibrated):
    targets, logits = (np.repeat(one[:300], 4) for one in calibrated)
    groups = np.repeat(np.arange(300), 4)
    for figure in (curve.slope, curve.intercept):
        clustered, naive = (figure(targets, logits, g) for g in (groups, np.arange(1200)))
        assert clustered.value == naive.value
        ratio = (clustered.high - clustered.low) / (naive.high - naive.low)
        assert ratio == pytest.approx(2, rel=0.02)  # four alike are one, and twice as wide


def test_the_interval_of_the_intercept_holds_the_truth_about_19_times_in_20():
    chance = np.random.default_rng(1)
    held = []
    for _ in range(200):
        logits = chance.normal(-1, 1, 300)
        targets = (chance.random(300) < expit(logits)).astype(int)
        found = curve.intercept(targets, logits, np.arange(300))
        held.append(found.low <= 0 <= found.high)
    assert 0.9 < np.mean(held) < 0.99


def test_bins_are_those_of_sklearn(calibrated):
    targets, logits = (one[:1000] for one in calibrated)
    share, told = of_sklearn(targets, expit(logits), n_bins=10, strategy="quantile")
    points = curve.curve(targets, expit(logits))
    assert [one["mean_probability"] for one in points] == pytest.approx(told, abs=0.01)
    assert [one["observed_share"]["value"] for one in points] == pytest.approx(share, abs=0.02)
    assert sum(one["pictures"] for one in points) == 1000


def test_the_gap_by_hand():
    targets = np.array([0] * 10 + [1] * 10)
    assert curve.adaptive_ece(targets, np.full(20, 0.5)) == pytest.approx(0.5)
    assert curve.adaptive_ece(targets, targets.astype(float)) == 0


def test_the_parts_make_the_brier_score(calibrated):
    targets, logits = (one[:500] for one in calibrated)
    probabilities = expit(1.7 * logits)
    parts = curve.brier_parts(targets, probabilities)
    total = parts["miscalibration"] - parts["discrimination"] + parts["uncertainty"]
    assert total == pytest.approx(metrics.brier(targets, probabilities))
    assert min(parts.values()) >= 0
    constant = curve.brier_parts(targets, np.full(500, targets.mean()))
    assert constant["miscalibration"] == pytest.approx(0)
    assert constant["discrimination"] == pytest.approx(0)


def test_classes_that_are_parted_have_no_slope():
    targets = np.array([0] * 10 + [1] * 10)
    described = curve.describe(targets, np.linspace(-3, 3, 20), np.arange(20))
    assert described["slope"] is None
    assert described["intercept"]["value"] == pytest.approx(0, abs=1e-6)
