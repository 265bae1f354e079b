"""A store: a few files that replace a collection of tens of thousands.

store.json               how it was made, of what
manifest.parquet         a row per image
problems.csv             the images whose pictures are missing or broken, and why
official_duplicates.csv  the pairs that the collections themselves list
shard-00000.tar …        the pictures
SHA256SUMS               of all these (``sha256sum -c SHA256SUMS``)
removed.csv              what ``clean`` took out, and why
folds.csv                what ``folds`` froze
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ml.data import shards

SCHEMA = 1
SETTINGS = "store.json"
MANIFEST = "manifest.parquet"
PROBLEMS = "problems.csv"
OFFICIAL_DUPLICATES = "official_duplicates.csv"
SUMS = "SHA256SUMS"
REMOVED = "removed.csv"
FOLDS = "folds.csv"

PROBLEM_COLUMNS = ["source", "image", "split", "patient", "reason"]
DUPLICATE_COLUMNS = ["source", "image_1", "image_2"]
REMOVED_COLUMNS = ["source", "image", "reason", "kept_source", "kept_image"]
FOLD_COLUMNS = ["source", "image", "group", "fold"]

READ_AT_ONCE = 1 << 20


class StoreError(ValueError):
    """A folder is no store, or not a whole one."""


def schema(sizes: Iterable[int]) -> pa.Schema:
    """Return the columns of a manifest.

    ``target`` is 1 for a melanoma, ``age`` in years, ``width`` and ``height`` in
    pixels of the original, ``sha256`` that of the original's file, ``offset_S``
    and ``length_S`` in bytes the place of the picture of size S in its shard.
    """
    columns: list[tuple[str, pa.DataType]] = [
        ("source", pa.string()),
        ("image", pa.string()),
        ("split", pa.string()),
        ("patient", pa.string()),
        ("lesion", pa.string()),
        ("target", pa.int8()),
        ("diagnosis", pa.string()),
        ("age", pa.float32()),
        ("sex", pa.string()),
        ("site", pa.string()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("sha256", pa.string()),
        ("phash", pa.uint64()),
        ("shard", pa.int32()),
    ]
    for size in sizes:
        columns += [(f"offset_{size}", pa.int64()), (f"length_{size}", pa.int32())]
    return pa.schema(columns)


def read_settings(folder: Path) -> dict[str, Any]:
    """Return how a store was made, or is being made."""
    return json.loads((folder / SETTINGS).read_text("utf-8"))


class Store:
    """What ``ingest`` made. Raises ``StoreError`` where that is not (yet) there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if not (folder / SETTINGS).is_file():
            raise StoreError(f"{folder} is no store: it has no {SETTINGS}")
        if not (folder / SUMS).is_file():
            raise StoreError(f"{folder} is not finished: run the same `ingest` again")
        self.settings = read_settings(folder)
        self.sizes: list[int] = self.settings["sizes"]

    def manifest(self) -> pd.DataFrame:
        """Return all images, in the order of their collections' tables; columns as ``schema``."""
        return pq.read_table(self.folder / MANIFEST).to_pandas()

    def images(self) -> pd.DataFrame:
        """Return the manifest without what ``clean`` has removed."""
        removed = self.removed()
        manifest = self.manifest()
        gone = set(zip(removed["source"], removed["image"], strict=True))
        stays = [
            pair not in gone for pair in zip(manifest["source"], manifest["image"], strict=True)
        ]
        return manifest[stays].reset_index(drop=True)

    def problems(self) -> pd.DataFrame:
        """Return the images that a table names but that are not in the store, and why."""
        return self._table(PROBLEMS, PROBLEM_COLUMNS)

    def official_duplicates(self) -> pd.DataFrame:
        """Return the pairs of images that their collection says show the same thing."""
        return self._table(OFFICIAL_DUPLICATES, DUPLICATE_COLUMNS)

    def removed(self) -> pd.DataFrame:
        """Return what was removed, why, and which image was kept in its place."""
        return self._table(REMOVED, REMOVED_COLUMNS)

    def folds(self) -> pd.DataFrame:
        """Return the frozen folds; raise ``StoreError`` where there are none."""
        if not (self.folder / FOLDS).is_file():
            raise StoreError(f"{self.folder} has no folds: run `folds` first")
        return self._table(FOLDS, FOLD_COLUMNS).astype({"fold": int})

    def folds_sha256(self) -> str:
        """Return the hash of the frozen folds, which every later artefact carries."""
        return sha256(self.folder / FOLDS)

    def pictures(self, images: pd.DataFrame, size: int | None = None) -> Iterator[bytes]:
        """Yield the JPEG of each row of the manifest, in the smallest size of at least ``size``.

        Without ``size``, or where no size is large enough, the largest one.
        """
        size = self.size_for(size)
        at = zip(images["shard"], images[f"offset_{size}"], images[f"length_{size}"], strict=True)
        number, file = None, None
        try:
            for shard, offset, length in at:
                if shard != number:
                    if file:
                        file.close()
                    number, file = shard, (self.folder / shards.name_of(shard)).open("rb")
                assert file is not None  # noqa: S101  (for the type checker)
                file.seek(offset)
                yield file.read(length)
        finally:
            if file:
                file.close()

    def size_for(self, size: int | None) -> int:
        """Return which of the store's sizes serves for pictures of ``size`` pixels a side."""
        largest = max(self.sizes)
        return min((s for s in self.sizes if s >= (size or largest)), default=largest)

    def _table(self, file: str, columns: list[str]) -> pd.DataFrame:
        if not (self.folder / file).exists():
            return pd.DataFrame(columns=columns, dtype=str)
        return pd.read_csv(self.folder / file, dtype=str, keep_default_na=False)


def verify(folder: Path, tick: Callable[[int], None] = lambda n: None) -> list[str]:
    """Return what is wrong with a store's files, a sentence each; nothing for a sound copy.

    ``tick`` is called with the number of bytes that were read.
    """
    if not (folder / SUMS).is_file():
        return [f"{SUMS} is missing: no store, or one that was never finished"]
    wrong = []
    sums = (folder / SUMS).read_text("utf-8", errors="replace")
    if not sums.endswith(f"  {SETTINGS}\n"):  # the last of its lines
        wrong.append(f"{SUMS} is not what it was: copy it again")
    for line in sums.splitlines():
        expected, _, name = line.partition("  ")
        if not (folder / name).is_file():
            wrong.append(f"{name} is missing")
        elif sha256(folder / name, tick) != expected:
            wrong.append(f"{name} is not what it was: copy it again")
    return wrong


def sha256(file: Path, tick: Callable[[int], None] = lambda n: None) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    digest = hashlib.sha256()
    with file.open("rb") as content:
        while part := content.read(READ_AT_ONCE):
            digest.update(part)
            tick(len(part))
    return digest.hexdigest()
