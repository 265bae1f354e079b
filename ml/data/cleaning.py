"""What has to go before a split is safe, and why, image by image.

Copies of one picture are brought together: those that are the same byte by
byte, those whose pixels say so, those that stand under one name in two
collections and those that a collection itself lists. One of them stays.
"""

from collections.abc import Callable, Iterator

import pandas as pd

from ml.atomic import write_csv
from ml.data import duplicates
from ml.data.presets import TEST
from ml.data.store import REMOVED, REMOVED_COLUMNS, Store


def clean(store: Store, tick: Callable[[int], None] = lambda n: None) -> pd.DataFrame:
    """Write down what is removed from a store and return it; columns as ``REMOVED_COLUMNS``.

    Goes by the whole manifest, so doing it twice changes nothing. No picture is
    deleted. ``tick`` is called with the pictures that were compared.
    """
    images = store.manifest()
    links = pd.concat(
        [
            _copies(duplicates.find(store, images, tick)),
            _same_name(images),
            _listed(images, store.official_duplicates()),
        ],
        ignore_index=True,
    )
    removed = pd.DataFrame(_removals(images, links), columns=REMOVED_COLUMNS)
    write_csv(store.folder / REMOVED, REMOVED_COLUMNS, removed.itertuples(index=False, name=None))
    return removed


def _removals(images: pd.DataFrame, links: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    """Yield a line for each image that goes, in the order of the manifest within a cluster."""
    cluster = pd.Series(duplicates.clusters(len(images), links), images.index)
    several = cluster[cluster.duplicated(keep=False)]
    reasons = (
        pd.concat(
            [links[[end, "reason"]].set_axis(["row", "reason"], axis=1) for end in ("a", "b")]
        )
        .groupby("row")["reason"]
        .first()
    )
    for _, rows in images.loc[several.index].groupby(several):
        learnt = rows[rows["split"] != TEST]
        if len(learnt) < len(rows):
            kept = rows[rows["split"] == TEST].iloc[0]
            for row in learnt.itertuples():
                yield (
                    row.source,
                    row.image,
                    "copy of an official test image",
                    kept["source"],
                    kept["image"],
                )
        elif learnt["target"].nunique() > 1:
            for row in learnt.itertuples():
                yield row.source, row.image, "copies with contradicting labels", "", ""
        else:
            kept = learnt.loc[(learnt["width"] * learnt["height"]).idxmax()]
            for row in learnt.drop(kept.name).itertuples():
                yield row.source, row.image, reasons[row.Index], kept["source"], kept["image"]


def _copies(pairs: pd.DataFrame) -> pd.DataFrame:
    reason = pairs["exact"].map({True: "exact copy", False: "near copy"})
    return pairs[["a", "b"]].assign(reason=reason)


def _same_name(images: pd.DataFrame) -> pd.DataFrame:
    """Link the images that stand under one name in several collections to the first of them."""
    first = images["image"].map(
        images["image"].drop_duplicates().reset_index().set_index("image")["index"]
    )
    again = images.index[first != images.index]
    return pd.DataFrame({"a": first[again].to_numpy(), "b": again, "reason": "in two collections"})


def _listed(images: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    row = pd.Series(images.index, pd.MultiIndex.from_frame(images[["source", "image"]]))
    ends = [
        row.reindex(pd.MultiIndex.from_frame(pairs[["source", image]])).to_numpy()
        for image in ("image_1", "image_2")
    ]
    found = pd.DataFrame(
        {"a": ends[0], "b": ends[1], "reason": "on the official list of duplicates"}
    )
    return found.dropna().astype({"a": int, "b": int})
