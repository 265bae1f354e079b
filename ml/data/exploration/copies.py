"""Where the same thing stands twice: copies, and what cleaning has removed."""

from collections.abc import Callable, Iterator

import pandas as pd

from ml.data import duplicates
from ml.data.exploration.charts import Figure, Pair, Pairs, Topic, bars
from ml.data.exploration.contents import leading
from ml.data.exploration.pictures import thumbnails
from ml.data.exploration.snapshot import Snapshot
from ml.data.exploration.wording import counted, listed, percent

MOST_PAIRS = 24
OF_A_REASON = 4
PAIRS, REMOVED = "blue", "yellow"


def found(snapshot: Snapshot, tick: Callable[[int], None] = lambda n: None) -> Topic:
    """Return the copies among all pictures, those that cleaning has removed included.

    ``tick`` is called with the number of pictures that were compared.
    """
    manifest = snapshot.manifest
    pairs = duplicates.find(snapshot.store, manifest, tick)
    if pairs.empty:
        says = f"No two of the {counted(len(manifest), 'picture')} are copies of each other."
        return Topic("copies", "Copies", says)
    a, b = (manifest.iloc[pairs[end]].reset_index(drop=True) for end in ("a", "b"))
    both_in = ~(a["removed"] | b["removed"])
    relations = {
        "all pairs": pairs["a"] != pairs["b"],
        "of one lesion by its name": a["lesion"].notna() & (a["lesion"] == b["lesion"]),
        "the same file": pairs["exact"],
        "in two sources": a["source"] != b["source"],
        "under two lesions' names": _differ(a, b, "lesion"),
        "under two patients' names": _differ(a, b, "patient"),
        "with two diagnoses": _differ(a, b, "diagnosis"),
        "both still in the data": both_in,
    }
    involved = pd.concat([pairs["a"], pairs["b"]]).nunique()
    lead = (
        f"{counted(len(pairs), 'pair')} of copies among {counted(len(manifest), 'picture')}, "
        f"{percent(involved / len(manifest))} of which are in one"
    )
    left = int(both_in.sum())
    lead += f"; cleaning has left {left or 'none'} of the pairs in the data."
    chart = bars({label: {PAIRS: int(holds.sum())} for label, holds in relations.items()}, {})
    order = pairs.sort_values(["exact", "similarity"], ascending=False, kind="stable")
    shown = order.head(MOST_PAIRS)
    most = Figure(
        f"The {counted(len(shown), 'most similar pair')}",
        f"Alike in the fine structure by {percent(min(1, shown['similarity'].min()))} and more.",
        Pairs(tuple(_pairs(snapshot, shown))),
        wide=True,
    )
    return Topic("copies", "Copies", "", (Figure("What the pairs are", lead, chart), most), lead)


def _differ(a: pd.DataFrame, b: pd.DataFrame, column: str) -> pd.Series:
    """Return where two images are told to be of two things; what is not told does not differ."""
    return a[column].notna() & b[column].notna() & (a[column] != b[column])


def _pairs(snapshot: Snapshot, pairs: pd.DataFrame) -> Iterator[Pair]:
    for pair in pairs.itertuples():
        rows = snapshot.manifest.iloc[[pair.a, pair.b]]
        first, second = (row for _, row in rows.iterrows())
        alike = "the same file" if pair.exact else f"{percent(min(1, pair.similarity))} alike"
        remarks = [alike, " / ".join(dict.fromkeys(rows["source"]))]
        warnings = [
            f"two {what}"
            for what, column in (
                ("diagnoses", "diagnosis"),
                ("lesions' names", "lesion"),
                ("patients' names", "patient"),
            )
            if isinstance(first[column], str)
            and isinstance(second[column], str)
            and first[column] != second[column]
        ]
        if not rows["removed"].any():
            warnings.append("both still in")
        pictures = tuple(thumbnails(snapshot.store, rows, captions=True))
        yield Pair(pictures, tuple(remarks), tuple(warnings))


def removed(snapshot: Snapshot) -> Topic:
    """Return what cleaning has removed, by reason, with examples beside what was kept."""
    gone = snapshot.removed
    if gone.empty:
        says = "Cleaning has removed nothing, or has not been run (`clean`)."
        return Topic("removed", "Removed by cleaning", says)
    reasons = gone["reason"].value_counts()
    lead = (
        f"{counted(len(gone), 'picture')} removed, "
        f"{percent(len(gone) / len(snapshot.manifest))} of all; "
        f"most of them ({reasons.iloc[0]:,}) because: {reasons.index[0]}."
    )
    table = (gone["source"] + ": " + gone["reason"]).value_counts().to_frame(REMOVED)
    figures = [Figure("Removed, by source and reason", lead, bars(leading(table), {}))]
    row = pd.Series(
        range(len(snapshot.manifest)),
        pd.MultiIndex.from_frame(snapshot.manifest[["source", "image"]]),
    )
    for reason in reasons.index:
        some = gone[gone["reason"] == reason]
        pairs = tuple(_gone_and_kept(snapshot, row, some.head(OF_A_REASON)))
        without = int((some["kept_image"] == "").sum())
        says = f"{counted(len(some), 'picture')} of {listed(list(some['source'].unique()))}; " + (
            f"in the place of {without:,} nothing was kept." if without else "the other was kept."
        )
        figures.append(Figure(f"Examples: {reason}", says, Pairs(pairs), wide=True))
    return Topic("removed", "Removed by cleaning", "", tuple(figures))


def _gone_and_kept(snapshot: Snapshot, row: pd.Series, gone: pd.DataFrame) -> Iterator[Pair]:
    for one in gone.itertuples():
        names = [(one.source, one.image), (one.kept_source, one.kept_image)]
        places = [row[name] for name in names if name in row.index]
        rows = snapshot.manifest.iloc[places]
        pictures = tuple(thumbnails(snapshot.store, rows, captions=True))
        yield Pair(pictures, () if one.kept_image else ("nothing was kept",), ())
