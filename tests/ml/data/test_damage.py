"""Whatever is damaged is listed or refused by its name; nothing ends in a traceback."""

import os
import random
import signal
import struct
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from io import BytesIO
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread

from ml.__main__ import main
from ml.data import dicom, tfrecord
from ml.data.ingestion import open_source
from ml.data.reduction import reduce
from ml.data.store import Store, verify
from ml.data.tables import SourceError, recognise, rows
from ml.data.workers import die_with
from tests.ml.data import competition
from tests.ml.stores import ingest, patients, tiles, write_collection

pytestmark = pytest.mark.training

# Where the general flags and the method of compression stand in a zip's two headers.
LOCAL, CENTRAL = b"PK\x03\x04", b"PK\x01\x02"
FLAGS, METHOD = {LOCAL: 6, CENTRAL: 8}, {LOCAL: 8, CENTRAL: 10}
LENGTH = {LOCAL: 30, CENTRAL: 46}


@pytest.fixture(scope="module")
def pictures():
    return competition.jpegs()


@pytest.fixture
def folder(tmp_path, pictures) -> Path:
    """Return the competition with plain files."""
    (tmp_path / "set").mkdir()
    competition.write_tables(tmp_path / "set", list(pictures))
    competition.write_files(tmp_path / "set", pictures)
    return tmp_path / "set"


def change_headers(archive: Path, member: str, where: dict[bytes, int], value: int) -> None:
    """Write a number into both headers of one member of a zip."""
    content = bytearray(archive.read_bytes())
    for header, length in LENGTH.items():
        at = content.index(header)
        while content[at + length : at + length + len(member)] != member.encode():
            at = content.index(header, at + 1)
        struct.pack_into("<H", content, at + where[header], value)
    archive.write_bytes(content)


def damaged(content: bytes, chance: random.Random, begin: int, end: int) -> bytes:
    """Return a copy, sometimes cut short, with a few other bytes between two places."""
    copy = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        copy[chance.randrange(begin, end)] = chance.randrange(256)
    return bytes(copy[: chance.randrange(len(copy))] if chance.random() < 0.3 else copy)


@pytest.mark.parametrize(
    ("where", "value", "says"), [(METHOD, 99, "compression"), (FLAGS, 1, "encrypted")]
)
def test_a_picture_that_cannot_be_unpacked_is_listed(tmp_path, folder, where, value, says):
    archive = competition.zipped(folder, tmp_path / "set.zip")
    change_headers(archive, "jpeg/train/ISIC_0000003.jpg", where, value)
    store = ingest(tmp_path / "store", archive)
    (problem,) = store.problems().itertuples()
    assert problem.image == "ISIC_0000003"
    assert says in problem.reason
    assert len(store.manifest()) == 23


@pytest.mark.parametrize(("where", "value"), [(METHOD, 99), (FLAGS, 1)])
def test_a_table_that_cannot_be_unpacked_is_named(tmp_path, folder, where, value):
    archive = competition.zipped(folder, tmp_path / "set.zip")
    change_headers(archive, "train.csv", where, value)
    with pytest.raises(SourceError, match=r"set\.zip/train\.csv"):
        open_source(archive)


def test_a_table_with_another_checksum_is_named(tmp_path, folder, capsys):
    archive = competition.zipped(folder, tmp_path / "set.zip", deflated=False)
    archive.write_bytes(archive.read_bytes().replace(b",IP_3,", b",IP_9,", 1))
    assert main(["ingest", str(archive), "--out", str(tmp_path / "store")]) == 2
    assert "set.zip/train.csv" in capsys.readouterr().err


def test_records_with_another_checksum_are_named(tmp_path, pictures, capsys):
    (tmp_path / "set").mkdir()
    competition.write_tables(tmp_path / "set", list(pictures))
    competition.write_tfrecords(tmp_path / "set", pictures)
    archive = competition.zipped(tmp_path / "set", tmp_path / "set.zip", deflated=False)
    content = bytearray(archive.read_bytes())
    content[content.index(pictures["ISIC_0000002"]) + 900] ^= 1
    archive.write_bytes(content)
    assert main(["ingest", str(archive), "--out", str(tmp_path / "store")]) == 2
    assert "tfrecords/train00-10.tfrec: Bad CRC-32" in capsys.readouterr().err


@pytest.mark.filterwarnings("ignore")  # pydicom has a lot to say about these
@pytest.mark.parametrize("encapsulated", [True, False])
def test_a_damaged_dicom_is_an_oserror_at_worst(pictures, encapsulated):
    whole = competition.dicom(pictures["ISIC_0000000"], encapsulated=encapsulated)
    chance, read, refused = random.Random(0), 0, 0
    for _ in range(1500):
        try:
            dicom.picture(damaged(whole, chance, 128, whole.index(b"\xe0\x7f\x10\x00") + 24))
            read += 1
        except OSError:
            refused += 1
    assert read > 100
    assert refused > 500


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_damaged_picture_is_an_oserror_at_worst(kind):
    file = BytesIO()
    tiles()[0].resize((64, 64)).save(file, kind)
    whole, chance, refused = file.getvalue(), random.Random(0), 0
    for _ in range(1000):
        try:
            reduce(damaged(whole, chance, 0, len(whole)), (32,))
        except OSError:
            refused += 1
    assert refused > 100


def test_the_first_frame_of_several_is_taken(pictures):
    dataset = dcmread(BytesIO(competition.dicom(pictures["ISIC_0000000"], encapsulated=False)))
    first = dataset.pixel_array
    dataset.NumberOfFrames = 2
    dataset.PixelData += bytes(len(dataset.PixelData))
    file = BytesIO()
    dataset.save_as(file)
    with Image.open(BytesIO(dicom.picture(file.getvalue()))) as image:
        assert (np.asarray(image) == first).all()


def test_pixels_of_sixteen_bits_are_refused(pictures):
    dataset = dcmread(BytesIO(competition.dicom(pictures["ISIC_0000000"], encapsulated=False)))
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit = 15
    dataset.PixelData = dataset.PixelData * 2
    file = BytesIO()
    dataset.save_as(file)
    with pytest.raises(OSError, match="pixels of uint16"):
        dicom.picture(file.getvalue())


def test_a_number_that_never_ends_is_given_up_at_once():
    """Each further digit costs more than the one before; 200,000 of them took a second."""
    began = time.perf_counter()
    with pytest.raises(ValueError, match="no tf"):
        tfrecord.features(b"\xff" * 5_000_000)
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("image,target,patient\na,1,P\0\n", "line 2: a NUL byte"),
        ("image,target\na.jpg,1\n", r"line 2: 'a\.jpg' is not the name .*without .*extension"),
        ("image,target\n..,1\n", r"line 2: '\.\.' is not the name"),
        ('image,target\n"a\nb",1\n', "line 3: .* is not the name"),
        ("image,target,target\na,1,0\n", "line 1: two columns target"),
        ('image,target,"patient\n' + "a,1,P\n" * 40_000, "line 1: field larger"),
    ],
)
def test_odd_tables_are_named(tmp_path, text, says):
    (tmp_path / "labels.csv").write_text(text)
    with pytest.raises(SourceError, match=rf"labels\.csv, {says}"):
        list(rows(tmp_path, recognise(tmp_path)))


def test_columns_without_a_name_do_no_harm(tmp_path):
    (tmp_path / "labels.csv").write_text("image,target,,\na,1,,\n")
    assert len(list(rows(tmp_path, recognise(tmp_path)))) == 1


@pytest.mark.parametrize(
    ("lines", "says"), [("a\n", "line 2: 1 values under 2"), ('"a,b\n', "after line")]
)
def test_a_wrong_list_of_duplicates_is_named_before_the_work_begins(folder, lines, says):
    name = "ISIC_2020_Training_Duplicates.csv"
    (folder / name).write_text("image_name_1,image_name_2\n" + lines)
    with pytest.raises(SourceError, match=f"{name}, {says}"):
        open_source(folder)


def test_a_joined_table_may_not_change_while_the_work_goes_on(tmp_path, capsys):
    folder = tmp_path / "set"
    (folder / "ISIC2018_Task3_Training_Input").mkdir(parents=True)
    header = "image,MEL,NV,BCC,AKIEC,BKL,DF,VASC"
    (folder / "ISIC2018_Task3_Training_GroundTruth.csv").write_text(f"{header}\na,0,1,0,0,0,0,0\n")
    groups = folder / "ISIC2018_Task3_Training_LesionGroupings.csv"
    groups.write_text("image,lesion_id\na,HAM_1\n")
    tiles()[0].save(folder / "ISIC2018_Task3_Training_Input" / "a.jpg")
    assert ingest(tmp_path / "store", folder).manifest()["lesion"].tolist() == ["HAM_1"]
    groups.write_text("image,lesion_id\na,HAM_2\n")
    assert main(["ingest", str(folder), "--out", str(tmp_path / "store")]) == 2
    assert "was begun with other sources" in capsys.readouterr().err


def test_checksums_that_were_cut_short_are_noticed(tmp_path):
    store = ingest(tmp_path / "store", write_collection(tmp_path / "set", patients()[:1]))
    sums = store.folder / "SHA256SUMS"
    whole = sums.read_text().splitlines(keepends=True)
    assert verify(store.folder) == []
    for lines in range(len(whole)):
        sums.write_text("".join(whole[:lines]))
        assert verify(store.folder) == ["SHA256SUMS is not what it was: copy it again"]


def test_a_table_without_rows_makes_an_empty_store(tmp_path):
    folder = write_collection(tmp_path / "set", patients()[:1])
    (folder / "labels.csv").write_text("image,target\n")
    assert len(ingest(tmp_path / "store", folder).manifest()) == 0
    assert verify(tmp_path / "store") == []


def test_interrupted_it_says_how_to_go_on(tmp_path):
    folder = write_collection(tmp_path / "set", patients())
    for n in range(800):
        (folder / f"more{n}.jpg").hardlink_to(folder / "i0.jpg")
    with (folder / "labels.csv").open("a") as table:
        table.writelines(f"more{n},0,P{n}\n" for n in range(800))
    command = [sys.executable, "-m", "ml", "ingest", str(folder), "--out", str(tmp_path / "store")]
    command += ["--processes", "1", "--size", "128"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        shard, deadline = tmp_path / "store" / "shard-00000.tar.part", time.monotonic() + 60
        while not (shard.exists() and shard.stat().st_size) and time.monotonic() < deadline:
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGINT)
        _, says = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "the same command goes on from here" in says
    subprocess.run(command, check=True, capture_output=True)
    assert len(Store(tmp_path / "store").manifest()) == 824


def test_a_process_that_is_interrupted_ends_without_a_word(capfd):
    with ProcessPoolExecutor(
        1, get_context("spawn"), initializer=die_with, initargs=(os.getpid(),)
    ) as pool:
        worker = pool.submit(os.getpid).result()
        os.kill(worker, signal.SIGINT)
        with pytest.raises(BrokenProcessPool):
            pool.submit(time.sleep, 30).result()
    assert capfd.readouterr().err == ""
