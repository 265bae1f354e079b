"""What goes, what stays in its place, and why."""

import pytest

from ml.__main__ import main
from ml.data.audit import audit
from ml.data.store import OFFICIAL_DUPLICATES, Store
from tests.ml.stores import ingest, patients, write_collection

pytestmark = pytest.mark.training


def removed(store: Store) -> dict[str, tuple[str, str]]:
    """Clean, and return the reason and the image that was kept, by image."""
    assert main(["clean", str(store.folder)]) == 0
    return {row.image: (row.reason, row.kept_image) for row in store.removed().itertuples()}


def test_of_copies_the_largest_stays(tmp_path):
    rows = patients()
    rows[8] = (rows[8][0], rows[8][1].resize((320, 320)))
    rows.insert(0, ({"image": "small", "target": 0, "patient": "Q"}, rows[8][1].resize((80, 80))))
    rows.append(({"image": "twin", "target": 0, "patient": "R"}, rows[5][1]))
    store = ingest(tmp_path / "store", write_collection(tmp_path / "set", rows))
    assert removed(store) == {"small": ("near copy", "i8"), "twin": ("exact copy", "i4")}
    assert len(store.images()) == len(store.manifest()) - 2 == 24


def test_copies_that_contradict_each_other_all_go(tmp_path):
    rows = patients()
    rows.append(({"image": "twin", "target": 1, "patient": "R"}, rows[4][1]))
    store = ingest(tmp_path / "store", write_collection(tmp_path / "set", rows))
    reason = "copies with contradicting labels"
    assert removed(store) == {"i4": (reason, ""), "twin": (reason, "")}


def test_an_image_of_two_collections_stays_in_the_first(tmp_path):
    others = [({**row, "patient": f"Q{i}"}, tile) for i, (row, tile) in enumerate(patients("j"))]
    others = [(row, tile.rotate(180)) for row, tile in others]
    others[3] = ({**others[3][0], "image": "i3"}, others[3][1])
    folders = [
        write_collection(tmp_path / name, rows)
        for name, rows in (("one", patients()), ("two", others))
    ]
    store = ingest(tmp_path / "store", *folders)
    assert removed(store) == {"i3": ("in two collections", "i3")}
    assert store.removed()["source"].tolist() == ["two"]


def test_the_official_list_is_followed(tmp_path):
    store = ingest(tmp_path / "store", write_collection(tmp_path / "set", patients()))
    (store.folder / OFFICIAL_DUPLICATES).write_text(
        "source,image_1,image_2\nset,i2,i9\nset,i1,gone\n"
    )
    assert removed(store) == {"i9": ("on the official list of duplicates", "i2")}


def test_a_copy_of_an_official_test_image_is_not_learnt_from(tmp_path):
    folder = tmp_path / "isic"
    rows = patients()
    write_collection(folder / "ISIC-2017_Training_Data", rows)
    write_collection(
        folder / "ISIC-2017_Test_v2_Data", [({"image": "held"}, rows[7][1].resize((300, 300)))]
    )
    lines = [f"{row['image']},{row['target']},0" for row, _ in rows]
    header = "image_id,melanoma,seborrheic_keratosis"
    for part, some in (("Training", lines), ("Test_v2", ["held,0,0"])):
        file = folder / f"ISIC-2017_{part}_Part3_GroundTruth.csv"
        file.write_text("\n".join([header, *some]))
    store = ingest(tmp_path / "store", folder)
    assert removed(store) == {"i7": ("copy of an official test image", "held")}


def test_cleaning_again_changes_nothing_and_makes_the_audit_green(tmp_path):
    rows = patients()
    rows.append(({"image": "twin", "target": 0, "patient": "R"}, rows[4][1].resize((100, 100))))
    store = ingest(tmp_path / "store", write_collection(tmp_path / "set", rows))
    first = removed(store)
    assert first == removed(store) == {"twin": ("near copy", "i4")}
    assert main(["folds", str(store.folder), "--folds", "3"]) == 0
    assert audit(store) == []


def test_nothing_to_remove_is_fine(tmp_path, capsys):
    store = ingest(tmp_path / "store", write_collection(tmp_path / "set", patients()))
    assert removed(store) == {}
    assert "0 removed in all" in capsys.readouterr().out
    assert len(store.images()) == 24
