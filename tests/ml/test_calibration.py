"""From logits to probabilities."""

import numpy as np
import pytest

from ml.calibration import Calibration, fit


def test_a_known_line_is_found_again():
    chance = np.random.default_rng(1)
    logits = chance.normal(0, 2, 20_000)
    truth = Calibration(0.7, -1.2)
    targets = chance.random(len(logits)) < truth.probability(logits)
    found = fit(logits, targets.astype(int))
    assert found.slope == pytest.approx(0.7, abs=0.04)
    assert found.intercept == pytest.approx(-1.2, abs=0.06)


def test_the_mean_probability_is_the_share_of_melanomas():
    chance = np.random.default_rng(2)
    targets = (chance.random(500) < 0.2).astype(int)
    logits = chance.normal(3 * targets + 4, 2)
    assert fit(logits, targets).probability(logits).mean() == pytest.approx(targets.mean())


def test_logits_that_hardly_differ_are_no_obstacle():
    chance = np.random.default_rng(3)
    targets = (chance.random(200) < 0.3).astype(int)
    logits = 0.2 + 1e-5 * chance.normal(targets)
    assert fit(logits, targets).probability(logits).mean() == pytest.approx(targets.mean())


def test_probabilities_stay_within_0_and_1_and_rise():
    probability = Calibration(1.5, 0.3).probability(np.array([-1e6, -3.0, 0.0, 3.0, 1e6]))
    assert probability[0] == 0
    assert probability[-1] == 1
    assert (np.diff(probability) > 0).all()


@pytest.mark.parametrize("target", [0, 1])
def test_one_class_alone_is_refused(target):
    with pytest.raises(ValueError, match="melanomas and others"):
        fit(np.arange(10.0), np.full(10, target))


@pytest.mark.parametrize("gap", [0.1, 10.0])
def test_classes_that_the_logits_part_are_refused(gap):
    targets = np.repeat([0, 1], 20)
    logits = np.linspace(-1, 1, 40) + gap * targets
    with pytest.raises(ValueError, match="part the classes"):
        fit(logits, targets)
    with pytest.raises(ValueError, match="part the classes"):
        fit(-logits, targets)


def test_logits_that_are_all_the_same_are_refused():
    with pytest.raises(ValueError, match="all the same"):
        fit(np.full(10, 0.5), np.arange(10) % 2)


@pytest.mark.parametrize("seed", [331, *range(40)])
def test_whatever_the_logits_scale_and_place_the_fit_is_found(seed):
    chance = np.random.default_rng(seed)
    n = int(chance.integers(10, 800))
    targets = (chance.random(n) < chance.uniform(0.02, 0.5)).astype(int)
    targets[:2] = (0, 1)
    scale, place = 10 ** chance.uniform(-4, 2), chance.uniform(-20, 20)
    logits = chance.normal(targets * 0.7) * scale + place
    logits[:2] = (place + 4 * scale, place - 4 * scale)  # hence not parted
    assert fit(logits, targets).probability(logits).mean() == pytest.approx(targets.mean())
