"""Areas against scikit-learn, against counting pairs, and against a case done by hand."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from ml.kpis.discrimination import Ranking, area_above, describe
from ml.kpis.resampling import Resamples, whole
from tests.ml.kpis.made_up import scored


def pairs_auc(targets, scores, weights) -> float:
    """The share of pairs in which the melanoma has the higher score, counted one by one."""
    won = total = 0.0
    for a in np.flatnonzero(targets == 1):
        for b in np.flatnonzero(targets == 0):
            pair = weights[a] * weights[b]
            won += pair * (float(scores[a] > scores[b]) + 0.5 * float(scores[a] == scores[b]))
            total += pair
    return won / total


def clipped_area(targets, scores, least: float, weights=None) -> float:
    """The area above a sensitivity, by a million thin strips under scikit-learn's curve."""
    false, found, _ = roc_curve(targets, scores, sample_weight=weights, drop_intermediate=False)
    grid = np.linspace(0, 1, 1_000_001)
    return float(np.maximum(np.interp(grid, false, found) - least, 0).mean())


@pytest.mark.parametrize("decimals", [0, 1, 8])
@pytest.mark.parametrize("seed", range(3))
def test_areas_are_those_of_sklearn_with_and_without_ties(seed, decimals):
    targets, scores = scored(seed)
    scores = scores.round(decimals)
    ranking = Ranking(targets, scores)
    auc = whole(ranking.auc, len(targets))
    assert auc == pytest.approx(roc_auc_score(targets, scores))
    average_precision = whole(ranking.average_precision, len(targets))
    assert average_precision == pytest.approx(average_precision_score(targets, scores))


@pytest.mark.parametrize("decimals", [0, 8])
def test_weighted_areas_are_those_of_counted_pairs_and_of_sklearn(decimals):
    targets, scores = scored(5, n=120)
    scores = scores.round(decimals)
    weights = np.random.default_rng(0).integers(0, 4, (3, 120)).astype(float)
    ranking = Ranking(targets, scores)
    for area, precision, some in zip(
        ranking.auc(weights), ranking.average_precision(weights), weights, strict=True
    ):
        assert area == pytest.approx(pairs_auc(targets, scores, some))
        expected = average_precision_score(targets, scores, sample_weight=some)
        assert precision == pytest.approx(expected)


@pytest.mark.parametrize("decimals", [0, 8])
@pytest.mark.parametrize("seed", range(3))
def test_the_partial_areas_are_those_under_the_curve_of_sklearn(seed, decimals):
    targets, scores = scored(seed)
    scores = scores.round(decimals)
    ranking = Ranking(targets, scores)
    partial = whole(ranking.partial_auc, len(targets))
    assert partial == pytest.approx(clipped_area(targets, scores, 0.8), abs=1e-5)
    # Up to 20 % false alarms; scikit-learn rescales it (McClish 1989), which is undone here.
    rescaled = roc_auc_score(targets, scores, max_fpr=0.2)
    expected = 0.02 + (0.2 - 0.02) * (2 * rescaled - 1)
    assert whole(ranking.early_auc, len(targets)) == pytest.approx(expected)


def test_the_partial_area_is_the_scorer_of_isic_2024():
    targets, scores = scored(2)
    # It turns classes and scores round and takes scikit-learn's partial area of that.
    rescaled = roc_auc_score(1 - targets, -scores, max_fpr=0.2)
    expected = 0.02 + (0.2 - 0.02) * (2 * rescaled - 1)
    assert whole(Ranking(targets, scores).partial_auc, 400) == pytest.approx(expected)


def test_the_partial_area_by_hand():
    # Up to (0, 0.5), across to (0.25, 0.5), up to (0.25, 1), across to (1, 1): 0.75 * 0.2.
    false = np.array([[0.0, 0.0, 0.25, 0.25, 1.0]])
    found = np.array([[0.0, 0.5, 0.5, 1.0, 1.0]])
    assert area_above(false, found, 0.8) == pytest.approx([0.15])
    # A straight line crosses 0.8 at 0.8: a triangle with legs of 0.2.
    diagonal = np.array([[0.0, 1.0]])
    assert area_above(diagonal, diagonal, 0.8) == pytest.approx([0.02])


def test_areas_of_a_perfect_and_of_a_useless_score():
    targets = np.array([0] * 10 + [1] * 10)
    perfect, useless = Ranking(targets, np.arange(20.0)), Ranking(targets, np.zeros(20))
    for area, best, worst in (
        ("auc", 1, 0.5),
        ("partial_auc", 0.2, 0.02),
        ("early_auc", 0.2, 0.02),
    ):
        assert whole(getattr(perfect, area), 20) == pytest.approx(best)
        assert whole(getattr(useless, area), 20) == pytest.approx(worst)
    assert whole(useless.average_precision, 20) == pytest.approx(0.5)


def test_an_area_is_undefined_where_a_class_was_not_drawn():
    targets, scores = scored(0, n=50)
    weights = np.stack([targets == 0, targets == 1, np.ones(50)]).astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        assert np.isnan(Ranking(targets, scores).auc(weights)).tolist() == [True, True, False]


def test_the_description_holds_every_area_within_its_interval():
    targets, scores = scored(1)
    described = describe(targets, scores, Resamples(np.arange(400), 200))
    for name in ("auc", "partial_auc", "early_auc", "average_precision", "auc_delong"):
        assert described[name]["low"] < described[name]["value"] < described[name]["high"]
    assert described["auc"]["value"] == pytest.approx(described["auc_delong"]["value"])
    assert described["roc"]["sensitivity"][-1] == 1
