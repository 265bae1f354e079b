"""Who is in the data: pictures per patient, ages, sexes and sites."""

from itertools import pairwise

import numpy as np
import pandas as pd

from ml.data.exploration.charts import MELANOMA, REST, Figure, Section, Topic, bars, histogram
from ml.data.exploration.contents import leading
from ml.data.exploration.snapshot import Snapshot
from ml.data.exploration.wording import counted, listed, percent

LEGEND = {MELANOMA: "melanoma", REST: "anything else"}

# Of so many pictures a patient or a lesion can have.
FOLLOW_UP = (1, 2, 3, 6, 11, 21, 51, 101)
TO = "\N{EN DASH}"
DECADE = 10
OLDEST = 90


def section(snapshot: Snapshot) -> Section:
    """Return the section on the patients, as far as the sources tell anything of them."""
    topics = (
        _patients(snapshot),
        _of_each_source(snapshot, "age", "Age", _ages),
        _of_each_source(snapshot, "sex", "Sex", _categories),
        _of_each_source(snapshot, "site", "Site on the body", _categories),
    )
    return Section("who", "Who is in it", topics)


def units(rows: pd.DataFrame) -> tuple[str, pd.DataFrame] | None:
    """Return what the pictures of one source are of, and the ``pictures`` and ``target`` of each.

    That is the patient where patients are known, else the lesion, else nothing.
    """
    for column in ("patient", "lesion"):
        if rows[column].notna().any():
            by_unit = rows.groupby(column)["target"]
            return column, by_unit.agg(pictures="size", target="max").reset_index(drop=True)
    return None


def follow_up(pictures: pd.Series) -> pd.Series:
    """Return in words how many pictures there are of each patient or lesion, in their order."""
    labels = [
        counted(start, "picture") if start == end - 1 else f"{start}{TO}{end - 1} pictures"
        for start, end in pairwise(FOLLOW_UP)
    ]
    labels.append(f"{FOLLOW_UP[-1]} pictures or more")
    codes = np.searchsorted(FOLLOW_UP, pictures, side="right") - 1
    return pd.Series(pd.Categorical.from_codes(codes, labels, ordered=True), pictures.index)


def age_band(ages: pd.Series) -> pd.Series:
    """Return the decade of each age in years, in words and in order."""
    starts = range(0, OLDEST + 1, DECADE)
    labels = [f"{s} or older" if s == OLDEST else f"{s}{TO}{s + DECADE - 1}" for s in starts]
    codes = (ages.clip(0, OLDEST) // DECADE).astype(int)
    return pd.Series(pd.Categorical.from_codes(codes, labels, ordered=True), ages.index)


def _patients(snapshot: Snapshot) -> Topic:
    figures, without = [], []
    for source in snapshot.largest():
        found = units(snapshot.images[snapshot.images["source"] == source])
        if found is None:
            without.append(source)
            continue
        unit, each = found
        melanomas = int((each["target"] == 1).sum())
        says = (
            f"{counted(len(each), unit)} with a median of "
            f"{counted(int(each['pictures'].median()), 'picture')} and at most "
            f"{each['pictures'].max():,}; {melanomas:,} of them "
            f"({percent(melanomas / len(each))}) with a melanoma."
        )
        table = _by_target(follow_up(each["pictures"]), each["target"])
        legend = {MELANOMA: f"{unit}s with a melanoma", REST: f"{unit}s without"}
        figures.append(Figure(f"{source}, by {unit}", says, bars(leading(table), legend)))
    says = ""
    if without:
        says = (
            f"{listed(without)} {'tells' if len(without) == 1 else 'tell'} neither patient nor "
            "lesion: nothing but the pixels can show whether two pictures are of one person."
        )
    return Topic("patients", "Pictures per patient", says, tuple(figures), lead=says)


def _of_each_source(snapshot: Snapshot, column: str, title: str, draw) -> Topic:
    """Return a topic with a figure for each source that knows a column."""
    figures, without = [], []
    for source in snapshot.largest():
        rows = snapshot.labelled[snapshot.labelled["source"] == source]
        if rows[column].notna().any():
            figures.append(draw(source, rows[rows[column].notna()], column))
        else:
            without.append(source)
    says = f"Not told by {listed(without)}." if without else ""
    return Topic(f"who-{column}", title, says, tuple(figures))


def _ages(source: str, rows: pd.DataFrame, column: str) -> Figure:
    quarter, median, three = rows[column].quantile([0.25, 0.5, 0.75])
    says = (
        f"Half of the {counted(len(rows), 'picture')} are of people of {quarter:.0f} to "
        f"{three:.0f} years; the median age is {median:.0f}."
    )
    table = _by_target(age_band(rows[column]), rows["target"], whole=True)
    counts = [(f"{label} years", row.to_dict()) for label, row in table.iterrows()]
    ticks = [(i / len(table), str(i * DECADE)) for i in range(0, len(table), 2)]
    return Figure(source, says, histogram(counts, ticks, "age in years", LEGEND))


def _categories(source: str, rows: pd.DataFrame, column: str) -> Figure:
    table = _by_target(rows[column], rows["target"])
    table = table.loc[table.sum(axis=1).sort_values(ascending=False, kind="stable").index]
    most = table.index[0]
    share = percent(table.loc[most].sum() / len(rows))
    says = f"{str(most).capitalize()} is the most frequent: {share}"
    return Figure(
        source, f"{says} of {counted(len(rows), 'picture')}.", bars(leading(table), LEGEND)
    )


def _by_target(groups: pd.Series, target: pd.Series, *, whole: bool = False) -> pd.DataFrame:
    """Return counts by group of melanomas and of the rest; with ``whole``, of empty groups too."""
    melanoma = target == 1
    table = pd.DataFrame(
        {
            MELANOMA: groups[melanoma].value_counts(sort=False),
            REST: groups[~melanoma].value_counts(sort=False),
        }
    )
    table = table.fillna(0).astype(int)
    if isinstance(groups.dtype, pd.CategoricalDtype):
        table = table.reindex(groups.cat.categories, fill_value=0)
    return table if whole else table[table.sum(axis=1) > 0]
