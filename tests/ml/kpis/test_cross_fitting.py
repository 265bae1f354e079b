"""Nothing is judged by what it helped to set."""

import numpy as np
import pytest

from ml import calibration_choice, thresholds
from ml.kpis import cross_fitting, out_of_fold
from ml.runs import SCORES
from tests.ml.kpis.made_up import rows


def test_a_fold_has_no_part_in_what_is_set_for_it():
    some = rows()
    before = cross_fitting.fit(some)
    own = some["fold"] == 1
    some.loc[own, "logit"] = -7 * some.loc[own, "logit"] + 3
    some.loc[own, "target"] = 1 - some.loc[own, "target"]
    after = cross_fitting.fit(some)
    assert before[1] == after[1]
    assert before[0] != after[0]


def test_each_fold_gets_what_its_others_set():
    some = rows()
    others = some[some["fold"] != 2]
    line = calibration_choice.choose(
        *(others[name].to_numpy() for name in ("logit", "target", "group"))
    ).calibration
    limit = thresholds.at_sensitivity(
        others["target"].to_numpy(), line.probability(others["logit"].to_numpy()), 0.95
    )
    judged = cross_fitting.judge(some, cross_fitting.fit(some))
    own = judged[judged["fold"] == 2]
    assert own["probability"].to_numpy() == pytest.approx(line.probability(own["logit"].to_numpy()))
    assert (own["sensitivity_95"] == (own["probability"] >= limit)).all()
    assert 1 / (1 + np.exp(-own["calibrated"].to_numpy())) == pytest.approx(
        own["probability"].to_numpy()
    )


def test_thresholds_rise_as_less_sensitivity_is_asked_for():
    for fitted in cross_fitting.fit(rows()).values():
        limits = [fitted.thresholds[f"sensitivity_{share}"] for share in (98, 95, 90)]
        assert limits == sorted(limits)


def test_a_class_that_is_absent_from_the_others_is_told():
    some = rows(folds=2)
    some.loc[some["fold"] == 1, "target"] = 0
    with pytest.raises(ValueError, match=r"for fold 0 on the others: .*melanomas and others"):
        cross_fitting.fit(some)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"fold": 0}, "one fold only"),
        ({"group": "the same"}, "more than one fold"),
        ({"target": 2}, "other than 0 and 1"),
        ({"logit": float("inf")}, "no numbers"),
    ],
)
def test_scores_that_do_not_allow_it_are_refused(tmp_path, change, says):
    rows().assign(**change).to_csv(tmp_path / SCORES, index=False)
    with pytest.raises(ValueError, match=says):
        out_of_fold.read(tmp_path)
