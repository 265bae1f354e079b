"""The collections of pictures we can learn from, each as a declaration.

A further collection is a further ``Source``, not a further code path.
"""

import csv
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path


class SourceError(ValueError):
    """A folder or its table is not what the source declares."""


@dataclass(frozen=True)
class Source:
    """Where a collection keeps its pictures, its labels and its groups.

    Pictures that share a value of ``group_column`` show the same lesion or the
    same patient and must never be parted by a split. An image is a melanoma
    when ``target_column`` holds one of ``positive``.
    """

    name: str
    table: str
    pictures: str
    image_column: str
    group_column: str
    target_column: str
    positive: frozenset[str]
    negative: frozenset[str]
    licence: str

    @property
    def columns(self) -> set[str]:
        """The columns that the table must have."""
        return {self.image_column, self.group_column, self.target_column}


SOURCES = (
    Source(
        name="HAM10000",
        table="HAM10000_metadata.csv",
        pictures="images",
        image_column="image_id",
        group_column="lesion_id",
        target_column="dx",
        positive=frozenset({"mel"}),
        negative=frozenset({"nv", "bkl", "bcc", "akiec", "vasc", "df"}),
        licence="CC BY-NC 4.0",
    ),
    Source(
        name="ISIC 2017",
        table="labels.csv",
        pictures="images",
        image_column="image_id",
        group_column="image_id",  # the challenge names neither lesion nor patient
        target_column="melanoma",
        positive=frozenset({"1"}),
        negative=frozenset({"0"}),
        licence="CC0",
    ),
    Source(
        name="SIIM-ISIC 2020",
        table="train.csv",
        pictures="jpeg/train",
        image_column="image_name",
        group_column="patient_id",
        target_column="target",
        positive=frozenset({"1"}),
        negative=frozenset({"0"}),
        licence="CC BY-NC 4.0",
    ),
)


@dataclass(frozen=True)
class Sample:
    """One labelled picture; ``group`` is unique over all sources."""

    image: str
    source: str
    group: str
    target: int
    path: Path


@dataclass(frozen=True)
class Collection:
    """The samples of one source, and the images its table names in vain."""

    source: Source
    folder: Path
    samples: tuple[Sample, ...]
    missing: tuple[str, ...]


def read(folder: Path, sources: Sequence[Source] = SOURCES) -> Collection:
    """Read a folder in one of the known layouts.

    Pictures that the table names but the folder lacks are listed, not fatal.
    Raises ``SourceError`` when no layout fits or the table is not sound.
    """
    source = recognise(folder, sources)
    samples, missing, seen = [], [], set()
    with (folder / source.table).open(newline="", encoding="utf-8") as file:
        for line, row in enumerate(csv.DictReader(file), start=2):
            where = f"{folder / source.table}, line {line}"
            image = row[source.image_column]
            if not image or Path(image).name != image:
                raise SourceError(f"{where}: {image!r} is not the name of an image")
            if image in seen:
                raise SourceError(f"{where}: {image} stands there twice")
            seen.add(image)
            target = target_of(source, row[source.target_column], where)
            path = folder / source.pictures / f"{image}.jpg"
            if path.is_file():
                group = f"{source.name}:{row[source.group_column] or image}"
                samples.append(Sample(image, source.name, group, target, path))
            else:
                missing.append(image)
    if not samples:
        raise SourceError(f"{folder}: none of its pictures is in {source.pictures}")
    return Collection(source, folder, tuple(samples), tuple(missing))


def recognise(folder: Path, sources: Sequence[Source]) -> Source:
    """Return the source whose table, with all its columns, is in the folder."""
    problems = []
    for source in sources:
        table = folder / source.table
        if not table.is_file():
            continue
        with table.open(newline="", encoding="utf-8") as file:
            header = set(next(csv.reader(file), ()))
        if source.columns <= header:
            return source
        lacking = ", ".join(sorted(source.columns - header))
        problems.append(f"{table} has no column {lacking} ({source.name})")
    if problems:
        raise SourceError("; ".join(problems))
    known = ", ".join(f"{source.table} ({source.name})" for source in sources)
    raise SourceError(f"{folder}: no known layout; looked for {known}")


def target_of(source: Source, value: str | None, where: str) -> int:
    """Return 1 for a melanoma, 0 for anything else that the source knows."""
    if value in source.positive:
        return 1
    if value in source.negative:
        return 0
    raise SourceError(f"{where}: {source.target_column} is {value!r}, which is no label we know")


def fingerprint(samples: Iterable[Sample]) -> str:
    """Return a SHA-256 of who is in the data, with which group and label."""
    lines = sorted(f"{s.source},{s.image},{s.group},{s.target}\n" for s in samples)
    return hashlib.sha256("".join(lines).encode()).hexdigest()
