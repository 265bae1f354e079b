"""Where one outcome ends and the next begins."""

import numpy as np
import pytest

from ml import thresholds
from ml.bundle import Thresholds
from ml.contracts import Outcome


def scored(seed: int, apart: float = 1.5, decimals: int = 8) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(seed)
    targets = (chance.random(500) < 0.2).astype(int)
    scores = chance.normal(targets * apart)
    return targets, (1 / (1 + np.exp(-scores))).round(decimals)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("decimals", [1, 2, 8])
def test_what_was_asked_is_reached_on_the_data(seed, decimals):
    targets, probabilities = scored(seed, decimals=decimals)
    chosen = thresholds.choose(targets, probabilities)
    melanomas, rest = probabilities[targets == 1], probabilities[targets == 0]
    assert (melanomas >= chosen.not_sure).mean() >= 0.95
    assert (melanomas >= chosen.higher_concern).mean() >= 0.85
    assert (rest < chosen.high_concern).mean() >= 0.95


def test_a_sensitivity_is_not_bought_dearer_than_needed():
    targets, probabilities = scored(1)
    limit = thresholds.at_sensitivity(targets, probabilities, 0.9)
    melanomas = probabilities[targets == 1]
    assert (melanomas >= np.nextafter(limit, 1)).mean() < 0.9


def test_a_specificity_is_not_bought_dearer_than_needed():
    targets, probabilities = scored(2)
    limit = thresholds.at_specificity(targets, probabilities, 0.9)
    rest = probabilities[targets == 0]
    assert (rest < np.nextafter(limit, 0)).mean() < 0.9


@pytest.mark.parametrize("apart", [-2.0, 0.0, 0.5, 3.0, 8.0])
def test_thresholds_rise_even_where_the_classes_hardly_differ(apart):
    chosen = thresholds.choose(*scored(4, apart))
    assert chosen.not_sure <= chosen.higher_concern <= chosen.high_concern


def test_an_outcome_begins_at_its_threshold():
    limits = Thresholds(0.1, 0.2, 0.5)
    assert [limits.outcome(p) for p in (0, 0.0999, 0.1, 0.2, 0.4999, 0.5, 1)] == [
        Outcome.LOWER_CONCERN,
        Outcome.LOWER_CONCERN,
        Outcome.NOT_SURE,
        Outcome.HIGHER_CONCERN,
        Outcome.HIGHER_CONCERN,
        Outcome.HIGH_CONCERN,
        Outcome.HIGH_CONCERN,
    ]
