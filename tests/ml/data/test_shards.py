"""Shards are tar files that anybody can read, and do not depend on how often they were gone on."""

import tarfile

import numpy as np
import pytest

from ml.data.journal import Busy, Journal
from ml.data.shards import ShardWriter, name_of

chance = np.random.default_rng(0)
PICTURES = [(f"set/image-{i}", chance.bytes(int(chance.integers(1, 3000)))) for i in range(40)]


def write(folder, pictures, max_bytes=1_000_000, max_images=1000, **where):
    writer = ShardWriter(folder, max_bytes, max_images, **where)
    placed = [
        (*writer.add([f"{name}.8.jpg", f"{name}.4.jpg"], [content, content[:5]]), writer.end)
        for name, content in pictures
    ]
    return writer, placed


def test_a_shard_is_a_tar_file_with_the_pictures_where_it_says(tmp_path):
    writer, placed = write(tmp_path, PICTURES)
    writer.finish()
    raw = (tmp_path / name_of(0)).read_bytes()
    with tarfile.open(tmp_path / name_of(0)) as tar:
        members = tar.getmembers()
        assert len(members) == 2 * len(PICTURES)
        assert {(m.mtime, m.uid, m.gid, m.uname) for m in members} == {(0, 0, 0, "")}
        for (name, content), (shard, offsets, _) in zip(PICTURES, placed, strict=True):
            assert shard == 0
            assert tar.extractfile(f"{name}.8.jpg").read() == content
            assert raw[offsets[0] : offsets[0] + len(content)] == content
            assert raw[offsets[1] : offsets[1] + 5] == content[:5]


def test_shards_keep_their_limits(tmp_path):
    writer, placed = write(tmp_path, PICTURES, max_bytes=20_000)
    writer.finish()
    shards = sorted(tmp_path.glob("*.tar"))
    assert len(shards) == writer.number + 1 > 3
    assert all(shard.stat().st_size <= 20_000 for shard in shards)
    (tmp_path / "more").mkdir()
    writer, placed = write(tmp_path / "more", PICTURES, max_images=7)
    writer.finish()
    counts = np.bincount([shard for shard, _, _ in placed])
    assert counts.tolist() == [7, 7, 7, 7, 7, 5]


def test_a_picture_larger_than_a_shard_has_one_of_its_own(tmp_path):
    writer, placed = write(tmp_path, PICTURES[:4], max_bytes=1500)
    writer.finish()
    assert [shard for shard, _, _ in placed] == [0, 1, 2, 3]


@pytest.mark.parametrize("stop", [1, 6, 7, 8, 25, 40])
def test_a_shard_that_is_gone_on_with_is_the_same(tmp_path, stop):
    whole, again = tmp_path / "whole", tmp_path / "again"
    whole.mkdir()
    again.mkdir()
    writer, _ = write(whole, PICTURES, max_images=7)
    writer.finish()
    writer, placed = write(again, PICTURES[:stop], max_images=7)
    if stop == 40:
        writer.finish()  # killed after the end, before anybody noted it
    else:
        write_more = writer._file
        write_more.write(b"half a picture that nobody noted")
        write_more.flush()
    writer.close()
    number, _, end = placed[-1]
    images = (stop - 1) % 7 + 1
    writer, _ = write(again, PICTURES[stop:], max_images=7, number=number, end=end, images=images)
    writer.finish()
    names = sorted(file.name for file in whole.iterdir())
    assert sorted(file.name for file in again.iterdir()) == names
    for name in names:
        assert (whole / name).read_bytes() == (again / name).read_bytes()


def test_half_a_line_of_a_journal_is_cut_off(tmp_path):
    file = tmp_path / "journal"
    journal = Journal(file)
    journal.append([{"image": "ä", "n": 1}, {"image": "b", "n": 2}])
    journal.close()
    with file.open("a") as lines:
        lines.write('{"image": "c", "n"')
    journal = Journal(file)
    assert [entry["n"] for entry in journal] == [1, 2]
    journal.append([{"n": 3}])
    assert [entry["n"] for entry in journal] == [1, 2, 3]
    journal.close()


def test_only_one_may_write_a_journal(tmp_path):
    journal = Journal(tmp_path / "journal")
    with pytest.raises(Busy, match="another ingest"):
        Journal(tmp_path / "journal")
    journal.close()
    Journal(tmp_path / "journal").close()
