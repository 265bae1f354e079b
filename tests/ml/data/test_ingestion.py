"""A store depends on what it is made of, and on nothing else."""

import os
import random
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest

from ml.__main__ import main
from ml.data.store import Store, verify
from tests.ml.data import competition
from tests.ml.stores import ingest, patients, tiles, write_collection

pytestmark = pytest.mark.training

KILLS = int(os.environ.get("NAEVUS_KILLS", "12"))


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def run(*arguments: object) -> int:
    return main(["ingest", *(str(argument) for argument in arguments), "--processes", "2"])


@pytest.fixture(scope="module")
def competitions(tmp_path_factory):
    """The same pictures as files, as DICOM, as TFRecords, and as a zip of all three."""
    folder = tmp_path_factory.mktemp("competition")
    pictures = competition.jpegs()
    writers = {
        "files": competition.write_files,
        "dicom": competition.write_dicoms,
        "tfrecord": competition.write_tfrecords,
    }
    (folder / "all").mkdir()
    for name, write in writers.items():
        (folder / name).mkdir()
        competition.write_tables(folder / name, list(pictures))
        write(folder / name, pictures)
        write(folder / "all", pictures)
    competition.write_tables(folder / "all", list(pictures))
    pairs = "image_name_1,image_name_2\nISIC_0000001,ISIC_0000002\n"
    (folder / "all" / "ISIC_2020_Training_Duplicates.csv").write_text(pairs)
    competition.zipped(folder / "all", folder / "all.zip")
    return folder


def test_three_forms_have_one_manifest(competitions, tmp_path):
    stores = {}
    for name in ("files", "dicom", "tfrecord"):
        assert run(competitions / name, "--out", tmp_path / name) == 0
        assert run(competitions / "all.zip", "--form", name, "--out", tmp_path / f"z-{name}") == 0
        stores |= {key: contents(tmp_path / key) for key in (name, f"z-{name}")}
    for part in ("manifest.parquet", "problems.csv", "shard-00000.tar"):
        assert len({store[part] for store in stores.values()}) == 1, part
    manifest = Store(tmp_path / "files").manifest()
    assert len(manifest) == 24
    assert manifest["split"].value_counts().to_dict() == {"train": 20, "test": 4}
    assert manifest["target"].sum() == 5
    assert manifest["target"].isna().sum() == 4
    assert manifest["patient"].nunique() == 14
    pairs = Store(tmp_path / "z-dicom").official_duplicates()
    assert pairs.to_dict("records") == [
        {"source": "siim-isic-2020", "image_1": "ISIC_0000001", "image_2": "ISIC_0000002"}
    ]


def test_pictures_are_where_the_manifest_says(competitions, tmp_path):
    assert run(competitions / "files", "--out", tmp_path / "s", "--size", 128, "--size", 64) == 0
    store = Store(tmp_path / "s")
    images = store.manifest()
    with tarfile.open(tmp_path / "s" / "shard-00000.tar") as tar:
        for size in (128, 64):
            for row, jpeg in zip(images.itertuples(), store.pictures(images, size), strict=True):
                member = f"siim-isic-2020/{row.image}.{size}.jpg"
                assert tar.extractfile(member).read() == jpeg
    assert [store.size_for(size) for size in (32, 64, 65, 500, None)] == [64, 64, 128, 128, 128]


def test_missing_and_broken_pictures_are_listed_and_stop_nothing(tmp_path):
    folder = write_collection(tmp_path / "set", patients())
    (folder / "i3.jpg").unlink()
    (folder / "i5.jpg").write_bytes(b"no picture")
    (folder / "i7.jpg").write_bytes((folder / "i7.jpg").read_bytes()[:900])
    store = ingest(tmp_path / "store", folder)
    assert len(store.manifest()) == 21
    problems = dict(zip(store.problems()["image"], store.problems()["reason"], strict=True))
    assert problems.keys() == {"i3", "i5", "i7"}
    assert problems["i3"] == "missing"
    assert problems["i5"] == "broken: not a JPEG, PNG or WebP picture"
    assert "truncated" in problems["i7"]


def test_wrong_tables_stop_it_before_anything_is_written(tmp_path, capsys):
    folder = write_collection(tmp_path / "set", patients())
    with (folder / "labels.csv").open("a") as table:
        table.write("i3,0,P9\n")
    assert run(folder, "--out", tmp_path / "store") == 2
    assert "labels.csv, line 26: i3 stands there twice" in capsys.readouterr().err
    assert not (tmp_path / "store").exists()


def test_processes_and_limits_change_no_picture(tmp_path):
    folder = write_collection(tmp_path / "set", patients())
    main(["ingest", str(folder), "--out", str(tmp_path / "one"), "--processes", "1"])
    assert run(folder, "--out", tmp_path / "two") == 0
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert run(folder, "--out", tmp_path / "many", "--shard-images", 5) == 0
    assert len(list((tmp_path / "many").glob("shard-*.tar"))) == 5
    one, many = Store(tmp_path / "one"), Store(tmp_path / "many")
    assert list(one.pictures(one.manifest())) == list(many.pictures(many.manifest()))


def test_a_finished_store_is_not_made_again(tmp_path):
    folder = write_collection(tmp_path / "set", patients())
    assert run(folder, "--out", tmp_path / "store") == 0
    before = contents(tmp_path / "store")
    shutil.rmtree(folder)
    write_collection(tmp_path / "set", patients())
    assert run(folder, "--out", tmp_path / "store") == 0
    assert contents(tmp_path / "store") == before


@pytest.mark.parametrize("change", ["size", "table", "source"])
def test_a_store_does_not_go_on_with_something_else(tmp_path, capsys, change):
    folder = write_collection(tmp_path / "set", patients())
    assert run(folder, "--out", tmp_path / "store") == 0
    size, sources = 256, [folder]
    if change == "size":
        size = 128
    elif change == "table":
        with (folder / "labels.csv").open("a") as table:
            table.write("new,0,P9\n")
    else:
        sources.append(write_collection(tmp_path / "more", patients("j")))
    assert run(*sources, "--out", tmp_path / "store", "--size", size) == 2
    assert "was begun with other" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "name at least one SOURCE"),
        (["SET", "SET"], "given twice: set"),
        (["SET", "--size", "8"], "32 pixels"),
        (["SET", "--shard-mb", "2000"], "1 to 1000"),
        (["SET", "--shard-images", "0"], "counts begin at 1"),
        (["/nowhere"], "neither a folder nor a zip"),
    ],
)
def test_wrong_arguments_are_named(tmp_path, capsys, arguments, says):
    folder = write_collection(tmp_path / "set", patients())
    arguments = [str(folder) if argument == "SET" else argument for argument in arguments]
    assert run(*arguments, "--out", tmp_path / "store") == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize("damage", ["missing", "changed", "shorter", "no sums"])
def test_a_damaged_copy_is_named(tmp_path, capsys, damage):
    store = ingest(tmp_path / "store", write_collection(tmp_path / "set", patients()))
    assert main(["ingest", "--verify", "--out", str(store.folder)]) == 0
    file = store.folder / ("SHA256SUMS" if damage == "no sums" else "shard-00000.tar")
    content = file.read_bytes()
    if damage in {"missing", "no sums"}:
        file.unlink()
    else:
        file.write_bytes(content[:-1] if damage == "shorter" else b"x" + content[1:])
    capsys.readouterr()
    assert main(["ingest", "--verify", "--out", str(store.folder)]) == 1
    assert file.name in capsys.readouterr().err
    assert len(verify(store.folder)) == 1


def test_killed_at_any_moment_it_comes_to_the_same_store(tmp_path):
    """SIGKILL of the whole group or of the leading process alone; NAEVUS_KILLS sets how often."""
    rows = [
        ({"image": f"{n}-{i}", "target": i % 2}, tile.rotate(n, expand=False))
        for n in range(30)
        for i, tile in enumerate(tiles())
    ]
    folder = write_collection(tmp_path / "set", rows)
    (folder / "3-4.jpg").unlink()
    arguments = [str(folder), "--shard-mb", "1", "--size", "96", "--size", "64"]
    command = [sys.executable, "-m", "ml", "ingest", *arguments, "--processes", "2", "--out"]
    began = time.monotonic()
    subprocess.run([*command, str(tmp_path / "whole")], check=True, capture_output=True)
    took = time.monotonic() - began
    expected = contents(tmp_path / "whole")
    assert len(expected) > 6
    chance, killed, out = random.Random(7), 0, tmp_path / "again"
    journal, reached = out / "journal.jsonl", []
    for _ in range(3 * KILLS):
        process = subprocess.Popen(
            [*command, str(out)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        # Every other kill waits for work rather than for time: on a busy machine
        # the start-up alone may take longer than the undisturbed run did.
        if killed % 2:
            _wait_for_lines(process, journal, lines_in(journal) + chance.randint(1, 12))
        else:
            time.sleep(chance.uniform(0.2, 0.9) * took)
        if process.poll() is not None:
            assert contents(out) == expected
            shutil.rmtree(out)
            continue
        if chance.random() < 0.5:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        process.wait()
        reached.append(lines_in(journal))
        killed += 1
        if killed == KILLS:
            break
    assert killed == KILLS
    assert any(reached)
    subprocess.run([*command, str(out)], check=True, capture_output=True)
    assert contents(out) == expected
    names = Store(out).manifest()["image"]
    assert names.is_unique
    assert len(names) == len(rows) - 1
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and _still_running(str(out)):
        time.sleep(0.1)
    assert not _still_running(str(out))


def lines_in(journal: Path) -> int:
    return journal.read_bytes().count(b"\n") if journal.exists() else 0


def _wait_for_lines(process: subprocess.Popen, journal: Path, lines: int) -> None:
    while process.poll() is None and lines_in(journal) < lines:
        time.sleep(0.002)


def _still_running(out: str) -> list[str]:
    """Return the processes of this test that outlived their parent (Linux)."""
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = process.read_bytes().decode(errors="replace")
            parent = (process.parent / "stat").read_text().rpartition(")")[2].split()[1]
        except OSError:
            continue
        if out in command or ("multiprocessing" in command and parent == "1"):
            found.append(command)
    return found


def test_two_do_not_write_at_once(tmp_path, capsys):
    from ml.data.journal import Journal

    folder = write_collection(tmp_path / "set", patients())
    (tmp_path / "store").mkdir()
    other = Journal(tmp_path / "store" / "journal.jsonl")
    assert run(folder, "--out", tmp_path / "store") == 2
    assert "another ingest is writing" in capsys.readouterr().err
    other.close()
    assert run(folder, "--out", tmp_path / "store") == 0
