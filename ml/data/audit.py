"""The leak gate: whatever stands on both sides of a split is found and named."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pandas as pd

from ml.data import duplicates, folds
from ml.data.presets import TEST
from ml.data.store import Store, StoreError


@dataclass(frozen=True)
class Finding:
    """One leak: what kind, in words, and the images (``SOURCE/IMAGE``) that it is about."""

    kind: str
    says: str
    images: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.kind}: {self.says} ({', '.join(self.images)})"


def audit(store: Store, tick: Callable[[int], None] = lambda n: None) -> list[Finding]:
    """Return all leaks of a store and its folds; none is the aim.

    ``tick`` is called with the pictures that were compared.
    """
    images = store.images()
    images["name"] = images["source"] + "/" + images["image"]
    images["fold"] = "none"
    findings = []
    try:
        frozen = folds.of(store)
    except StoreError as error:
        findings.append(Finding("folds", str(error), ()))
    else:
        fold = frozen.set_index(["source", "image"])["fold"].map(lambda n: f"fold {n}")
        keys = pd.MultiIndex.from_frame(images[["source", "image"]])
        images["fold"] = pd.Series(keys.map(fold), images.index).fillna("none")
    # The official test sets are a side of their own, labelled or not.
    images["side"] = images["fold"].mask(images["split"] == TEST, "official test set")
    listed = pd.concat([images, _listed_only(store)], ignore_index=True)
    findings += _in_two_places(listed, "patient", "side")
    findings += _in_two_places(listed, "lesion", "side")
    findings += _in_two_places(listed, "image", "set")
    findings += _official(store, images)
    findings += _copies(images, duplicates.find(store, images, tick))
    return findings


def _listed_only(store: Store) -> pd.DataFrame:
    """Return the official test images that are here by name only."""
    problems = store.problems()
    problems = problems[problems["split"] == TEST]
    return pd.DataFrame(
        {
            "source": problems["source"],
            "image": problems["image"],
            "name": problems["source"] + "/" + problems["image"],
            "patient": problems["patient"].mask(problems["patient"] == ""),
            "split": TEST,
            "side": "official test set",
        }
    )


def _in_two_places(images: pd.DataFrame, what: str, place: str) -> Iterator[Finding]:
    """Yield the patients, lesions or names that stand on two sides or in two sets."""
    images = images.assign(set=images["source"] + " " + images["split"])
    known = images[images[what].notna() & (images[place] != "none")]
    several = known.groupby(what)[place].transform("nunique") > 1
    for name, rows in known[several].groupby(what):
        places = ", ".join(sorted(rows[place].unique()))
        yield Finding(what, f"{name} in {places}", tuple(rows["name"]))


def _official(store: Store, images: pd.DataFrame) -> Iterator[Finding]:
    """Yield the pairs on an official list of duplicates that are parted."""
    side = images.set_index("name")["side"]
    for pair in store.official_duplicates().itertuples():
        a, b = f"{pair.source}/{pair.image_1}", f"{pair.source}/{pair.image_2}"
        if a in side and b in side and side[a] != side[b]:
            yield Finding("official duplicate", f"{side[a]} and {side[b]}", (a, b))


def _copies(images: pd.DataFrame, pairs: pd.DataFrame) -> Iterator[Finding]:
    """Yield the copies that are parted, by a split or by standing in two sources."""
    for pair in pairs.itertuples():
        a, b = images.iloc[pair.a], images.iloc[pair.b]
        if a["side"] == b["side"] and a["source"] == b["source"]:
            continue
        kind = "exact copy" if pair.exact else "near copy"
        says = f"{a['side']} and {b['side']}, similarity {pair.similarity:.2f}"
        yield Finding(kind, says, (a["name"], b["name"]))
