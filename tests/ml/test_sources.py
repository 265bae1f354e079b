"""Reading the known collections, and splitting them."""

import csv
from pathlib import Path

import pytest
from PIL import Image

from ml import sources


def make(folder: Path, table: str, pictures: str, rows: list[dict], absent: set = frozenset()):
    """Write a collection whose first column names the images."""
    (folder / pictures).mkdir(parents=True, exist_ok=True)
    with (folder / table).open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    for row in rows:
        image = row.get("image_id") or row.get("image_name")
        if image not in absent:
            Image.new("RGB", (8, 8)).save(folder / pictures / f"{image}.jpg")
    return folder


def ham(folder: Path, **changes) -> Path:
    rows = [
        {"lesion_id": "L1", "image_id": "a", "dx": "mel"},
        {"lesion_id": "L1", "image_id": "b", "dx": "mel"},
        {"lesion_id": "L2", "image_id": "c", "dx": "bcc"},
    ]
    rows[-1] |= changes
    return make(folder, "HAM10000_metadata.csv", "images", rows)


def test_ham10000(tmp_path):
    read = sources.read(ham(tmp_path))
    assert read.source.name == "HAM10000"
    assert [(s.image, s.target) for s in read.samples] == [("a", 1), ("b", 1), ("c", 0)]
    assert len({s.group for s in read.samples}) == 2
    assert read.missing == ()


def test_isic_2017_has_no_groups(tmp_path):
    rows = [{"image_id": "a", "melanoma": "1"}, {"image_id": "b", "melanoma": "0"}]
    read = sources.read(make(tmp_path, "labels.csv", "images", rows))
    assert read.source.name == "ISIC 2017"
    assert len({s.group for s in read.samples}) == 2


def test_siim_with_pictures_missing(tmp_path):
    rows = [
        {"image_name": "a", "patient_id": "P1", "target": "1"},
        {"image_name": "b", "patient_id": "P1", "target": "0"},
        {"image_name": "c", "patient_id": "P2", "target": "0"},
    ]
    read = sources.read(make(tmp_path, "train.csv", "jpeg/train", rows, absent={"b"}))
    assert read.source.name == "SIIM-ISIC 2020"
    assert read.missing == ("b",)
    assert [s.target for s in read.samples] == [1, 0]


def test_an_unknown_folder_is_told_what_was_looked_for(tmp_path):
    with pytest.raises(sources.SourceError, match=r"HAM10000_metadata\.csv"):
        sources.read(tmp_path)


def test_a_lacking_column_is_named(tmp_path):
    make(tmp_path, "train.csv", "jpeg/train", [{"image_name": "a", "target": "1"}])
    with pytest.raises(sources.SourceError, match="no column patient_id"):
        sources.read(tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dx": "melanoma?"}, "line 4: dx is 'melanoma\\?'"),
        ({"dx": ""}, "line 4: dx is ''"),
        ({"image_id": "a"}, "line 4: a stands there twice"),
    ],
)
def test_a_wrong_row_is_named_with_its_line(tmp_path, changes, message):
    with pytest.raises(sources.SourceError, match=message):
        sources.read(ham(tmp_path, **changes))


@pytest.mark.parametrize("name", ["../a", "", "/etc/passwd"])
def test_an_image_name_cannot_lead_out_of_the_folder(tmp_path, name):
    (tmp_path / "images").mkdir()
    (tmp_path / "labels.csv").write_text(f"image_id,melanoma\n{name},1\n")
    with pytest.raises(sources.SourceError, match="not the name of an image"):
        sources.read(tmp_path)


def test_a_table_without_any_picture_is_an_error(tmp_path):
    (tmp_path / "labels.csv").write_text("image_id,melanoma\na,1\n")
    with pytest.raises(sources.SourceError, match="none of its pictures"):
        sources.read(tmp_path)


def samples(n: int) -> list[sources.Sample]:
    """Three pictures of each lesion, every fifth lesion a melanoma, two clinics."""
    return [
        sources.Sample(f"i{i}", f"s{i // 3 % 2}", f"g{i // 3}", int(i // 3 % 5 == 0), Path(f"{i}"))
        for i in range(n)
    ]


def test_a_fingerprint_knows_labels_but_not_order():
    some = samples(30)
    assert sources.fingerprint(some) == sources.fingerprint(some[::-1])
    other = sources.Sample("i0", "s0", "g0", 0, Path("0"))
    assert sources.fingerprint(some) != sources.fingerprint([other, *some[1:]])
