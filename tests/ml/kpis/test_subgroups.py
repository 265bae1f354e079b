"""Levels, and silence where there are too few."""

import numpy as np
import pytest

from ml import metrics
from ml.kpis import artefacts, cross_fitting, subgroups
from tests.ml.kpis.made_up import hairy, rows


@pytest.fixture(scope="module")
def described():
    some = rows()
    some = cross_fitting.judge(some, cross_fitting.fit(some))
    some["sex"] = np.where(np.arange(len(some)) % 2, "female", "male")
    some["age"] = np.where(np.arange(len(some)) < 60, 39.9, 70.0)
    some["site"] = None
    some.loc[:20, "age"] = np.nan
    some["width"], some["height"] = 1000, 1000
    return some, {one["variable"]: one for one in subgroups.describe(some)}


def test_a_level_has_the_figures_of_its_own_rows(described):
    some, variables = described
    levels = {one["level"]: one for one in variables["sex"]["levels"]}
    women = some[some["sex"] == "female"]
    expected = metrics.auc(women["target"].to_numpy(), women["logit"].to_numpy())
    assert levels["female"]["auc"]["value"] == pytest.approx(expected.value)
    assert levels["female"]["pictures"] == len(women)
    distance = abs(levels["female"]["auc"]["value"] - levels["male"]["auc"]["value"])
    assert variables["sex"]["gap"] == pytest.approx(distance)


def test_too_few_have_no_figures(described):
    _, variables = described
    young, old, unknown = variables["age, years"]["levels"]
    assert [young["level"], old["level"], unknown["level"]] == [
        "under 40",
        "70 and over",
        "not recorded",
    ]
    assert young["melanomas"] < subgroups.FEW
    assert all(young[name] is None for name in subgroups.FIGURES)
    assert old["auc"]["value"] > 0.5
    assert variables["age, years"]["gap"] is None


def test_what_is_the_same_for_all_is_said_and_not_measured(described):
    _, variables = described
    assert variables["site"]["only"] == "not recorded"
    assert variables["size of the original, megapixels"]["only"] == "1 to 10"
    assert variables["site"]["levels"] == []


@pytest.mark.parametrize(("melanomas", "others", "said"), [(20, 20, True), (19, 500, False)])
def test_twenty_of_each_are_enough(melanomas, others, said):
    some = rows(n=melanomas + others).assign(target=[1] * melanomas + [0] * others)
    assert subgroups.enough(some) is said


def test_hair_and_dark_corners_are_told_from_plain_skin():
    plain = np.full((256, 256), 180, np.uint8)
    assert artefacts.measure(plain) == (False, False)
    assert artefacts.measure(np.asarray(hairy())) == (False, True)
    rows_, columns = np.mgrid[-1:1:256j, -1:1:256j]
    round_ = np.where(rows_**2 + columns**2 < 1.2, 180, 10).astype(np.uint8)
    assert artefacts.measure(round_) == (True, False)


def test_a_wide_dark_spot_in_the_middle_is_no_hair():
    picture = np.full((256, 256), 200, np.uint8)
    picture[80:180, 80:180] = 60
    assert artefacts.measure(picture) == (False, False)
