"""The bundle that a fresh clone answers with."""

import re

import pytest

from ml import bundle as bundles
from ml.card import render


@pytest.fixture(scope="module")
def facts() -> dict:
    return bundles.read(bundles.DEFAULT).facts


def test_it_is_small():
    assert sum(file.stat().st_size for file in bundles.DEFAULT.iterdir()) <= 16e6


def test_it_is_good_enough_and_says_how_sure_it_is(facts):
    area = facts["kpis"]["test"]["HAM10000"]["auc"]
    assert area["value"] > 0.85
    assert area["low"] < area["value"] < area["high"]


def test_it_names_the_data_and_the_split_it_came_from(facts):
    assert re.fullmatch("[0-9a-f]{64}", facts["data_sha256"])
    assert re.fullmatch("[0-9a-f]{64}", facts["folds"]["sha256"])


def test_its_card_tells_what_it_holds(facts):
    card = (bundles.DEFAULT / bundles.CARD).read_text(encoding="utf-8")
    assert card == render(facts)
    assert "not a medical device" in card
    assert "non-commercial" in card


def test_it_tells_nothing_of_the_machine_that_made_it():
    for name in (bundles.FACTS, bundles.CARD):
        text = (bundles.DEFAULT / name).read_text(encoding="utf-8")
        assert not re.search(r"(?:^|[\s\"'`(=])/\w", text), name
