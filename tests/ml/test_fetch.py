"""``python -m ml fetch``, against a stand-in for Kaggle and for its client."""

import random
import shutil
import signal
import subprocess
import sys
import time
from io import BytesIO
from zipfile import ZIP_STORED, BadZipFile, ZipFile

import pytest

from ml.__main__ import main
from ml.data import fetch
from tests.local.running import ROOT
from tests.ml.kaggle_site import COMPETITION, Site, write_client

NAME = f"{COMPETITION}.zip"


def zipped(size: int, seed: int = 0) -> bytes:
    """Return a zip of ten members of random bytes."""
    made = BytesIO()
    with ZipFile(made, "w", ZIP_STORED) as archive:
        for member in range(10):
            content = random.Random(seed + member).randbytes(size // 10)
            archive.writestr(f"train/{member}.jpg", content)
    return made.getvalue()


ARCHIVE = zipped(1_000_000)
TABLE = b"image_name,target\na,1\n"


@pytest.fixture
def site(tmp_path_factory, monkeypatch):
    """Return the site; ``fetch`` finds the stand-in for the client and has a token."""
    stored = {"": ("archive.zip", ARCHIVE), "train.csv": ("train.csv", TABLE)}
    client = write_client(tmp_path_factory.mktemp("client"))
    monkeypatch.syspath_prepend(client)
    monkeypatch.setenv("PYTHONPATH", str(client))
    monkeypatch.setenv("KAGGLE_API_TOKEN", "token")
    monkeypatch.setattr(fetch, "FIRST_PAUSE", 0)
    forget_the_client()
    with Site(stored) as started:
        monkeypatch.setenv("KAGGLE_SITE", started.address)
        yield started
    forget_the_client()


def forget_the_client() -> None:
    for module in list(sys.modules):
        if module.partition(".")[0] in {"kaggle", "kagglesdk", "certifi"}:
            del sys.modules[module]


def run(folder, *arguments: str) -> int:
    return main(["fetch", "--out", str(folder), *arguments])


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_everything_comes_as_one_zip(site, tmp_path, capsys):
    assert run(tmp_path / "new") == 0
    assert names(tmp_path / "new") == [NAME]
    assert (tmp_path / "new" / NAME).read_bytes() == ARCHIVE
    assert f"{len(ARCHIVE):,} bytes, complete" in capsys.readouterr().out


def test_what_is_complete_is_not_fetched_again(site, tmp_path):
    assert run(tmp_path) == run(tmp_path) == run(tmp_path, "--verify") == 0
    assert site.sent == len(ARCHIVE)


def test_single_files_keep_their_place(site, tmp_path):
    site.files["jpeg/test/a b.jpg"] = ("a%20b.jpg", b"picture")
    assert run(tmp_path, "--file", "train.csv", "jpeg/test/a b.jpg") == 0
    assert (tmp_path / "train.csv").read_bytes() == TABLE
    assert (tmp_path / "jpeg" / "test" / "a b.jpg").read_bytes() == b"picture"
    assert not (tmp_path / NAME).exists()


def test_a_file_that_comes_packed_says_so_in_its_name(site, tmp_path):
    site.files["train.csv"] = ("train.csv.zip", ARCHIVE)
    assert run(tmp_path, "--file", "train.csv") == 0
    assert names(tmp_path) == ["train.csv.zip"]


def test_it_goes_on_after_dropped_connections(site, tmp_path, capsys):
    site.breaks = [300_000, 0, 200_000]
    assert run(tmp_path, "--retries", "2") == 0
    assert (tmp_path / NAME).read_bytes() == ARCHIVE
    assert site.ranges == ["bytes=0-", "bytes=300000-", "bytes=300000-", "bytes=500000-"]
    assert site.sent == len(ARCHIVE)
    assert "s3cret" not in capsys.readouterr().err


@pytest.mark.parametrize(("ending", "status"), [(signal.SIGKILL, -9), (signal.SIGINT, 130)])
def test_it_goes_on_after_a_kill(site, tmp_path, ending, status):
    content = zipped(4_000_000)
    site.files[""] = ("archive.zip", content)
    site.held_at = 1_500_000
    command = [sys.executable, "-m", "ml", "fetch", "--out", str(tmp_path)]
    part = tmp_path / f"{NAME}.part"
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE) as running:
        while not (part.exists() and part.stat().st_size > 1_000_000):
            assert running.poll() is None, running.stderr.read()
            time.sleep(0.005)
        running.send_signal(ending)
        running.communicate(timeout=60)
    assert running.returncode == status
    have = part.stat().st_size
    assert 1_000_000 < have < len(content)
    assert not (tmp_path / NAME).exists()
    site.held_at = None
    time.sleep(0.1)  # for what the site still had on the way
    site.sent = 0

    subprocess.run(command, check=True, cwd=ROOT, capture_output=True)
    assert names(tmp_path) == [NAME]
    assert (tmp_path / NAME).read_bytes() == content
    assert site.ranges[1:] == [f"bytes={have}-"]
    assert site.sent == len(content) - have


def test_a_connection_that_goes_silent_is_left(site, tmp_path, monkeypatch):
    content = zipped(150_000)
    site.files[""] = ("archive.zip", content)
    site.pause = 1
    monkeypatch.setattr(fetch, "SILENCE", 0.1)
    assert run(tmp_path, "--retries", "1") == 0
    assert site.ranges == ["bytes=0-", "bytes=65536-", "bytes=131072-"]
    assert (tmp_path / NAME).read_bytes() == content


def test_it_gives_up_after_so_many_failures_and_says_what_is_there(site, tmp_path, capsys):
    site.breaks = [300_000, 0, 0]
    assert run(tmp_path, "--retries", "1") == 3
    assert names(tmp_path) == [f"{NAME}.part", f"{NAME}.part.version"]
    said = capsys.readouterr().err
    assert "300,000 bytes are there" in said
    assert "same command" in said
    assert run(tmp_path) == 0
    assert (tmp_path / NAME).read_bytes() == ARCHIVE


def test_a_refused_rest_leaves_what_is_there(site, tmp_path):
    site.breaks, site.failures = [300_000], [0, 403]
    assert run(tmp_path, "--retries", "1") == 3
    assert (tmp_path / f"{NAME}.part").read_bytes() == ARCHIVE[:300_000]
    assert run(tmp_path) == 0
    assert (tmp_path / NAME).read_bytes() == ARCHIVE


def test_a_busy_site_is_asked_again(site, tmp_path):
    site.refusals = [(429, "Too many requests"), (503, "Unavailable")]
    assert run(tmp_path) == 0


def test_a_short_file_under_the_final_name_is_not_taken_for_done(site, tmp_path):
    (tmp_path / NAME).write_bytes(ARCHIVE[:400_000])
    assert run(tmp_path, "--verify") == 0
    assert (tmp_path / NAME).read_bytes() == ARCHIVE
    assert site.ranges == ["bytes=400000-"]


@pytest.mark.parametrize("ending", ["", ".part"])
def test_a_file_that_is_too_long_is_set_aside(site, tmp_path, capsys, ending):
    (tmp_path / f"{NAME}.wrong-1").write_text("of an earlier time")
    (tmp_path / (NAME + ending)).write_bytes(ARCHIVE + b"more")
    assert run(tmp_path) == 0
    assert names(tmp_path) == [NAME, f"{NAME}.wrong-1", f"{NAME}.wrong-2"]
    assert (tmp_path / NAME).read_bytes() == ARCHIVE
    assert (tmp_path / f"{NAME}.wrong-1").read_text() == "of an earlier time"
    assert f"set aside as {NAME}.wrong-2" in capsys.readouterr().err


def test_a_file_of_the_right_size_that_is_no_zip_is_set_aside(site, tmp_path):
    (tmp_path / NAME).write_bytes(bytes(len(ARCHIVE)))
    assert run(tmp_path) == 0
    assert (tmp_path / NAME).read_bytes() == ARCHIVE
    assert (tmp_path / f"{NAME}.wrong-1").exists()


def test_versions_are_not_mixed(site, tmp_path, capsys):
    site.breaks = [300_000]
    assert run(tmp_path, "--retries", "0") == 3
    changed = zipped(1_000_000, seed=100)
    site.files[""], site.version = ("archive.zip", changed), '"2"'
    assert run(tmp_path) == 0
    assert (tmp_path / NAME).read_bytes() == changed
    assert "another version" in capsys.readouterr().err


def test_a_server_that_cannot_go_on_begins_anew(site, tmp_path):
    site.goes_on, site.version = False, ""
    site.breaks = [200_000]
    (tmp_path / f"{NAME}.part").write_bytes(bytes(300_000))
    assert run(tmp_path, "--retries", "0") == 3
    assert (tmp_path / f"{NAME}.part").read_bytes() == ARCHIVE[:200_000]
    assert run(tmp_path) == 0
    assert (tmp_path / NAME).read_bytes() == ARCHIVE


def test_another_part_than_was_asked_for_is_not_taken(site, tmp_path):
    site.beside = -9
    (tmp_path / f"{NAME}.part").write_bytes(ARCHIVE[:300_000])
    assert run(tmp_path, "--retries", "0") == 3
    assert (tmp_path / f"{NAME}.part").read_bytes() == ARCHIVE[:300_000]


def test_a_server_that_always_begins_anew_is_not_asked_for_ever(site, tmp_path):
    site.goes_on = False
    site.breaks = [300_000, 200_000] * 9
    assert run(tmp_path, "--retries", "3") == 3
    assert len(site.ranges) == 4


def test_less_than_was_promised_is_not_done(site, tmp_path, capsys):
    site.told_size = len(ARCHIVE) + 1000
    assert run(tmp_path, "--retries", "2") == 3
    assert not (tmp_path / NAME).exists()
    assert f"{len(ARCHIVE):,} bytes are there" in capsys.readouterr().err


def test_a_zip_without_its_end_is_not_done(site, tmp_path, capsys):
    site.told_size = len(ARCHIVE) - 1000
    assert run(tmp_path) == 3
    assert names(tmp_path) == [f"{NAME}.part.version", f"{NAME}.wrong-1"]
    assert "no sound zip" in capsys.readouterr().err


def test_a_size_that_is_not_told_is_no_promise(site, tmp_path, capsys):
    site.tells_size = False
    assert run(tmp_path) == 2
    assert "size" in capsys.readouterr().err
    assert names(tmp_path) == []


def test_verify_reads_every_member(site, tmp_path, capsys):
    at = len(ARCHIVE) // 2
    site.files[""] = ("archive.zip", ARCHIVE[:at] + b"damaged" + ARCHIVE[at + 7 :])
    assert run(tmp_path) == 0
    assert run(tmp_path, "--verify") == 3
    assert "CRC" in capsys.readouterr().err
    assert not (tmp_path / NAME).exists()


@pytest.mark.parametrize(
    "content",
    [b"junk" + ARCHIVE, ARCHIVE + b"junk", ARCHIVE[9:], ARCHIVE[:-9], bytes(4) + ARCHIVE[4:]],
)
def test_a_zip_that_does_not_fit_its_directory(tmp_path, content):
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(BadZipFile):
        fetch.check_zip(tmp_path / "a.zip")


@pytest.mark.parametrize(
    ("status", "advice"), [(401, "KAGGLE_API_TOKEN"), (403, f"{COMPETITION}/rules"), (404, "/data")]
)
def test_a_refusal_says_what_to_do(site, tmp_path, capsys, status, advice):
    site.refusals = [(status, "Kaggle's own words, https://store/a?signature=s3cret")]
    assert run(tmp_path) == 2
    said = capsys.readouterr().err
    assert advice in said
    assert "Kaggle's own words" in said
    assert "s3cret" not in said


def test_without_a_token_one_sentence_says_what_to_do(site, tmp_path, capfd, monkeypatch):
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    assert run(tmp_path) == 2
    said = capfd.readouterr()
    assert "access_token" in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""


def test_without_the_client_it_says_how_to_install_it(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "kaggle", None)
    assert run(tmp_path) == 2
    assert "pip install -r requirements/kaggle.txt" in capsys.readouterr().err


def test_a_full_disk_is_noticed_before(site, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(9, 8, 1))
    assert run(tmp_path) == 3
    assert f"{len(ARCHIVE):,} bytes are missing" in capsys.readouterr().err
    assert site.sent == 0


def test_arguments_that_cannot_be(tmp_path):
    (tmp_path / "file").touch()
    assert run(tmp_path, "--retries", "-1") == run(tmp_path / "file") == 2
