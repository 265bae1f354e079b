"""The cluster bootstrap: whole groups are drawn, and it is as wide as it should be."""

import math

import numpy as np
import pytest

from ml import metrics
from ml.kpis.discrimination import Ranking
from ml.kpis.resampling import Resamples, estimate, whole
from tests.ml.kpis.made_up import scored


def width(targets, scores, groups) -> float:
    drawn = Resamples(groups, 1000).of(Ranking(targets, scores).auc)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(high - low)


def test_all_pictures_of_a_group_are_drawn_together_and_as_many_groups_as_there_are():
    groups = np.array(["a", "b", "a", "c", "c", "c"])
    weights = np.concatenate(list(Resamples(groups, 300).weights()))
    assert weights.shape == (300, 6)
    assert (weights[:, 0] == weights[:, 2]).all()
    assert (weights[:, 3] == weights[:, 4]).all()
    assert (weights[:, [0, 1, 3]].sum(axis=1) == 3).all()
    assert weights[:, 1].mean() == pytest.approx(1, abs=0.2)


def test_the_same_resamples_come_again_and_another_seed_gives_others():
    first, again, other = (
        np.concatenate(list(Resamples(np.arange(50), 120, seed).weights())) for seed in (0, 0, 1)
    )
    assert (first == again).all()
    assert (first != other).any()


def test_it_is_wider_than_the_naive_one_where_pictures_are_alike():
    targets, scores = scored(0, n=120)
    targets, scores = np.repeat(targets, 5), np.repeat(scores, 5)
    clustered = width(targets, scores, np.repeat(np.arange(120), 5))
    naive = width(targets, scores, np.arange(600))
    assert clustered > 1.8 * naive  # the square root of five is 2.2


def test_it_is_that_of_delong_where_every_picture_is_a_group_of_its_own():
    targets, scores = scored(1, n=1500)
    delong = metrics.auc(targets, scores)
    naive = width(targets, scores, np.arange(1500))
    assert naive == pytest.approx(delong.high - delong.low, rel=0.1)


def test_resamples_without_a_figure_are_passed_over():
    assert estimate(0.5, np.array([np.nan, 0.4, 0.6])).low == pytest.approx(0.405)
    nothing = estimate(0.5, np.full(5, np.nan))
    assert nothing.value == 0.5
    assert math.isnan(nothing.low)


def test_the_whole_counts_each_picture_once():
    assert whole(lambda weights: weights.sum(axis=1), 7) == 7
