"""From logits to probabilities."""

import numpy as np
import pytest

from ml.calibration import METHODS, Calibration, fit, log_loss
from ml.calibration_choice import choose


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


TRUTHS = {
    "temperature": Calibration(0.4, 0.0),
    "Platt": Calibration(0.8, -1.5),
    "beta": Calibration(1.0, -2.0, 0.8),
}


def drawn(truth: Calibration, n: int = 20_000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Logits, targets that follow their true calibration, and groups of two."""
    chance = np.random.default_rng(4)
    logits = chance.normal(0.5, 2, n)
    return logits, (chance.random(n) < truth.probability(logits)).astype(int), np.arange(n) // 2


@pytest.mark.parametrize("method", METHODS)
def test_what_is_true_is_found_and_chosen(method):
    logits, targets, groups = drawn(TRUTHS[method])
    found = fit(logits, targets, method)
    for name in ("slope", "intercept", "bend"):
        assert getattr(found, name) == pytest.approx(getattr(TRUTHS[method], name), abs=0.1), name
    choice = choose(logits, targets, groups)
    assert choice.method == method
    assert choice.calibration == found
    assert choice.behind[method][0] <= choice.behind[method][1]


def test_where_chance_explains_the_difference_the_simplest_is_chosen():
    for n in (150, 400):
        assert choose(*drawn(Calibration(1.0, 0.1, 0.05), n)).method == "temperature"


def test_beta_never_changes_the_order():
    logits, targets, _ = drawn(Calibration(0.2, 0.0, 0.9))
    found = fit(logits, targets, "beta")
    assert abs(found.bend) <= abs(found.slope)
    assert (np.diff(found.probability(np.linspace(-9, 9, 99))) > 0).all()


def test_beta_is_kulls_logistic_regression_of_both_logarithms():
    from sklearn.linear_model import LogisticRegression

    logits, targets, _ = drawn(TRUTHS["beta"], 3000)
    p = 1 / (1 + np.exp(-logits))
    kull = LogisticRegression(C=1e9, tol=1e-9, max_iter=5000)
    kull.fit(np.stack([np.log(p), -np.log(1 - p)], axis=1), targets)
    found = fit(logits, targets, "beta")
    a, b = kull.coef_[0]
    assert (found.slope - found.bend, found.slope + found.bend) == pytest.approx((a, b), rel=1e-3)
    assert found.intercept == pytest.approx(kull.intercept_[0], rel=1e-3)


def test_the_loss_is_that_of_scikit_learn():
    from sklearn.metrics import log_loss as reference

    logits, targets, _ = drawn(TRUTHS["Platt"], 500)
    ours = log_loss(TRUTHS["beta"], logits, targets).mean()
    assert ours == pytest.approx(reference(targets, TRUTHS["beta"].probability(logits)))


def test_with_too_little_to_try_it_is_platts():
    logits, targets = np.array([0.0, 2.0, 1.0, 3.0, 0.5]), np.array([0, 0, 1, 1, 0])
    choice = choose(logits, targets, np.arange(5))
    assert (choice.method, choice.loss) == ("Platt", {})
    assert choice.calibration == fit(logits, targets)
