"""Where the tables mislead: values that are missing, patients who were followed unequally."""

from ml import metrics
from ml.data.exploration.charts import Cell, Figure, Matrix, Topic, shares
from ml.data.exploration.outcomes import ENOUGH_PICTURES, auc, by_group, contrast
from ml.data.exploration.people import follow_up, units
from ml.data.exploration.snapshot import Snapshot
from ml.data.exploration.wording import counted, interval, listed, percent
from ml.data.presets import Diagnosis

COLUMNS = ("patient", "lesion", "diagnosis", "age", "sex", "site")
STRONGEST = 0.55


def missing(snapshot: Snapshot) -> Topic:
    """Return what the tables do not tell, and whether that is told apart by the target."""
    images = snapshot.images
    gaps = images[list(COLUMNS)].isna()
    gaps["diagnosis"] |= images["diagnosis"] == Diagnosis.UNKNOWN
    shown = snapshot.largest()
    by_source = gaps.groupby(images["source"]).mean().reindex(shown)
    matrix = Matrix(
        "missing",
        COLUMNS,
        tuple(
            (source, tuple(Cell(percent(row[c]), STRONGEST * row[c]) for c in COLUMNS))
            for source, row in by_source.iterrows()
        ),
    )
    blank = [
        f"{column} ({listed([str(s) for s in by_source.index[by_source[column] == 1]])})"
        for column in COLUMNS
        if (by_source[column] == 1).any()
    ]
    says = (
        f"Wholly missing: {'; '.join(blank)}."
        if blank
        else f"The most that is missing of a column is {percent(by_source.max().max())}."
    )
    figures = [Figure("Share of missing values", says, matrix, wide=True)]
    figures += _telling_gaps(snapshot)
    return Topic("missing", "Missing values", "", tuple(figures))


def _telling_gaps(snapshot: Snapshot) -> list[Figure]:
    """Return a figure for each source where some have a value and others lack it."""
    figures = []
    labelled = snapshot.labelled
    for source in snapshot.largest():
        rows = labelled[labelled["source"] == source]
        estimates, widest = [], ("", 0.0)
        for column in ("age", "sex", "site"):
            lacking = rows[column].isna()
            if min(lacking.sum(), (~lacking).sum()) < ENOUGH_PICTURES:
                continue
            pair = [
                (f"{column} {word}", metrics.proportion(int(some.sum()), len(some)), len(some))
                for word, some in (
                    ("missing", rows.loc[lacking, "target"]),
                    ("there", rows.loc[~lacking, "target"]),
                )
            ]
            estimates += pair
            (_, without, _), (_, with_value, _) = pair
            difference = abs(without.value - with_value.value)
            if difference >= widest[1]:
                widest = (
                    f"Without {column} {percent(without.value)} are melanomas, "
                    f"with it {percent(with_value.value)}.",
                    difference,
                )
        if estimates:
            title = f"{source}: melanomas where a value is missing"
            figures.append(Figure(title, widest[0], shares(estimates)))
    return figures


def unequal_follow_up(snapshot: Snapshot) -> Topic:
    """Return whether the number of pictures of a patient or lesion gives a melanoma away."""
    figures, leads = [], []
    for source in snapshot.largest():
        found = units(snapshot.labelled[snapshot.labelled["source"] == source])
        if found is None:
            continue
        unit, each = found
        if each["pictures"].max() == 1:
            continue
        estimates = by_group(follow_up(each["pictures"]), each["target"])
        says = contrast(estimates)
        if alone := auc(each["target"], each["pictures"]):
            telling = (
                f"the number of pictures of a {unit} alone tells melanoma with an AUC of "
                f"{interval(alone)}."
            )
            says = f"{telling[0].upper()}{telling[1:]} {says}"
            leads.append((abs(alone.value - 0.5), f"{source}: {telling}"))
        title = f"{source}: {counted(len(each), unit)} by number of pictures"
        figures.append(Figure(title, says, shares(estimates)))
    says = "" if figures else "No source has several pictures of a known patient or lesion."
    lead = max(leads, default=(0.0, ""))[1]
    return Topic("follow-up", "Unequal follow-up", says, tuple(figures), lead)
