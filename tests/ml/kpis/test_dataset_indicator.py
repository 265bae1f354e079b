"""What is biology is called so, and what tells the data set is not taken for it."""

import json

import numpy as np
import pandas as pd
import pytest

from ml.__main__ import main
from ml.data import store as stores
from ml.data.store import Store
from ml.kpis.dataset_indicator import measure

pytestmark = pytest.mark.training

FOLDS = 5


def write_store(folder, *sources: pd.DataFrame) -> Store:
    """Write a store of people without pictures; each has two images, in one fold."""
    folder.mkdir()
    names = [f"s{i}" for i in range(len(sources))]
    rows = pd.concat([some.assign(source=n) for n, some in zip(names, sources, strict=True)])
    rows = pd.concat([rows, rows]).reset_index(drop=True)
    person = rows.index.to_numpy() % (len(rows) // 2)
    rows["image"] = [f"i{i}" for i in range(len(rows))]
    rows["group"] = [f"p{p}" for p in person]
    rows["fold"] = person % FOLDS
    rows = rows.assign(split="train", patient=rows["group"], lesion=None)
    rows.drop(columns=["group", "fold"]).to_parquet(folder / stores.MANIFEST)
    rows[stores.FOLD_COLUMNS].to_csv(folder / stores.FOLDS, index=False)
    settings = {"sizes": [64], "sources": [{"key": n, "name": n.upper()} for n in names]}
    (folder / stores.SETTINGS).write_text(json.dumps(settings))
    (folder / stores.SUMS).write_text("")
    return Store(folder)


def people(seed: int, melanomas: float, missing: float, older: float = 0.0) -> pd.DataFrame:
    """Return 500 people; those with a melanoma are ``older`` by so many years."""
    chance = np.random.default_rng(seed)
    target = (chance.random(500) < melanomas).astype(int)
    rows = pd.DataFrame(
        {
            "target": target,
            "age": chance.normal(50 + older * target, 15).round().clip(1, 99),
            "sex": chance.choice(["female", "male"], 500),
            "site": chance.choice(["torso", "head/neck", "back of beyond"], 500),
        }
    )
    for field in ("age", "sex", "site"):
        rows.loc[chance.random(500) < missing, field] = None
    return rows


@pytest.fixture(scope="module")
def indicator(tmp_path_factory):
    """Of the source with many melanomas much is missing; otherwise all is chance."""
    folder = tmp_path_factory.mktemp("indicator") / "store"
    return write_store(folder, people(1, 0.4, 0.6), people(2, 0.08, 0.02))


@pytest.fixture(scope="module")
def biology(tmp_path_factory):
    """In both sources people with a melanoma are older."""
    folder = tmp_path_factory.mktemp("biology") / "store"
    return write_store(folder, people(3, 0.3, 0.1, older=15), people(4, 0.15, 0.1, older=15))


def test_what_is_missing_in_one_source_is_called_a_data_set_indicator(indicator):
    found = measure(indicator)
    assert found.source.missing.low > 0.8
    assert abs(found.source.gain.value) < 0.03
    assert found.pooled.full.low > 0.6  # as good as it looks
    assert abs(found.inside.full.value - 0.5) < 0.06
    for one in found.sources:
        assert not one.within.is_gain
        assert not one.elsewhere.is_gain
    assert found.verdict.startswith("a data-set indicator")


def test_an_age_that_matters_in_each_source_is_called_biology(biology, capsys):
    found = measure(biology)
    for one in found.sources:
        assert one.within.is_gain
        assert one.elsewhere.is_gain
        assert 0.65 < one.elsewhere.full.value < 0.85
    assert found.source.missing.low < 0.55
    assert main(["metadata", str(biology.folder)]) == 0
    said = capsys.readouterr().out
    assert "biology: the gain survives within 2 of the 2 sources" in said
    assert "S0: 800 pictures" in said


def test_what_says_nothing_is_called_neither(tmp_path):
    store = write_store(tmp_path / "store", people(5, 0.2, 0.1), people(6, 0.2, 0.1))
    found = measure(store)
    assert found.pooled.full.low < 0.5 < found.pooled.full.high
    assert found.verdict.startswith("neither")


def test_the_test_fold_is_left_alone(biology, tmp_path):
    rows = pd.read_parquet(biology.folder / stores.MANIFEST)
    folds = pd.read_csv(biology.folder / stores.FOLDS)
    changed = tmp_path / "store"
    changed.mkdir()
    for name in (stores.SETTINGS, stores.SUMS, stores.FOLDS):
        (changed / name).write_bytes((biology.folder / name).read_bytes())
    hidden = rows["image"].isin(folds[folds["fold"] == 2]["image"])
    rows.loc[hidden, "age"] = 1 + 98 * rows["target"]
    rows.to_parquet(changed / stores.MANIFEST)
    assert measure(Store(changed), 2) == measure(biology, 2)


def test_one_source_is_not_told_apart_and_one_of_nobody_known_is_named(tmp_path, capsys):
    alone = write_store(tmp_path / "alone", people(7, 0.3, 0.1, older=15))
    found = measure(alone)
    assert found.source is None
    assert found.sources[0].elsewhere is None
    unknown = write_store(tmp_path / "unknown", people(7, 0.3, 0.1, older=15), people(8, 0.1, 1.0))
    assert measure(unknown).too_few == ["S1"]
    nothing = write_store(tmp_path / "nothing", people(8, 0.1, 1.0))
    assert main(["metadata", str(nothing.folder)]) == 2
    assert "no source has 20 melanomas" in capsys.readouterr().err
    assert main(["metadata", str(tmp_path)]) == 2
    assert "is no store" in capsys.readouterr().err
