"""One streaming pass from collections to a store, which a kill at any moment does not harm.

Worker processes read and reduce the pictures; this process alone writes, in the
order of the plan. Shards, journal and manifest therefore depend on the sources
and the settings only, and not on timing, on the number of processes or on how
often the work was interrupted.
"""

import hashlib
import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass, fields, replace
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from ml.atomic import write_csv, write_json, write_text
from ml.data import store
from ml.data.archives import Location, form_of, locate
from ml.data.journal import Entry, Journal
from ml.data.presets import PLAIN, Form, Preset
from ml.data.reduction import QUALITY, Reduced
from ml.data.shards import ShardWriter, name_of
from ml.data.tables import (
    Root,
    Row,
    SourceError,
    files_of,
    official_duplicates,
    open_root,
    recognise,
    rows,
    tables_of,
)
from ml.data.workers import die_with, reduce_some

JOURNAL = "journal.jsonl"
# So many images go to a process at a time, and so many such tasks wait for each
# process: enough to keep it busy, and few enough to keep the memory flat.
TASK = 16
WAITING = 3
# What was done since the last commit is done again after a kill.
COMMIT_SECONDS = 1.0
MANIFEST_BATCH = 8192

# Several times as fast as ``dataclasses.asdict``, which copies what it finds.
ROW = tuple(field.name for field in fields(Row))
REDUCED = tuple(field.name for field in fields(Reduced) if field.name != "jpegs")

T = TypeVar("T")


@dataclass(frozen=True)
class Settings:
    """What decides how a store looks: sides in pixels, and the limits of a shard."""

    sizes: tuple[int, ...] = (256,)
    shard_bytes: int = 1_000_000_000
    shard_images: int = 1_000_000


@dataclass(frozen=True)
class Source:
    """One collection, ready to be read."""

    path: Path
    root: Root
    preset: Preset
    form: Form
    count: int

    @property
    def facts(self) -> dict[str, Any]:
        """What must not change until the store is finished."""
        tables = {
            file: hashlib.sha256((self.root / file).read_bytes()).hexdigest()
            for table in tables_of(self.root, self.preset)
            for file in files_of(self.root, table)
        }
        preset = self.preset
        return {
            "key": preset.key,
            "name": preset.name,
            "licence": preset.licence,
            "form": self.form,
            "tables": tables,
        }


def open_source(path: Path, form: Form | None = None) -> Source:
    """Recognise a folder or zip and read its tables through; raise ``SourceError``."""
    root = open_root(path)
    preset = recognise(root)
    if preset.key == PLAIN:
        name = path.resolve().stem
        preset = replace(preset, key=name, name=name)
    count = sum(1 for _ in rows(root, preset))
    deque(official_duplicates(root, preset), maxlen=0)  # only to find what is wrong with them
    return Source(path, root, preset, form or form_of(root, preset), count)


def ingest(
    sources: Sequence[Source],
    out: Path,
    settings: Settings,
    processes: int,
    tick: Callable[[int], None] = lambda n: None,
) -> None:
    """Make a store, or go on with one; ``tick`` is called with the images done since.

    Raises ``SourceError`` where the store was begun with other sources or
    settings, and ``journal.Busy`` where somebody else is writing to it.
    """
    keys = [source.preset.key for source in sources]
    if twice := {key for key in keys if keys.count(key) > 1}:
        raise SourceError(f"given twice: {', '.join(sorted(twice))}")
    out.mkdir(parents=True, exist_ok=True)
    with closing(Journal(out / JOURNAL)) as journal:
        _same_settings(sources, out, settings)
        if not (out / store.SUMS).exists():
            done = _write_pictures(sources, out, settings, processes, journal, tick)
            _write_manifest(out, settings, journal)
            _write_problems(out, journal)
            _write_official_duplicates(sources, out)
            _write_sums(out, shards=done)
    # Last of all: as long as the journal is there, the work can be gone on with.
    journal.file.unlink()


def _same_settings(sources: Sequence[Source], out: Path, settings: Settings) -> None:
    facts = {
        "schema": store.SCHEMA,
        **asdict(settings),
        "sizes": list(settings.sizes),
        "quality": QUALITY,
        "sources": [source.facts for source in sources],
    }
    file = out / store.SETTINGS
    if not file.exists():
        write_json(file, facts)
        return
    begun = store.read_settings(out)
    for key, value in facts.items():
        if begun.get(key) != value:
            raise SourceError(
                f"{out} was begun with other {key}: {begun.get(key)}, now {value}. "
                "Take another folder, or delete this one."
            )


def _write_pictures(
    sources: Sequence[Source],
    out: Path,
    settings: Settings,
    processes: int,
    journal: Journal,
    tick: Callable[[int], None],
) -> int:
    """Write all shards and the journal to their ends; return the number of shards."""
    done, writer = _go_on(out, settings, journal)
    tick(done)
    plan = islice(_plan(sources), done, None)
    pending: list[Entry] = []
    committed = time.monotonic()
    with closing(writer):
        for source, row, result in _reduce_all(plan, settings.sizes, processes):
            entry: Entry = {"source": source, **_values(row, ROW)}
            if isinstance(result, str):
                entry["problem"] = result
            else:
                names = [f"{source}/{row.image}.{size}.jpg" for size in settings.sizes]
                shard, offsets = writer.add(names, result.jpegs)
                entry |= {**_values(result, REDUCED), "shard": shard, "end": writer.end}
                for size, offset, jpeg in zip(settings.sizes, offsets, result.jpegs, strict=True):
                    entry |= {f"offset_{size}": offset, f"length_{size}": len(jpeg)}
            pending.append(entry)
            if time.monotonic() - committed > COMMIT_SECONDS:
                _commit(writer, journal, pending)
                tick(len(pending))
                pending, committed = [], time.monotonic()
        _commit(writer, journal, pending)
        tick(len(pending))
        writer.finish()
        return writer.number + 1


def _values(record: Row | Reduced, names: Sequence[str]) -> Entry:
    return {name: getattr(record, name) for name in names}


def _commit(writer: ShardWriter, journal: Journal, entries: Sequence[Entry]) -> None:
    writer.commit()
    journal.append(entries)


def _go_on(out: Path, settings: Settings, journal: Journal) -> tuple[int, ShardWriter]:
    """Return how many images are done, and a writer that stands behind the last of them."""
    done, shard, end, images = 0, 0, 0, 0
    for entry in journal:
        done += 1
        if "problem" in entry:
            continue
        images = images + 1 if entry["shard"] == shard else 1
        shard, end = entry["shard"], entry["end"]
    return done, ShardWriter(
        out, settings.shard_bytes, settings.shard_images, number=shard, end=end, images=images
    )


Task = tuple[str, Row, Location | None]


def _plan(sources: Iterable[Source]) -> Iterator[Task]:
    for source in sources:
        for row, location in locate(source.root, source.path, source.preset, source.form):
            yield source.preset.key, row, location


def _reduce_all(
    plan: Iterator[Task], sizes: tuple[int, ...], processes: int
) -> Iterator[tuple[str, Row, Reduced | str]]:
    """Yield for each image, in the order of the plan, its small pictures or what is wrong."""
    waiting: deque[tuple[tuple[Task, ...], Future[list[Reduced | str]]]] = deque()
    with ProcessPoolExecutor(
        # A process of its own kind, because a fork copies threads' locks too.
        processes,
        get_context("spawn"),
        initializer=die_with,
        initargs=(os.getpid(),),
    ) as pool:
        for tasks in _batches(plan, TASK):
            places = [location for _, _, location in tasks]
            waiting.append((tasks, pool.submit(reduce_some, places, sizes)))
            if len(waiting) > processes * WAITING:
                yield from _answered(*waiting.popleft())
        while waiting:
            yield from _answered(*waiting.popleft())


def _answered(
    tasks: tuple[Task, ...], answer: Future[list[Reduced | str]]
) -> Iterator[tuple[str, Row, Reduced | str]]:
    for (source, row, _), result in zip(tasks, answer.result(), strict=True):
        yield source, row, result


def _write_manifest(out: Path, settings: Settings, journal: Journal) -> None:
    columns = store.schema(settings.sizes)
    partial = out / (store.MANIFEST + ".part")
    with pq.ParquetWriter(partial, columns, compression="zstd") as writer:
        good = (entry for entry in journal if "problem" not in entry)
        for entries in _batches(good, MANIFEST_BATCH):
            data = [{name: entry[name] for name in columns.names} for entry in entries]
            writer.write_table(pa.Table.from_pylist(data, columns))
    partial.replace(out / store.MANIFEST)


def _write_problems(out: Path, journal: Journal) -> None:
    wrong = (entry for entry in journal if "problem" in entry)
    write_csv(
        out / store.PROBLEMS,
        store.PROBLEM_COLUMNS,
        ([e["source"], e["image"], e["split"], e["patient"] or "", e["problem"]] for e in wrong),
    )


def _write_official_duplicates(sources: Sequence[Source], out: Path) -> None:
    pairs = (
        (source.preset.key, *pair)
        for source in sources
        for pair in official_duplicates(source.root, source.preset)
    )
    write_csv(out / store.OFFICIAL_DUPLICATES, store.DUPLICATE_COLUMNS, pairs)


def _batches(items: Iterator[T], length: int) -> Iterator[tuple[T, ...]]:
    while batch := tuple(islice(items, length)):
        yield batch


def _write_sums(out: Path, shards: int) -> None:
    names = [
        store.MANIFEST,
        store.PROBLEMS,
        store.OFFICIAL_DUPLICATES,
        *(name_of(number) for number in range(shards)),
        store.SETTINGS,  # the last, so that a list that was cut short is noticed
    ]
    lines = (f"{store.sha256(out / name)}  {name}\n" for name in names)
    write_text(out / store.SUMS, "".join(lines))
