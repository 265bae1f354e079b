"""What training sees of a store: labelled pictures, each with its group and its fold."""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd

from ml.data import folds, shards
from ml.data.store import Store


@dataclass(frozen=True)
class Picture:
    """Where a shard holds the JPEG of a picture, in bytes."""

    shard: Path
    offset: int
    length: int

    def open(self) -> BytesIO:
        """Return the JPEG as a file."""
        with self.shard.open("rb") as file:
            file.seek(self.offset)
            return BytesIO(file.read(self.length))


@dataclass(frozen=True)
class Sample:
    """One labelled picture; ``group`` is its patient or lesion, ``target`` 1 for a melanoma.

    ``age`` in years, ``sex`` and ``site`` of the body are None where not known.
    """

    image: str
    source: str
    group: str
    target: int
    diagnosis: str
    fold: int
    picture: Picture
    age: float | None = None
    sex: str | None = None
    site: str | None = None


def read(store: Store, size: int) -> list[Sample]:
    """Return the samples of a store, with pictures that serve for ``size`` pixels a side.

    Raises ``StoreError`` where no folds are frozen, or those of other images.
    """
    size = store.size_for(size)
    names = {source["key"]: source["name"] for source in store.settings["sources"]}
    return [
        Sample(
            row["image"],
            names[row["source"]],
            row["group"],
            int(row["target"]),
            row["diagnosis"],
            row["fold"],
            Picture(
                store.folder / shards.name_of(row["shard"]),
                row[f"offset_{size}"],
                row[f"length_{size}"],
            ),
            *(None if pd.isna(row[field]) else row[field] for field in ("age", "sex", "site")),
        )
        for row in folds.of(store).to_dict("records")
    ]


def split(
    samples: Iterable[Sample], held_out: Collection[int], without: Collection[str] = ()
) -> tuple[list[Sample], list[Sample]]:
    """Return those to learn from, and those in the folds that are held out."""
    learning: list[Sample] = []
    measured: list[Sample] = []
    for sample in samples:
        if sample.fold in held_out:
            measured.append(sample)
        elif sample.source not in without:
            learning.append(sample)
    return learning, measured


def fingerprint(samples: Iterable[Sample]) -> str:
    """Return a SHA-256 of who is in the data, with which group and label."""
    lines = sorted(f"{s.source},{s.image},{s.group},{s.target}\n" for s in samples)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def describe(store: Store, samples: Sequence[Sample]) -> list[dict[str, Any]]:
    """Return what each source has given, for the records of a run."""
    problems, removed = (
        table["source"].value_counts() for table in (store.problems(), store.removed())
    )
    facts = []
    for source in store.settings["sources"]:
        some = [sample for sample in samples if sample.source == source["name"]]
        facts.append(
            {
                "source": source["name"],
                "licence": source["licence"],
                "pictures": len(some),
                "melanomas": sum(sample.target for sample in some),
                "groups": len({sample.group for sample in some}),
                "missing": int(problems.get(source["key"], 0)),
                "removed": int(removed.get(source["key"], 0)),
            }
        )
    return facts
