"""Diagnoses become classes, and the policy for unknown ones is what it says."""

from ml.data.presets import Diagnosis
from ml.training.targets import GROUPINGS, IGNORED, classes, number_of

SOME = [Diagnosis.MELANOMA, Diagnosis.NEVUS, Diagnosis.BKL, Diagnosis.SCC, Diagnosis.UNKNOWN]


def test_every_grouping_knows_every_diagnosis_once():
    for target, groups in GROUPINGS.items():
        if target != "binary":
            assert sorted(sum(groups, ())) == sorted(Diagnosis), target
            assert groups[0] == (Diagnosis.MELANOMA,)


def test_the_number_of_classes_is_that_of_the_name():
    assert [number_of(t) for t in ("binary", "3-class", "4-class", "9-class")] == [0, 3, 4, 9]


def test_diagnoses_become_classes():
    assert classes(SOME, "3-class", "class").tolist() == [0, 1, 2, 2, 2]
    assert classes(SOME, "4-class", "class").tolist() == [0, 1, 2, 3, 3]
    assert classes(SOME, "9-class", "class").tolist() == [0, 1, 4, 7, 8]


def test_unknown_diagnoses_follow_the_policy():
    assert classes(SOME, "9-class", "ignore").tolist() == [0, 1, 4, 7, IGNORED]
    assert classes(SOME, "9-class", "nevus").tolist() == [0, 1, 4, 7, 1]


def test_a_binary_target_learns_no_diagnosis():
    for unknown in ("class", "ignore", "nevus"):
        assert set(classes(SOME, "binary", unknown).tolist()) == {IGNORED}
