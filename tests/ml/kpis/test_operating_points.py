"""Counts and rates at a threshold, and what they mean elsewhere."""

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, confusion_matrix, f1_score

from ml import metrics
from ml.kpis import cross_fitting, operating_points
from ml.kpis.resampling import Resamples
from tests.ml.kpis.made_up import rows


@pytest.fixture(scope="module")
def judged():
    some = rows()
    return cross_fitting.judge(some, cross_fitting.fit(some))


@pytest.fixture(scope="module")
def described(judged):
    return operating_points.describe(judged, Resamples(judged["group"].to_numpy(), 300))


@pytest.mark.parametrize("point", cross_fitting.POINTS, ids=str)
def test_counts_are_those_of_sklearn(judged, described, point):
    targets, called = judged["target"], judged[point.key]
    figures = described[point.key]
    counts = confusion_matrix(targets, called).ravel().tolist()
    names = ("true_negatives", "false_positives", "false_negatives", "true_positives")
    assert [figures[name] for name in names] == counts
    assert figures["balanced_accuracy"] == pytest.approx(balanced_accuracy_score(targets, called))
    assert figures["f1"] == pytest.approx(f1_score(targets, called))
    assert figures[point.aim]["value"] == pytest.approx(point.share, abs=0.06)


def test_predictive_values_are_those_that_were_worked_out_by_hand():
    # Of 1,000 with 100 melanomas: 90 found, 10 missed; 720 cleared, 180 alarmed.
    assert operating_points.positive_predictive_value(0.9, 0.8, 0.1) == pytest.approx(90 / 270)
    assert operating_points.negative_predictive_value(0.9, 0.8, 0.1) == pytest.approx(720 / 730)


def test_predictive_values_at_the_prevalence_of_the_pictures_are_those_counted(judged):
    targets, called = judged["target"].to_numpy(), judged["sensitivity_90"].to_numpy()
    found, cleared = metrics.sensitivity(targets, called), metrics.specificity(targets, called)
    share = targets.mean()
    ppv = operating_points.positive_predictive_value(found.value, cleared.value, share)
    npv = operating_points.negative_predictive_value(found.value, cleared.value, share)
    assert ppv == pytest.approx(targets[called].mean())
    assert npv == pytest.approx(1 - targets[~called].mean())


def test_of_a_thousand_all_are_counted_and_rarer_melanomas_need_more_biopsies(described):
    needed = []
    for name in ("a referral clinic", "SIIM-ISIC 2020", "a screening of anyone"):
        at = described["sensitivity_95"]["at_prevalence"][name]
        per = at["per_1000"]
        assert per["melanomas_found"] + per["melanomas_missed"] == pytest.approx(
            1000 * at["prevalence"]
        )
        assert per["called"] + per["biopsies_avoided"] == pytest.approx(1000)
        assert at["number_needed_to_biopsy"]["value"] == pytest.approx(1 / at["ppv"]["value"])
        assert at["number_needed_to_biopsy"]["low"] == pytest.approx(1 / at["ppv"]["high"])
        needed.append(at["number_needed_to_biopsy"]["value"])
    assert needed == sorted(needed)


def test_a_share_that_cannot_vary_has_the_interval_of_wilson():
    targets = np.array([1] * 20 + [0] * 20)
    called = targets == 1
    found = operating_points.rates(targets, called, Resamples(np.arange(40), 100))
    assert found["sensitivity"] == metrics.proportion(20, 20)
    assert found["specificity"].low == pytest.approx(0.8389, abs=1e-4)
