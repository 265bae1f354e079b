"""No patient and no lesion is in two folds, and every fold is a fair sample."""

import numpy as np
import pandas as pd
import pytest

from ml.__main__ import main
from ml.data import folds
from ml.data.store import StoreError
from tests.ml.stores import ingest, patients, write_collection

pytestmark = pytest.mark.training


def images() -> pd.DataFrame:
    """Return 1,200 images: one source names patients, the other lesions, with some in both."""
    chance = np.random.default_rng(5)
    patient = chance.integers(0, 200, 800)
    lesion = chance.integers(0, 260, 400)
    return pd.DataFrame(
        {
            "source": ["one"] * 800 + ["two"] * 400,
            "image": [f"i{i}" for i in range(1200)],
            "split": "train",
            "patient": [f"P{p}" for p in patient] + [None] * 400,
            "lesion": [None] * 800 + [f"L{n}" if n > 40 else None for n in lesion],
            "target": [int(p % 5 == 0) for p in patient] + [int(n % 5 == 0) for n in lesion],
        }
    )


def test_no_patient_and_no_lesion_is_in_two_folds():
    rows = images().merge(folds.assign(images(), 6, seed=0), on=["source", "image"])
    assert set(rows["fold"]) == set(range(6))
    for group in ("patient", "lesion"):
        assert rows.groupby(group)["image"].size().max() > 1
        assert rows.groupby(group)["fold"].nunique().max() == 1


def test_what_a_patient_and_a_lesion_link_is_one_group():
    table = pd.DataFrame(
        {
            "source": "s",
            "image": list("abcdef"),
            "patient": ["P", "P", None, None, None, None],
            "lesion": [None, "L", "L", "M", None, None],
        }
    )
    groups = folds.groups_of(table)
    assert groups[0] == groups[1] == groups[2]
    assert groups.nunique() == 4


def test_every_fold_has_its_share_of_each_source_and_its_melanomas():
    rows = images().merge(folds.assign(images(), 6, seed=0), on=["source", "image"])
    for stratum, some in rows.groupby(["source", "target"]):
        shares = some["fold"].value_counts(normalize=True)
        assert shares.to_numpy() == pytest.approx(np.full(6, 1 / 6), abs=0.03), stratum


def test_the_competitions_table_is_split_evenly(tmp_path, capsys):
    """As many rows, patients and melanomas as the real one, and as unevenly spread."""
    chance = np.random.default_rng(1)
    sizes = np.clip(chance.lognormal(2.4, 0.9, 2056), 2, 115).astype(int)
    ill = set(chance.choice(2056, 428, replace=False).tolist())
    lines = ["image_name,patient_id,diagnosis,target"]
    for patient, size in enumerate(sizes):
        for i in range(size):
            melanoma = patient in ill and i < (2 if patient % 3 == 0 else 1)
            label = "melanoma,1" if melanoma else "unknown,0"
            lines.append(f"I{patient}_{i},P{patient},{label}")
    (tmp_path / "train.csv").write_text("\n".join(lines))
    out = tmp_path / "folds.csv"
    assert main(["folds", str(tmp_path), "--folds", "5", "--out", str(out)]) == 0
    table = pd.read_csv(out)
    patient = table["image"].str.extract(r"I(\d+)_")[0]
    assert len(table) == sizes.sum()
    assert table.groupby(patient)["fold"].nunique().max() == 1
    printed = capsys.readouterr().out
    (melanomas,) = (line for line in printed.splitlines() if line.startswith("melanomas"))
    counts = [int(count) for count in melanomas.split()[1:]]
    assert len(counts) == 5
    assert max(counts) - min(counts) <= 2
    (count,) = (line for line in printed.splitlines() if line.startswith("images a group"))
    means = [float(mean) for mean in count.split()[3:]]
    assert max(means) - min(means) < 0.05 * np.mean(means)


def test_the_seed_decides_and_nothing_else():
    first, again, other = (folds.assign(images(), 6, seed) for seed in (3, 3, 4))
    assert first.equals(again)
    assert not first.equals(other)


def test_two_folds_leave_nothing_to_learn_from():
    with pytest.raises(ValueError, match="three folds"):
        folds.assign(images(), 2, seed=0)


def test_too_few_groups_are_refused():
    with pytest.raises(ValueError, match="do not fill 6 folds"):
        folds.assign(images()[:12], 6, seed=0)


def test_a_source_without_melanomas_is_split_too():
    table = images()
    table.loc[table["source"] == "two", "target"] = 0
    assert folds.assign(table, 5, seed=0)["fold"].nunique() == 5


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("folds")
    return ingest(folder / "store", write_collection(folder / "set", patients()))


def test_frozen_folds_are_not_replaced_unasked(store, capsys):
    assert main(["folds", str(store.folder), "--folds", "3"]) == 0
    digest = store.folds_sha256()
    assert digest in capsys.readouterr().out
    assert main(["folds", str(store.folder), "--folds", "3"]) == 0
    assert main(["folds", str(store.folder), "--folds", "4"]) == 2
    assert "--replace" in capsys.readouterr().err
    assert store.folds_sha256() == digest
    assert main(["folds", str(store.folder), "--folds", "4", "--replace"]) == 0
    assert store.folds_sha256() != digest
    assert folds.of(store)["fold"].nunique() == 4


def test_folds_of_other_images_are_refused(store, tmp_path):
    rows = patients("other")
    other = ingest(tmp_path / "store", write_collection(tmp_path / "set", rows))
    with pytest.raises(StoreError, match="run `folds`"):
        folds.of(other)
    main(["folds", str(store.folder), "--folds", "3", "--replace"])
    (other.folder / "folds.csv").write_bytes((store.folder / "folds.csv").read_bytes())
    with pytest.raises(StoreError, match="--replace"):
        folds.of(other)
