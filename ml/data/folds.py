"""The split into folds: no patient and no lesion is ever in two of them."""

from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sklearn.model_selection import StratifiedGroupKFold

from ml.atomic import write_csv
from ml.data import store as stores
from ml.data.presets import TRAIN
from ml.data.store import Store, StoreError

# Groups are dealt out so that those of up to so many images, and the larger ones,
# are spread evenly. Melanomas are a stratum of their own: as they are rare, every
# further division would cost some of their balance.
GROUP_SIZES = (8, 32)


def assign(images: pd.DataFrame, n_folds: int, seed: int) -> pd.DataFrame:
    """Return ``source``, ``image``, ``group`` and ``fold`` (from 0) of labelled images.

    Stratified by source, by target and by the number of images in a group.
    Raises ``ValueError`` where there are too few groups for so many folds.
    """
    if n_folds < 3:  # one for the figures and one for calibration are held out
        raise ValueError("three folds are needed at least: test, calibration and training")
    groups = groups_of(images)
    sizes = np.searchsorted(GROUP_SIZES, groups.map(groups.value_counts()))
    strata = images["source"] + np.where(images["target"] == 1, "/melanoma", sizes.astype(str))
    smallest = groups.groupby(images["source"] + images["target"].astype(str)).nunique().min()
    if smallest < n_folds:
        raise ValueError(f"{smallest} groups of one source and target do not fill {n_folds} folds")
    splitter = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    folds = np.full(len(images), -1)
    for fold, (_, held_out) in enumerate(splitter.split(strata, strata, groups)):
        folds[held_out] = fold
    return images[["source", "image"]].assign(group=groups.to_numpy(), fold=folds)


def groups_of(images: pd.DataFrame) -> pd.Series:
    """Return the name of each image's group: what its patient and its lesion link together.

    The archives share their ids, so a lesion of HAM10000 is the same lesion in
    ISIC 2019. An image of which neither is known is a group of its own.
    """
    rows = np.arange(len(images))
    links = [np.empty((0, 2), int)]
    offset = len(images)
    for column in ("patient", "lesion"):
        codes, names = pd.factorize(images[column])  # -1 where it is not known
        known = codes >= 0
        links.append(np.stack([rows[known], codes[known] + offset], axis=1))
        offset += len(names)
    a, b = np.concatenate(links).T
    graph = coo_array((np.ones(len(a)), (a, b)), shape=(offset, offset))
    component = connected_components(graph, directed=False)[1][: len(images)]
    named = (
        images["patient"].fillna(images["lesion"]).fillna(images["source"] + ":" + images["image"])
    )
    return named.groupby(component).transform("first").set_axis(images.index)


def balance(images: pd.DataFrame, folds: pd.DataFrame) -> pd.DataFrame:
    """Return a row per fold: images, groups and melanomas, in all and of each source."""
    rows = folds.merge(images, on=["source", "image"])
    table = rows.groupby("fold").agg(
        images=("image", "size"), groups=("group", "nunique"), melanomas=("target", "sum")
    )
    per_group = rows.groupby(["fold", "group"]).size().groupby("fold")
    table["images a group"] = per_group.mean().round(1)
    if rows["source"].nunique() > 1:
        for source, some in rows.groupby("source", sort=False):
            by_fold = some.groupby("fold")
            table[f"{source}: images"] = by_fold.size()
            table[f"{source}: melanomas"] = by_fold["target"].sum()
    return table


def labelled(images: pd.DataFrame) -> pd.DataFrame:
    """Return the images one may split: not those of an official test set, nor without a label."""
    return images[(images["split"] == TRAIN) & images["target"].notna()].reset_index(drop=True)


def freeze(folds: pd.DataFrame, file: Path, *, replace: bool = False) -> str:
    """Write the folds, sorted by name, and return the SHA-256 of the file.

    Raises ``StoreError`` where other folds are frozen already, unless they are
    to be replaced: what was held out before would else be learnt from.
    """
    rows = sorted(folds[stores.FOLD_COLUMNS].itertuples(index=False, name=None))
    new = file.with_name(file.name + ".new")
    write_csv(new, stores.FOLD_COLUMNS, rows)
    if file.exists() and not replace and stores.sha256(file) != stores.sha256(new):
        new.unlink()
        raise StoreError(f"{file} holds other folds; --replace puts these in their place")
    new.replace(file)
    return stores.sha256(file)


def of(store: Store) -> pd.DataFrame:
    """Return the store's labelled images with the columns ``group`` and ``fold``.

    Raises ``StoreError`` where the folds are not of just these images.
    """
    images, folds = labelled(store.images()), store.folds()
    joined = images.merge(folds, on=["source", "image"], how="left")
    if joined["fold"].isna().any() or len(folds) != len(images):
        raise StoreError(
            f"{store.folder / stores.FOLDS} is not of the images that are here now: "
            "run `folds --replace`"
        )
    return joined.astype({"fold": int})
