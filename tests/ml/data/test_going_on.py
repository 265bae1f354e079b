"""Wherever an ingestion stops, and whatever lies behind its last line, it comes to the same store.

The kills in ``test_ingestion`` come at any moment; here each place is chosen.
"""

import shutil
from pathlib import Path

import pytest

from ml.data import ingestion
from ml.data.ingestion import JOURNAL, Settings, open_source
from ml.data.store import verify
from tests.ml.stores import patients, write_collection

pytestmark = pytest.mark.training

SETTINGS = Settings(sizes=(96, 64), shard_images=5)
MISSING, BROKEN = "i4", "i23"


@pytest.fixture(autouse=True)
def committed_at_once(monkeypatch):
    """Write the journal after every image, not once a second."""
    monkeypatch.setattr(ingestion, "COMMIT_SECONDS", -1.0)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Return a collection in which one picture is missing and the last one broken."""
    folder = write_collection(tmp_path_factory.mktemp("collection") / "set", patients())
    (folder / f"{MISSING}.jpg").unlink()
    (folder / f"{BROKEN}.jpg").write_bytes(b"no picture")
    return open_source(folder)


@pytest.fixture(scope="module")
def whole(source, tmp_path_factory) -> dict[str, bytes]:
    """Return the files of a store that nobody disturbed."""
    folder = tmp_path_factory.mktemp("whole")
    ingestion.ingest([source], folder, SETTINGS, 1)
    assert verify(folder) == []
    return contents(folder)


@pytest.fixture
def stopped(source, tmp_path, monkeypatch) -> Path:
    """Return a store with all its pictures, stopped before its manifest."""
    with monkeypatch.context() as context:
        context.setattr(ingestion, "_write_manifest", stop)
        with pytest.raises(KeyboardInterrupt):
            ingestion.ingest([source], tmp_path / "store", SETTINGS, 1)
    return tmp_path / "store"


def stop(*arguments, **named) -> None:
    raise KeyboardInterrupt


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def gone_on(source, folder: Path) -> tuple[dict[str, bytes], int]:
    """Return what comes of it, and how many images were already done."""
    ticks: list[int] = []
    ingestion.ingest([source], folder, SETTINGS, 1, ticks.append)
    assert sum(ticks) == source.count
    return contents(folder), ticks[0]


@pytest.mark.parametrize("after", [1, 5, 6, 20])
def test_stopped_between_two_images(source, whole, tmp_path, after):
    done = []

    def tick(count: int) -> None:
        done.append(count)
        if sum(done) == after:
            stop()

    with pytest.raises(KeyboardInterrupt):
        ingestion.ingest([source], tmp_path / "store", SETTINGS, 1, tick)
    assert gone_on(source, tmp_path / "store") == (whole, after)


@pytest.mark.parametrize("step", ["_write_manifest", "_write_problems", "_write_sums"])
def test_stopped_when_all_pictures_are_there(source, whole, tmp_path, monkeypatch, step):
    with monkeypatch.context() as context:
        context.setattr(ingestion, step, stop)
        with pytest.raises(KeyboardInterrupt):
            ingestion.ingest([source], tmp_path / "store", SETTINGS, 1)
    assert gone_on(source, tmp_path / "store") == (whole, 24)


def test_stopped_when_only_the_journal_was_left_to_remove(source, whole, tmp_path, monkeypatch):
    with monkeypatch.context() as context:
        context.setattr(Path, "unlink", stop)
        with pytest.raises(KeyboardInterrupt):
            ingestion.ingest([source], tmp_path / "store", SETTINGS, 1)
    assert (tmp_path / "store" / JOURNAL).exists()
    ingestion.ingest([source], tmp_path / "store", SETTINGS, 1)
    assert contents(tmp_path / "store") == whole


@pytest.mark.parametrize("lines", [0, 1, 6, 13, 23])
def test_lines_that_a_kill_has_taken_are_done_again(source, whole, stopped, lines):
    """The shards are then ahead of the journal, by half an image or by whole shards."""
    journal = (stopped / JOURNAL).read_bytes().splitlines(keepends=True)
    (stopped / JOURNAL).write_bytes(b"".join(journal[:lines]) + journal[lines][:20])
    last = max(stopped.glob("shard-*.tar"))
    shutil.move(last, last.with_suffix(".tar.part"))
    with last.with_suffix(".tar.part").open("ab") as shard:
        shard.write(b"half a picture")
    assert gone_on(source, stopped) == (whole, lines)


def test_a_shard_that_somebody_has_taken_away_is_missed(source, stopped):
    max(stopped.glob("shard-*.tar")).unlink()
    with pytest.raises(OSError, match="shard-0000"):
        ingestion.ingest([source], stopped, SETTINGS, 1)
