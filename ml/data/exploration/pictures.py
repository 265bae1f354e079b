"""Small pictures for the page: examples, copies side by side, what was removed."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

import pandas as pd
from PIL import Image

from ml.data import duplicates
from ml.data.store import Store

SIDE = 112
EXAMPLES = 8
PAIRS = 24


@dataclass(frozen=True)
class Thumbnail:
    """A picture as a data URL, with what is to be said of it."""

    url: str
    name: str
    label: str


@dataclass(frozen=True)
class Group:
    """Pictures that belong together, under a title."""

    title: str
    thumbnails: Sequence[Thumbnail]


def examples(store: Store, images: pd.DataFrame) -> list[Group]:
    """Return some pictures of each diagnosis, drawn evenly from the sources."""
    groups = []
    for diagnosis, rows in images.groupby(images["diagnosis"].fillna("no label")):
        shuffled = rows.sample(frac=1, random_state=0)
        turn = shuffled.groupby("source").cumcount()
        some = rows.loc[turn.sort_values(kind="stable").index[:EXAMPLES]]
        title = f"{diagnosis} ({len(rows):,})"
        groups.append((len(rows), Group(title, thumbnails(store, some))))
    return [group for _, group in sorted(groups, key=lambda one: -one[0])]


def copies(store: Store) -> list[Group]:
    """Return the pairs of copies in the whole manifest, the most alike first."""
    images = store.manifest()
    pairs = duplicates.find(store, images)
    if pairs.empty:
        return []
    removed = store.removed()
    gone = set(zip(removed["source"], removed["image"], strict=True))
    parted = images["lesion"].fillna(images["patient"])
    # Copies that nobody has linked are those that leak; they come first.
    linked = [parted[pair.a] == parted[pair.b] for pair in pairs.itertuples()]
    order = pairs.assign(linked=linked).sort_values(
        ["linked", "similarity"], ascending=[True, False]
    )
    groups = []
    for pair in order.head(PAIRS).itertuples():
        both = images.loc[[pair.a, pair.b]]
        state = [
            "removed" if key in gone else "kept"
            for key in zip(both["source"], both["image"], strict=True)
        ]
        how = "the same file" if pair.exact else f"similarity {pair.similarity:.3f}"
        link = "one lesion or patient" if pair.linked else "not linked by any id"
        groups.append(Group(f"{how}, {link}", thumbnails(store, both, state)))
    return groups


def removals(store: Store) -> list[Group]:
    """Return some of what was removed, by reason."""
    removed = store.removed()
    images = store.manifest().merge(removed, on=["source", "image"])
    return [
        Group(f"{reason} ({len(rows):,})", thumbnails(store, rows.head(EXAMPLES)))
        for reason, rows in images.groupby("reason")
    ]


def thumbnails(
    store: Store, rows: pd.DataFrame, remarks: Sequence[str] | None = None
) -> list[Thumbnail]:
    """Return the pictures of some rows, with their names, labels and remarks."""
    found = []
    for i, (row, jpeg) in enumerate(
        zip(rows.itertuples(), store.pictures(rows, SIDE), strict=True)
    ):
        out = BytesIO()
        with Image.open(BytesIO(jpeg)) as picture:
            picture.draft("RGB", (SIDE, SIDE))
            picture.convert("RGB").resize((SIDE, SIDE)).save(out, "JPEG", quality=80)
        url = "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode()
        label = row.diagnosis if isinstance(row.diagnosis, str) else "no label"
        label += f", {remarks[i]}" if remarks else ""
        found.append(Thumbnail(url, f"{row.source}/{row.image}", label))
    return found
