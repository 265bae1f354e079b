"""Every known collection is read in our terms; what is wrong is named by its line."""

from pathlib import Path

import pytest

from ml.data.presets import PRESETS, SITES, Diagnosis
from ml.data.tables import Row, SourceError, open_root, recognise, rows

COLLECTIONS = {
    "siim-isic-2020": (
        {
            "train.csv": "image_name,patient_id,sex,age_approx,anatom_site_general_challenge,"
            "diagnosis,benign_malignant,target\na,IP_1,female,45.0,head/neck,melanoma,malignant,1\n"
            "b,IP_2,,,,lichenoid keratosis,benign,0\n",
            "test.csv": "image_name,patient_id\nc,IP_3\n",
        },
        [
            Row("a", "train", "IP_1", None, 1, Diagnosis.MELANOMA, 45.0, "female", "head/neck"),
            Row("b", "train", "IP_2", None, 0, Diagnosis.BKL, None, None, None),
            Row("c", "test", "IP_3", None, None, None, None, None, None),
        ],
    ),
    "isic-2019": (
        {
            "ISIC_2019_Training_GroundTruth.csv": "image,MEL,NV,BCC,AK,BKL,DF,VASC,SCC,UNK\n"
            "a,1.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0\nb,0.0,0.0,0.0,0.0,0.0,0.0,0.0,1.0,0.0\n",
            "ISIC_2019_Training_Metadata.csv": "image,age_approx,anatom_site_general,lesion_id,"
            "sex\nb,85.0,anterior torso,BCN_7,male\na,,,,\n",
        },
        [
            Row("a", "train", None, None, 1, Diagnosis.MELANOMA, None, None, None),
            Row("b", "train", None, "BCN_7", 0, Diagnosis.SCC, 85.0, "male", "torso"),
        ],
    ),
    "isic-2018": (
        {
            "ISIC2018_Task3_Training_GroundTruth.csv": "image,MEL,NV,BCC,AKIEC,BKL,DF,VASC\n"
            "a,0.0,0.0,0.0,1.0,0.0,0.0,0.0\n",
            "ISIC2018_Task3_Training_LesionGroupings.csv": "image,lesion_id,"
            "diagnosis_confirm_type\na,HAM_1,histopathology\n",
        },
        [Row("a", "train", None, "HAM_1", 0, Diagnosis.AK, None, None, None)],
    ),
    "isic-2017": (
        {
            "ISIC-2017_Training_Part3_GroundTruth.csv": "image_id,melanoma,seborrheic_keratosis\n"
            "a,0.0,1.0\nb,0.0,0.0\n",
            "ISIC-2017_Training_Data_metadata.csv": "image_id,age_approximate,sex\n"
            "a,85+,male\nb,unknown,unknown\n",
            "ISIC-2017_Test_v2_Part3_GroundTruth.csv": "image_id,melanoma,seborrheic_keratosis\n"
            "c,1.0,0.0\n",
        },
        [
            Row("a", "train", None, None, 0, Diagnosis.BKL, 85.0, "male", None),
            Row("b", "train", None, None, 0, Diagnosis.NEVUS, None, None, None),
            Row("c", "test", None, None, 1, Diagnosis.MELANOMA, None, None, None),
        ],
    ),
    "ham10000": (
        {
            "HAM10000_metadata.csv": "\ufefflesion_id,image_id,dx,dx_type,age,sex,localization\n"
            "HAM_1,a,akiec,histo,80.0,male,scalp\n\nHAM_1,b,nv,follow_up,0.0,unknown,unknown\n",
        },
        [
            Row("a", "train", None, "HAM_1", 0, Diagnosis.AK, 80.0, "male", "head/neck"),
            Row("b", "train", None, "HAM_1", 0, Diagnosis.NEVUS, 0.0, None, None),
        ],
    ),
    "plain": (
        {"labels.csv": "image,target,patient,site\na,1,P1,left ear lobe\nb,0,,\n"},
        [
            Row("a", "train", "P1", None, 1, Diagnosis.MELANOMA, None, None, "left ear lobe"),
            Row("b", "train", None, None, 0, Diagnosis.UNKNOWN, None, None, None),
        ],
    ),
}


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("key", COLLECTIONS)
def test_a_known_collection_is_read(tmp_path, key):
    files, expected = COLLECTIONS[key]
    root = open_root(write(tmp_path, files))
    preset = recognise(root)
    assert preset.key == key
    assert [row for _, row in rows(root, preset)] == expected


def test_every_preset_is_tried_above():
    assert {preset.key for preset in PRESETS} == set(COLLECTIONS)


def test_the_other_layout_of_isic_2017_is_known_too(tmp_path):
    write(tmp_path, {"labels.csv": "image_id,split,melanoma,seborrheic_keratosis\na,train,1,0\n"})
    assert recognise(tmp_path).key == "isic-2017"


def test_diagnoses_may_stand_in_place_of_a_target(tmp_path):
    write(tmp_path, {"labels.csv": "image_id,dx\na,mel\nb,basal cell carcinoma\nc,\n"})
    found = [(row.target, row.diagnosis) for _, row in rows(tmp_path, recognise(tmp_path))]
    assert found == [(1, Diagnosis.MELANOMA), (0, Diagnosis.BCC), (0, Diagnosis.UNKNOWN)]


def test_no_part_of_the_body_is_two():
    assert sum(len(names) for names in SITES.values()) == len(set().union(*SITES.values()))


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("a,P,nevus,0\na,P,nevus,0", "line 3: a stands there twice"),
        ("a,P,nevus,0\n../b,P,nevus,0", r"line 3: '\.\./b' is not the name of an image"),
        (",P,nevus,0", "line 2: '' is not the name"),
        ("a,P,nevus,0\n\nb,P,wart,0", "line 4: diagnosis is 'wart'"),
        ("a,P,nevus,2", "line 2: target is '2'"),
        ("a,P,nevus,", "line 2: target is ''"),
        ("a,P,nevus,1", "line 2: target is 1, but the diagnosis nevus"),
        ("a,P,melanoma,0", "line 2: target is 0, but the diagnosis melanoma"),
        ("a,P,nevus", "line 2: 3 values under 4 column names"),
        ("a,P,nevus,0,,", "line 2: 6 values under 4"),
        ('a,P,"nevus,0', "after line 2"),
        ("a,P\x00,nevus,0", "line 2: a NUL byte"),
    ],
)
def test_a_wrong_row_is_named(tmp_path, lines, says):
    write(tmp_path, {"train.csv": f"image_name,patient_id,diagnosis,target\n{lines}\n"})
    with pytest.raises(SourceError, match=rf"train\.csv, {says}"):
        list(rows(tmp_path, recognise(tmp_path)))


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("age", "old", "no age"),
        ("age", "-3", "no age"),
        ("age", "300", "no age"),
        ("sex", "f", "'f' is none of female, male, unknown"),
    ],
)
def test_wrong_facts_about_a_person_are_named(tmp_path, column, value, says):
    write(tmp_path, {"labels.csv": f"image,target,{column}\na,1,{value}\n"})
    with pytest.raises(SourceError, match=f"line 2: .*{says}"):
        list(rows(tmp_path, recognise(tmp_path)))


def test_a_text_that_is_no_utf8_is_named(tmp_path):
    (tmp_path / "labels.csv").write_bytes(b"image,target\na,1\n\xff,0\n")
    with pytest.raises(SourceError, match=r"labels\.csv, after line"):
        list(rows(tmp_path, recognise(tmp_path)))


def test_more_than_one_class_or_none_is_an_error(tmp_path):
    header = "image,MEL,NV,BCC,AKIEC,BKL,DF,VASC"
    groups = "image,lesion_id\na,1\n"
    for marked, says in (("1,1,0,0,0,0,0", "MEL and NV marked"), ("0,0,0,0,0,0,0", "none of its")):
        write(
            tmp_path,
            {
                "ISIC2018_Task3_Training_GroundTruth.csv": f"{header}\na,{marked}\n",
                "ISIC2018_Task3_Training_LesionGroupings.csv": groups,
            },
        )
        with pytest.raises(SourceError, match=says):
            list(rows(tmp_path, recognise(tmp_path)))


def test_a_column_that_a_split_needs_must_be_there(tmp_path):
    write(tmp_path, {"train.csv": "image_name,diagnosis,target\na,nevus,0\n"})
    with pytest.raises(SourceError, match=r"train\.csv has no column patient_id"):
        recognise(tmp_path)


def test_an_unknown_layout_names_what_was_looked_for(tmp_path):
    with pytest.raises(SourceError, match=r"no known layout; looked for train\.csv"):
        recognise(tmp_path)


def test_what_is_neither_folder_nor_zip_is_refused(tmp_path):
    (tmp_path / "x.zip").write_bytes(b"no zip")
    for path in (tmp_path / "x.zip", tmp_path / "gone"):
        with pytest.raises(SourceError, match="neither a folder nor a zip"):
            open_root(path)
