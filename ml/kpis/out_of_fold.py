"""The rows that every figure comes from: scores of pictures that the network never learnt from."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ml import runs
from ml.data.store import Store

METADATA = ["age", "sex", "site", "diagnosis", "width", "height"]


def read(run: Path) -> pd.DataFrame:
    """Return ``image``, ``source``, ``group``, ``target``, ``fold`` and ``logit`` of a run.

    Raises ``ValueError`` where fewer than two folds were scored, so that nothing
    can be set on one and measured on the other, or where a patient or a lesion
    is in two of them; ``OSError`` where there are no scores.
    """
    rows = pd.read_csv(run / runs.SCORES, dtype={"image": str, "source": str, "group": str})
    if rows["fold"].nunique() < 2:
        raise ValueError(f"{run} has scores of one fold only; two are needed to set and to measure")
    split = rows.groupby("group")["fold"].nunique() > 1
    if split.any():
        raise ValueError(f"{split.sum()} patients or lesions of {run} are in more than one fold")
    if not np.isfinite(rows["logit"]).all():
        raise ValueError(f"{run} has scores that are no numbers")
    if not rows["target"].isin([0, 1]).all():
        raise ValueError(f"{run} has targets other than 0 and 1")
    return rows


def with_metadata(rows: pd.DataFrame, store: Store) -> pd.DataFrame:
    """Return the rows with ``METADATA`` from the store, and ``known``: whether it has the image.

    ``key`` is the store's name of the source; ``width`` and ``height`` are those
    of the original, in pixels. Raises ``ValueError`` where the store calls a
    melanoma what the scores do not, or the reverse.
    """
    keys = {source["name"]: source["key"] for source in store.settings["sources"]}
    manifest = store.images()
    manifest = manifest[["source", "image", "target", *METADATA]].rename(
        columns={"source": "key", "target": "label"}
    )
    joined = rows.assign(key=rows["source"].map(keys)).merge(
        manifest.drop_duplicates(["key", "image"]),
        on=["key", "image"],
        how="left",
        indicator="known",
    )
    joined["known"] = joined["known"] == "both"
    if (joined["label"] != joined["target"])[joined["known"]].any():
        raise ValueError(f"the labels in {store.folder} are not those of the scores")
    return joined.drop(columns="label")


def pictures(
    rows: pd.DataFrame, store: Store, size: int | None = None
) -> Iterator[tuple[Any, bytes]]:
    """Yield the index of each row with its JPEG of at least ``size`` pixels, or the largest.

    Rows as ``with_metadata``, all of them ``known``. They come in the order of the
    shards, which is far faster from a disk than any other.
    """
    manifest = store.images().drop_duplicates(["source", "image"], ignore_index=True)
    place = pd.Series(manifest.index, index=[manifest["source"], manifest["image"]])
    at = place[pd.MultiIndex.from_frame(rows[["key", "image"]])].to_numpy()
    order = np.argsort(at, kind="stable")
    jpegs = store.pictures(manifest.iloc[at[order]], size)
    yield from zip(rows.index[order], jpegs, strict=True)
