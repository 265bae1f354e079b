"""Net benefit against points worked out by hand."""

import numpy as np
import pytest

from ml.kpis import decision_curve
from ml.kpis.resampling import Resamples, whole

TARGETS = np.array([1, 1, 0, 0, 0, 0, 0, 0, 0, 0])
PROBABILITIES = np.array([0.25, 0.08, 0.25, 0.15, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05])


def at(percent: int) -> int:
    return int(np.flatnonzero(np.isclose(decision_curve.THRESHOLDS, percent / 100))[0])


@pytest.mark.parametrize(
    ("percent", "expected"),
    [
        (5, (2 - 8 * 5 / 95) / 10),  # everybody is called
        (10, (1 - 2 * 10 / 90) / 10),  # one melanoma and two others
        (20, (1 - 1 * 20 / 80) / 10),  # one and one
        (30, 0),  # nobody
    ],
)
def test_points_by_hand(percent, expected):
    each = decision_curve.worth(TARGETS, PROBABILITIES)
    curve = whole(lambda weights: decision_curve.net_benefit(each, weights), 10)
    assert curve[at(percent)] == pytest.approx(expected)


def test_a_sample_from_all_breaks_even_at_the_share_of_melanomas():
    curve = decision_curve.treat_all(0.2)
    assert curve[at(20)] == pytest.approx(0)
    assert curve[at(10)] == pytest.approx(0.2 - 0.8 / 9)


def test_a_model_that_knows_is_worth_all_melanomas_everywhere():
    described = decision_curve.describe(TARGETS, TARGETS * 1.0, Resamples(np.arange(10), 100))
    assert described["model"]["value"] == pytest.approx([0.2] * 30)
    assert described["best_at"] == described["threshold"]
    assert described["model"]["low"][0] < 0.2 < described["model"]["high"][0]


def test_a_model_that_calls_all_is_a_sample_from_all():
    described = decision_curve.describe(TARGETS, np.ones(10), Resamples(np.arange(10), 100))
    assert described["model"]["value"] == described["biopsy_all"]
    assert described["best_at"] == []
