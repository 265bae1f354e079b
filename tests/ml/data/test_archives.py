"""One picture, the same bytes, from files, DICOM, TFRecords and zips of them."""

from contextlib import suppress
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ml.data import dicom, tfrecord
from ml.data.archives import form_of, locate, read
from ml.data.presets import Form
from ml.data.tables import SourceError, open_root, recognise
from tests.ml.data import competition

pytestmark = pytest.mark.training

WRITERS = {
    Form.FILES: competition.write_files,
    Form.DICOM: competition.write_dicoms,
    Form.TFRECORD: competition.write_tfrecords,
}


@pytest.fixture(scope="module")
def pictures():
    return competition.jpegs()


def collection(folder: Path, pictures, *forms: Form) -> Path:
    folder.mkdir()
    competition.write_tables(folder, list(pictures))
    for form in forms:
        WRITERS[form](folder, pictures)
    return folder


def everything(source: Path, form: Form | None = None) -> dict[str, bytes]:
    root = open_root(source)
    found = locate(root, source, recognise(root), form)
    return {row.image: read(place) for row, place in found if place}


@pytest.mark.parametrize("form", WRITERS)
def test_every_form_gives_the_same_bytes(tmp_path, pictures, form):
    folder = collection(tmp_path / "set", pictures, form)
    assert everything(folder) == pictures
    for deflated in (True, False):
        archive = competition.zipped(folder, tmp_path / f"{deflated}.zip", deflated=deflated)
        assert everything(archive) == pictures


def test_files_go_before_dicom_and_dicom_before_tfrecords(tmp_path, pictures):
    folder = collection(tmp_path / "set", pictures, *WRITERS)
    assert form_of(folder, recognise(folder)) == Form.FILES
    for form in Form:
        assert everything(folder, form) == pictures
    folder = collection(tmp_path / "two", pictures, Form.TFRECORD, Form.DICOM)
    assert form_of(folder, recognise(folder)) == Form.DICOM


def test_a_picture_that_is_not_there_has_no_place(tmp_path, pictures):
    folder = collection(tmp_path / "set", pictures, Form.FILES)
    (folder / "jpeg" / "train" / "ISIC_0000003.jpg").unlink()
    lacking = [row.image for row, place in locate(folder, folder, recognise(folder)) if not place]
    assert lacking == ["ISIC_0000003"]


def test_no_pictures_at_all_are_an_error(tmp_path, pictures):
    folder = collection(tmp_path / "set", pictures)
    with pytest.raises(SourceError, match=r"no pictures .*jpeg/train/\{\}\.jpg"):
        form_of(folder, recognise(folder))


def test_a_record_that_no_table_knows_is_an_error(tmp_path, pictures):
    folder = collection(tmp_path / "set", pictures, Form.TFRECORD)
    extra = competition.example({"image": b"x", "image_name": b"stranger"})
    (folder / "tfrecords" / "train99-1.tfrec").write_bytes(competition.record(extra))
    with pytest.raises(SourceError, match="no table has a row for stranger"):
        everything(folder)


def test_a_zip_member_with_another_checksum_is_broken_alone(tmp_path, pictures):
    folder = collection(tmp_path / "set", pictures, Form.FILES)
    archive = competition.zipped(folder, tmp_path / "set.zip", deflated=False)
    content = bytearray(archive.read_bytes())
    content[content.index(pictures["ISIC_0000005"]) + 500] ^= 1
    archive.write_bytes(content)
    root = open_root(archive)
    broken = []
    for row, place in locate(root, archive, recognise(root)):
        try:
            read(place)
        except OSError as error:
            broken.append((row.image, str(error)))
    ((image, says),) = broken
    assert image == "ISIC_0000005"
    assert "Bad CRC-32" in says


def test_a_truncated_zip_is_refused(tmp_path, pictures):
    folder = collection(tmp_path / "set", pictures, Form.FILES)
    archive = competition.zipped(folder, tmp_path / "set.zip")
    archive.write_bytes(archive.read_bytes()[:-100])
    with pytest.raises(SourceError, match="neither a folder nor a zip"):
        open_root(archive)


def test_pixels_of_a_plain_dicom_are_kept(pictures):
    jpeg = pictures["ISIC_0000000"]
    with Image.open(BytesIO(dicom.picture(competition.dicom(jpeg, encapsulated=False)))) as image:
        assert image.format == "PNG"
        with Image.open(BytesIO(jpeg)) as original:
            assert (np.asarray(image) == np.asarray(original)).all()


@pytest.mark.parametrize("data", [b"", b"no DICOM", bytes(200), bytes(128) + b"DICM" + bytes(50)])
def test_what_is_no_dicom_is_an_oserror(data):
    with pytest.raises(OSError, match="no picture to be had"):
        dicom.picture(data)


@given(st.lists(st.binary(max_size=300), max_size=5))
def test_records_come_back_in_order_and_by_their_offset(contents):
    file = BytesIO(b"".join(competition.record(content) for content in contents))
    found = list(tfrecord.records(file))
    assert [data for _, data in found] == contents
    for offset, data in found:
        assert tfrecord.record_at(file, offset) == data


@given(st.dictionaries(st.text(min_size=1, max_size=20), st.binary(max_size=400), min_size=1))
def test_features_come_back(features):
    features.pop("target", None)
    found = tfrecord.features(competition.example(features or {"a": b"b"}))
    assert found == (features or {"a": b"b"})


@given(st.binary(max_size=200))
def test_garbage_is_a_value_error_and_nothing_worse(data):
    for read_it in (tfrecord.features, lambda d: list(tfrecord.records(BytesIO(d)))):
        with suppress(ValueError):
            read_it(data)


def test_a_record_cut_short_is_named(tmp_path, pictures):
    folder = collection(tmp_path / "set", pictures, Form.TFRECORD)
    file = folder / "tfrecords" / "train00-10.tfrec"
    file.write_bytes(file.read_bytes()[:-50])
    with pytest.raises(SourceError, match=r"train00-10\.tfrec: cut short in the record at byte"):
        everything(folder)


def test_names_in_a_zip_lead_nowhere_else(tmp_path, pictures):
    """Nothing is unpacked, and only names that a table asks for are read."""
    folder = collection(tmp_path / "set", pictures, Form.FILES)
    archive = competition.zipped(folder, tmp_path / "set.zip")
    with ZipFile(archive, "a") as content:
        content.writestr("../../evil.jpg", b"x")
    before = sorted(tmp_path.rglob("*"))
    assert everything(archive) == pictures
    assert sorted(tmp_path.rglob("*")) == before
