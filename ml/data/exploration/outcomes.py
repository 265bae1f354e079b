"""What the data shows: the share of melanomas by age, sex and site."""

from collections.abc import Iterable

import pandas as pd

from ml import metrics
from ml.data.exploration.charts import MOST_ROWS, Figure, Section, Topic, shares
from ml.data.exploration.people import age_band
from ml.data.exploration.snapshot import Snapshot
from ml.data.exploration.wording import interval, percent
from ml.metrics import Estimate

# Groups of fewer pictures are drawn but not compared, and where there are fewer
# melanomas, or fewer of the rest, no AUC is given.
ENOUGH_PICTURES = 30
ENOUGH_OF_EACH = 10


def section(snapshot: Snapshot) -> Section:
    """Return the section on who has a melanoma."""
    return Section(
        "outcomes",
        "What it shows",
        (
            _topic(snapshot, "age", "Melanoma by age"),
            _topic(snapshot, "sex", "Melanoma by sex"),
            _topic(snapshot, "site", "Melanoma by site"),
        ),
    )


def by_group(groups: pd.Series, target: pd.Series) -> list[tuple[str, Estimate, int]]:
    """Return the share of melanomas in each group, as label, share and out of how many.

    Ordered groups keep their order; of the others the largest are taken first.
    """
    table = target.groupby(groups, observed=True).agg(["sum", "size"])
    if not isinstance(groups.dtype, pd.CategoricalDtype):
        table = table.sort_values("size", ascending=False, kind="stable")
    return [
        (str(row.Index), metrics.proportion(int(row.sum), int(row.size)), int(row.size))
        for row in table.head(MOST_ROWS).itertuples()
    ]


def contrast(estimates: Iterable[tuple[str, Estimate, int]]) -> str:
    """Return a sentence on where melanomas are most and where they are least frequent."""
    enough = [(e, label) for label, e, total in estimates if total >= ENOUGH_PICTURES]
    if len(enough) < 2:
        return f"Fewer than two groups have {ENOUGH_PICTURES} members: too few to compare."
    least, fewest = min(enough, key=lambda pair: pair[0].value)
    most, richest = max(enough, key=lambda pair: pair[0].value)
    if most.value == 0:
        return "There is no melanoma among them."
    apart = "do not overlap" if least.high < most.low else "overlap"
    return (
        f"Most frequent in the group “{richest}” ({percent(most.value)}), least in “{fewest}” "
        f"({percent(least.value)}); the intervals {apart}."
    )


def auc(target: pd.Series, score: pd.Series) -> Estimate | None:
    """Return how well a score alone orders the melanomas, or None where they are too few."""
    melanomas = int((target == 1).sum())
    if min(melanomas, len(target) - melanomas) < ENOUGH_OF_EACH:
        return None
    return metrics.auc(target.to_numpy(int), score.to_numpy(float))


def _topic(snapshot: Snapshot, column: str, title: str) -> Topic:
    known = snapshot.labelled[snapshot.labelled[column].notna()]
    figures, leads = [], []
    for source in snapshot.largest():
        rows = known[known["source"] == source]
        if rows.empty:
            continue
        groups = age_band(rows[column]) if column == "age" else rows[column]
        estimates = by_group(groups, rows["target"])
        says = contrast(estimates)
        if column == "age" and (alone := auc(rows["target"], rows[column])):
            medians = rows.groupby("target")[column].median()
            telling = (
                f"The median age is {medians[1]:.0f} with a melanoma and {medians[0]:.0f} without; "
                f"age alone has an AUC of {interval(alone)}."
            )
            says = f"{telling} {says}"
            leads.append((len(rows), f"{source}: {telling[0].lower()}{telling[1:]}"))
        figures.append(Figure(source, says, shares(estimates)))
    says = "" if figures else f"No labelled picture tells the {column}."
    return Topic(f"melanoma-{column}", title, says, tuple(figures), max(leads, default=(0, ""))[1])
