"""What is here: pictures, diagnoses, melanomas, folds."""

from collections.abc import Mapping

import pandas as pd

from ml import metrics
from ml.data import folds
from ml.data.exploration.charts import (
    GONE,
    MELANOMA,
    MOST_ROWS,
    REST,
    Figure,
    Section,
    Shares,
    Topic,
    bars,
    shares,
)
from ml.data.exploration.snapshot import MOST_SOURCES, Snapshot
from ml.data.exploration.wording import counted, percent
from ml.data.presets import TEST, Diagnosis
from ml.data.store import StoreError

KEPT = "blue"
NOT_TOLD = "not told"


def section(snapshot: Snapshot) -> Section:
    """Return the section on what the store holds."""
    topics = (_pictures(snapshot), _classes(snapshot), _folds(snapshot))
    return Section("contents", "What is here", topics)


def _pictures(snapshot: Snapshot) -> Topic:
    images = len(snapshot.images)
    by_source = {
        KEPT: snapshot.images["source"].value_counts(),
        "yellow": snapshot.removed["source"].value_counts(),
        GONE: snapshot.problems["source"].value_counts(),
    }
    counts = pd.DataFrame(by_source).reindex(snapshot.sources).fillna(0).astype(int)
    counts = counts.loc[counts.sum(axis=1).sort_values(ascending=False).index]
    says = f"{counted(images, 'picture')} from {counted(len(counts), 'source')}"
    if images and len(counts) > 1:
        says += f"; {counts[KEPT].idxmax()} alone gives {percent(counts[KEPT].max() / images)}"
    says += "."
    if len(snapshot.removed):
        says += f" Cleaning has left {counted(len(snapshot.removed), 'picture')} out."
    if len(snapshot.problems):
        says += f" {len(snapshot.problems):,} more stand in the tables only."
    test = int((snapshot.images["split"] == TEST).sum())
    if test:
        says += f" {test:,} are of an official test set, whose labels this page does not look at."
    legend = {KEPT: "in the store", "yellow": "removed by cleaning", GONE: "without a picture"}
    chart = bars(leading(counts), legend)
    figure = Figure("Pictures by source", says, chart, wide=True)
    return Topic("pictures", "Pictures", "", (figure,), lead=says)


def _classes(snapshot: Snapshot) -> Topic:
    labelled = snapshot.labelled
    total, melanomas = len(labelled), int(labelled["target"].sum())
    if not total:
        return Topic("classes", "Classes", "No picture has a label to learn from.")
    overall = metrics.proportion(melanomas, total)
    lead = (
        f"{melanomas:,} of {total:,} labelled pictures are melanomas "
        f"({percent(overall.value)}; 95 % interval {percent(overall.low)} to "
        f"{percent(overall.high)})."
    )
    by_source = labelled.groupby("source")["target"].agg(["sum", "size"])
    estimates = [
        (source, metrics.proportion(int(row["sum"]), int(row["size"])), int(row["size"]))
        for source, row in by_source.reindex(snapshot.sources).dropna().iterrows()
    ]
    values = sorted((estimate.value, source) for source, estimate, _ in estimates)
    spread = "The share of melanomas among the labelled pictures of the only source."
    if len(values) > 1:
        (least, fewest), (most, richest) = values[0], values[-1]
        spread = (
            f"The share of melanomas goes from {percent(least)} in {fewest} "
            f"to {percent(most)} in {richest}."
        )
    figures = [Figure("Melanomas by source", spread, shares(estimates[:MOST_ROWS]))]
    figures += [_diagnoses(source, labelled) for source in _shown(snapshot)]
    return Topic("classes", "Classes", _how_many_shown(snapshot), tuple(figures), lead)


def _diagnoses(source: str, labelled: pd.DataFrame) -> Figure:
    rows = labelled[labelled["source"] == source]
    counts = rows["diagnosis"].fillna(NOT_TOLD).value_counts()
    says = (
        f"{counted(len(counts), 'class', 'classes')}; "
        f"the largest, {counts.index[0]}, has {percent(counts.iloc[0] / len(rows))}."
    )
    if Diagnosis.UNKNOWN in counts and counts.index[0] != Diagnosis.UNKNOWN:
        says += f" {percent(counts[Diagnosis.UNKNOWN] / len(rows))} have no diagnosis."
    melanoma = rows.loc[rows["target"] == 1, "diagnosis"].fillna(NOT_TOLD).value_counts()
    table = pd.DataFrame({MELANOMA: melanoma, REST: counts}).reindex(counts.index).fillna(0)
    table[REST] -= table[MELANOMA]
    chart = bars(leading(table.astype(int)), {MELANOMA: "melanoma", REST: "anything else"})
    return Figure(source, says, chart)


def _folds(snapshot: Snapshot) -> Topic:
    try:
        assigned = folds.of(snapshot.store)
    except StoreError:
        says = "No folds are frozen for just these images: run `folds` to split them."
        return Topic("folds", "Folds", says)
    by_fold = assigned.groupby("fold")["target"].agg(["sum", "size"]).astype(int)
    estimates = [
        (f"fold {fold}", metrics.proportion(row["sum"], row["size"]), row["size"])
        for fold, row in by_fold.iterrows()
    ]
    values = [estimate.value for _, estimate, _ in estimates]
    says = (
        f"{counted(len(by_fold), 'fold')} of {by_fold['size'].min():,} to "
        f"{by_fold['size'].max():,} pictures; the share of melanomas is "
        f"{percent(min(values))} to {percent(max(values))}."
    )
    chart: Shares = shares(estimates[:MOST_ROWS])
    return Topic("folds", "Folds", "", (Figure("Melanomas by fold", says, chart),))


def _shown(snapshot: Snapshot) -> list[str]:
    known = set(snapshot.labelled["source"])
    return [source for source in snapshot.largest() if source in known]


def _how_many_shown(snapshot: Snapshot) -> str:
    sources = snapshot.labelled["source"].nunique()
    if sources <= MOST_SOURCES:
        return ""
    return f"Side by side: the {MOST_SOURCES} largest of {sources} sources."


def leading(table: pd.DataFrame) -> Mapping[str, Mapping[str, int]]:
    """Return the first rows of a table of counts, with the sum of those that are too many."""
    if len(table) > MOST_ROWS:
        first, others = table.iloc[: MOST_ROWS - 1], table.iloc[MOST_ROWS - 1 :]
        table = pd.concat([first, others.sum().to_frame(f"{len(others):,} others").T])
    return {str(label): row.to_dict() for label, row in table.iterrows()}
