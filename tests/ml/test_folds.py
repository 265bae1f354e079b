"""No lesion and no patient is in two folds, and every fold is a fair sample."""

from pathlib import Path

import numpy as np
import pytest

from ml import folds
from ml.sources import Sample


def samples() -> list[Sample]:
    """Return 1,200 pictures of two sources, some lesions with several."""
    chance = np.random.default_rng(5)
    return [
        Sample(f"{source}{i}", source, f"{source}:{lesion}", int(lesion % 5 == 0), Path("x.jpg"))
        for source, n in (("one", 800), ("two", 400))
        for i, lesion in enumerate(chance.integers(0, n * 2 // 3, n))
    ]


def test_no_group_is_in_two_folds():
    data = samples()
    assigned = folds.assign(data, 6, seed=0)
    homes: dict[str, set[int]] = {}
    for sample, fold in zip(data, assigned, strict=True):
        homes.setdefault(sample.group, set()).add(int(fold))
    assert any(len([s for s in data if s.group == group]) > 1 for group in homes)
    assert all(len(home) == 1 for home in homes.values())
    assert set(assigned) == set(range(6))


def test_every_fold_has_its_share_of_each_source_and_its_melanomas():
    data = samples()
    assigned = folds.assign(data, 6, seed=0)
    strata = np.array([f"{sample.source}:{sample.target}" for sample in data])
    for stratum in set(strata):
        shares = np.bincount(assigned[strata == stratum], minlength=6) / (strata == stratum).sum()
        assert shares == pytest.approx(np.full(6, 1 / 6), abs=0.06), stratum


def test_the_seed_decides_and_nothing_else():
    first, again, other = (folds.assign(samples(), 6, seed) for seed in (3, 3, 4))
    assert (first == again).all()
    assert (first != other).any()


def test_the_fingerprint_knows_who_is_where_but_not_in_which_order():
    data = samples()
    assigned = folds.assign(data, 6, seed=0)
    print_of_all = folds.fingerprint(data, assigned)
    assert folds.fingerprint(data[::-1], assigned[::-1]) == print_of_all
    moved = assigned.copy()
    moved[17] = (moved[17] + 1) % 6
    assert folds.fingerprint(data, moved) != print_of_all


def test_two_folds_leave_nothing_to_learn_from():
    with pytest.raises(ValueError, match="three folds"):
        folds.assign(samples(), 2, seed=0)


def test_too_few_groups_are_refused():
    with pytest.raises(ValueError, match=r"(?i)n_splits"):
        folds.assign(samples()[:3], 6, seed=0)
