"""The learning rate over a training."""

from itertools import pairwise

import pytest

from ml.training.schedule import learning_rate


def rates(warmup: int = 10, total: int = 110) -> list[float]:
    return [
        learning_rate(step, peak=2.0, warmup_steps=warmup, total_steps=total)
        for step in range(total + 1)
    ]


def test_it_climbs_evenly_to_the_peak():
    assert rates()[:10] == [2.0 * (step + 1) / 10 for step in range(10)]
    assert max(rates()) == rates()[9] == rates()[10] == 2.0


def test_then_it_falls_by_half_a_cosine_to_zero():
    falling = rates()[10:]
    assert all(later < earlier for earlier, later in pairwise(falling))
    assert abs(falling[50] - 1.0) < 1e-12
    assert abs(falling[-1]) < 1e-12


def test_it_stays_at_zero_after_the_end():
    assert abs(learning_rate(999, peak=1, warmup_steps=1, total_steps=10)) < 1e-12


def test_a_training_shorter_than_its_warmup_has_rates():
    assert all(0 < rate <= 2 for rate in rates(warmup=5, total=3))


def test_one_cycle_begins_and_ends_low():
    peak, total = 2.0, 100
    curve = [
        learning_rate(step, peak=peak, warmup_steps=30, total_steps=total, schedule="one-cycle")
        for step in range(total + 1)
    ]
    assert peak / 25 < curve[0] < peak / 20
    assert max(curve) == curve[29] == curve[30] == peak
    assert curve[14] == pytest.approx((peak / 25 + peak) / 2)
    assert curve[-1] == pytest.approx(peak * 1e-5)
    assert all(later > earlier for earlier, later in pairwise(curve[:30]))
    assert all(later < earlier for earlier, later in pairwise(curve[30:]))


def test_constant_stays_where_the_warmup_ends():
    curve = [
        learning_rate(step, peak=2.0, warmup_steps=4, total_steps=20, schedule="constant")
        for step in range(21)
    ]
    assert curve == [0.5, 1.0, 1.5, *[2.0] * 18]
