"""The verbs of ``ml`` behind ``manage.py``."""

import csv

import pytest
from django.core.management import call_command, get_commands

from ml.verbs import VERBS
from tests.conftest import PHOTOS


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_both_doors(verb):
    assert get_commands()[verb] == "webplatform.training"


def test_predict_through_the_site(tmp_path):
    out = tmp_path / "p.csv"
    call_command("predict", str(PHOTOS[0]), "--out", str(out))
    (row,) = csv.DictReader(out.open())
    assert row["image_name"] == PHOTOS[0].stem
    assert 0 < float(row["target"]) < 1


def test_the_exit_status_is_the_verbs_own(tmp_path):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture")
    with pytest.raises(SystemExit) as ended:
        call_command("predict", str(PHOTOS[0]), str(broken), "--out", str(tmp_path / "p.csv"))
    assert ended.value.code == 3
