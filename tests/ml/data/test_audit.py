"""The leak gate is green on clean folds, and red with the right names for whatever is planted."""

import csv

import pytest

from ml.__main__ import main
from ml.data.audit import audit
from ml.data.store import FOLD_COLUMNS, FOLDS, OFFICIAL_DUPLICATES, Store
from tests.ml.stores import ingest, patients, write_collection

pytestmark = pytest.mark.training


@pytest.fixture
def rows():
    return patients()


def store_of(tmp_path, rows, *more) -> Store:
    """Return a store of a collection and more, with folds but not cleaned."""
    sources = [write_collection(tmp_path / "set", rows)]
    sources += [write_collection(tmp_path / f"set{i}", some) for i, some in enumerate(more)]
    store = ingest(tmp_path / "store", *sources)
    assert main(["folds", str(store.folder), "--folds", "3"]) == 0
    return store


def move(store: Store, image: str, fold: int) -> None:
    """Put one image into another fold, as if by a mistake."""
    table = store.folds()
    table.loc[table["image"] == image, "fold"] = fold
    with (store.folder / FOLDS).open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(FOLD_COLUMNS)
        out.writerows(table.itertuples(index=False))


def parted(store: Store, image: str, other: str) -> None:
    """See to it that two images are in two folds."""
    fold = store.folds().set_index("image")["fold"]
    if fold[image] == fold[other]:
        move(store, image, (fold[other] + 1) % 3)


def test_clean_folds_are_green(tmp_path, rows, capsys):
    store = store_of(tmp_path, rows)
    assert audit(store) == []
    assert main(["audit", str(store.folder)]) == 0
    assert store.folds_sha256() in capsys.readouterr().out


def test_a_patient_in_two_folds_is_named(tmp_path, rows, capsys):
    store = store_of(tmp_path, rows)
    fold = store.folds().set_index("image")["fold"]
    move(store, "i6", (fold["i6"] + 1) % 3)
    (finding,) = audit(store)
    assert finding.kind == "patient"
    assert "P3" in finding.says
    assert finding.images == ("set/i6", "set/i7")
    assert main(["audit", str(store.folder)]) == 1
    assert "set/i6, set/i7" in capsys.readouterr().out


def test_a_lesion_in_two_folds_is_named(tmp_path, rows):
    rows = [({**row, "patient": "", "lesion": row["patient"]}, tile) for row, tile in rows]
    store = store_of(tmp_path, rows)
    fold = store.folds().set_index("image")["fold"]
    move(store, "i6", (fold["i6"] + 1) % 3)
    (finding,) = audit(store)
    assert (finding.kind, finding.images) == ("lesion", ("set/i6", "set/i7"))


def test_a_resized_copy_with_another_id_is_named(tmp_path, rows):
    rows.append(({"image": "smaller", "target": 0, "patient": "Q"}, rows[8][1].resize((80, 80))))
    store = store_of(tmp_path, rows)
    parted(store, "smaller", "i8")
    (finding,) = audit(store)
    assert (finding.kind, finding.images) == ("near copy", ("set/i8", "set/smaller"))


def test_a_copy_encoded_again_with_another_id_is_named(tmp_path, rows):
    folder = write_collection(tmp_path / "again", rows[:1])
    rows[10][1].save(folder / "again.jpg", quality=40)
    with (folder / "labels.csv").open("a") as table:
        table.write("again,0,Q\n")
    set_ = write_collection(tmp_path / "set", rows[1:])
    store = ingest(tmp_path / "store", set_, folder)
    assert main(["folds", str(store.folder), "--folds", "3"]) == 2  # too few of "again"
    findings = [str(finding) for finding in audit(store) if finding.kind == "near copy"]
    assert len(findings) == 1
    assert "(set/i10, again/again)" in findings[0]


def test_the_same_file_under_another_name_is_named(tmp_path, rows):
    rows.append(({"image": "twin", "target": 0, "patient": "Q"}, rows[4][1]))
    store = store_of(tmp_path, rows)
    parted(store, "twin", "i4")
    (finding,) = audit(store)
    assert (finding.kind, finding.images) == ("exact copy", ("set/i4", "set/twin"))


def test_a_copy_within_a_fold_is_no_leak(tmp_path, rows):
    rows.append(({"image": "twin", "target": 0, "patient": "P2"}, rows[4][1]))
    assert audit(store_of(tmp_path, rows)) == []


def test_an_id_that_stands_in_two_sets_is_named(tmp_path, rows):
    others = [({**row, "patient": f"Q{i}"}, tile.rotate(180)) for i, (row, tile) in enumerate(rows)]
    others = [({**row, "image": f"j{i}"}, tile) for i, (row, tile) in enumerate(others)]
    others[5] = ({**others[5][0], "image": "i5"}, others[5][1])
    findings = audit(store_of(tmp_path, rows, others))
    assert [(f.kind, f.images) for f in findings] == [("image", ("set/i5", "set0/i5"))]


def test_a_pair_of_the_official_list_in_two_folds_is_named(tmp_path, rows):
    store = store_of(tmp_path, rows)
    (store.folder / OFFICIAL_DUPLICATES).write_text(
        "source,image_1,image_2\nset,i0,i9\nset,i1,gone\n"
    )
    parted(store, "i0", "i9")
    kinds = {finding.kind: finding.images for finding in audit(store)}
    assert kinds["official duplicate"] == ("set/i0", "set/i9")


def test_a_patient_of_the_official_test_set_is_named(tmp_path):
    folder = tmp_path / "siim"
    write_collection(folder / "jpeg" / "train", patients())
    lines = ["image_name,patient_id,diagnosis,target"]
    for row, _ in patients():
        label = "melanoma,1" if row["target"] else "nevus,0"
        lines.append(f"{row['image']},{row['patient']},{label}")
    (folder / "train.csv").write_text("\n".join(lines))
    (folder / "test.csv").write_text("image_name,patient_id\nunseen,P7\nother,P99\n")
    store = ingest(tmp_path / "store", folder)
    assert main(["folds", str(store.folder), "--folds", "3"]) == 0
    (finding,) = audit(store)
    assert finding.kind == "patient"
    assert "P7" in finding.says
    assert "official test set" in finding.says
    assert "siim-isic-2020/unseen" in finding.images


def test_no_folds_are_a_finding(tmp_path, rows):
    store = ingest(tmp_path / "store", write_collection(tmp_path / "set", rows))
    (finding,) = audit(store)
    assert finding.kind == "folds"
    assert main(["audit", str(store.folder)]) == 1


def test_no_store_is_an_error(tmp_path, capsys):
    assert main(["audit", str(tmp_path)]) == 2
    assert "is no store" in capsys.readouterr().err
