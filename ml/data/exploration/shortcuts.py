"""Where the pictures mislead: what their size and colour tell of their origin."""

from collections.abc import Callable
from itertools import combinations, permutations

import numpy as np
import pandas as pd

from ml.data.exploration import probes
from ml.data.exploration.charts import (
    OF_SOURCES,
    Bubble,
    Bubbles,
    Cell,
    Figure,
    Matrix,
    Strips,
    Topic,
    areas,
)
from ml.data.exploration.outcomes import auc
from ml.data.exploration.probes import COLOUR, SIZE
from ml.data.exploration.snapshot import Snapshot
from ml.data.exploration.wording import counted, interval, percent, sizes
from ml.data.folds import labelled
from ml.metrics import Estimate

MOST_SIZES = 150
LARGEST_RADIUS = 18
MARGIN = 0.14
STRIPES = 48
STRONGEST = 0.55
TO = "\N{EN DASH}"
NONE = Cell(TO, 0.0)
BOTH = SIZE + COLOUR
CHANCE = 0.5


def topics(
    snapshot: Snapshot, tick: Callable[[int], None] = lambda n: None
) -> tuple[Topic, Topic, Topic]:
    """Return what gives away the source, and what "melanoma" without a look at the lesion.

    ``tick`` is called with the number of pictures whose colour was measured.
    """
    shown = snapshot.images[snapshot.images["source"].isin(snapshot.largest())]
    measured = probes.measure(snapshot.store, probes.sample(shown), tick)
    return _sizes(snapshot, measured), _colours(snapshot, measured), _melanomas(snapshot, measured)


def to_measure(snapshot: Snapshot) -> int:
    """Return how many pictures will be measured."""
    counts = snapshot.images["source"].value_counts()[snapshot.largest()]
    return int(counts.clip(upper=probes.MOST_PICTURES).sum())


def _sizes(snapshot: Snapshot, measured: pd.DataFrame) -> Topic:
    counts = snapshot.images.groupby(["source", "width", "height"]).size()
    one = [s for s in snapshot.largest() if len(counts[s]) == 1]
    says = [
        f"{source} has {sizes(*counts[source].idxmax())} only"
        if source in one
        else f"{source} has {counted(len(counts[source]), 'size')}, "
        f"{sizes(*counts[source].idxmax())} most often "
        f"({percent(counts[source].max() / counts[source].sum())})"
        for source in snapshot.largest()
    ]
    scatter = Figure("Sizes of the originals", f"{'; '.join(says)}.", _bubbles(snapshot, counts))
    apart, lead = _apart(snapshot, measured, SIZE, "Size alone")
    return Topic("sizes", "Picture sizes", "", (scatter, apart), lead)


def _bubbles(snapshot: Snapshot, counts: pd.Series) -> Bubbles:
    colours = dict(zip(snapshot.largest(), OF_SOURCES, strict=False))
    table = counts.rename("pictures").reset_index()
    table = table[table["source"].isin(colours)].nlargest(MOST_SIZES, "pictures")
    ends = (table[SIZE].min().min(), table[SIZE].max().max())
    x, y = (_logarithmic(table[side], *ends) for side in SIZE)
    radius = LARGEST_RADIUS * np.sqrt(table["pictures"] / table["pictures"].max())
    points = tuple(
        Bubble(
            float(x[row.Index]),
            float(y[row.Index]),
            round(float(max(3, radius[row.Index])), 1),
            colours[row.source],
            f"{row.source}, {sizes(row.width, row.height)}: {counted(row.pictures, 'picture')}",
        )
        for row in table.itertuples()
    )
    marks = [n for n in (64, 128, 256, 512, 1024, 2048, 4096, 8192) if ends[0] <= n <= ends[1]]
    marks = marks or [int(ends[0])]
    ticks = tuple(
        (float(at), f"{n}")
        for at, n in zip(_logarithmic(pd.Series(marks), *ends), marks, strict=True)
    )
    return Bubbles(points, ticks, ticks, {colour: name for name, colour in colours.items()})


def _logarithmic(values: pd.Series, least: float, most: float) -> pd.Series:
    """Return places on an axis from ``least`` to ``most``, with a margin at its ends."""
    if least == most:
        return values * 0 + 0.5
    places = np.log(values / least) / np.log(most / least)
    return MARGIN + (1 - 2 * MARGIN) * places


def _colours(snapshot: Snapshot, measured: pd.DataFrame) -> Topic:
    rows = []
    lightness = measured[COLOUR].mean(axis=1)
    for source in snapshot.largest():
        mine = measured["source"] == source
        for name, some in (("", measured["target"] != 1), (", melanomas", measured["target"] == 1)):
            chosen = measured.loc[lightness[mine & some].sort_values().index, COLOUR].to_numpy()
            if len(chosen):
                stripes = np.array_split(chosen, min(STRIPES, len(chosen)))
                rows.append((source + name, tuple(_hex(stripe.mean(axis=0)) for stripe in stripes)))
    means = lightness.groupby(measured["source"]).mean().div(255).sort_values()
    says = "Each stripe is the mean colour of a few pictures, from the darkest to the lightest."
    if len(means) > 1:
        says += (
            f" {means.index[0]} is darkest with a mean of {percent(means.iloc[0])} of white, "
            f"{means.index[-1]} lightest with {percent(means.iloc[-1])}."
        )
    strips = Figure("Mean colours", says, Strips(tuple(rows)))
    apart, lead = _apart(snapshot, measured, COLOUR, "Mean colour alone")
    return Topic("colours", "Picture colours", "", (strips, apart), lead)


def _hex(colour: np.ndarray) -> str:
    red, green, blue = colour.round().astype(int)
    return f"#{red:02x}{green:02x}{blue:02x}"


def _apart(
    snapshot: Snapshot, measured: pd.DataFrame, features: list[str], what: str
) -> tuple[Figure, str]:
    """Return how often the sources of each pair are told apart, and the worst of it in words."""
    shown = snapshot.largest()
    told = {
        (a, b): right
        for a, b in combinations(shown, 2)
        if (right := probes.tells_apart(measured[measured["source"].isin((a, b))], features))
        is not None
    }
    title = f"{what}: which source is it?"
    if not told:
        return Figure(title, "There are no two sources with pictures enough to compare."), ""
    (a, b), highest = max(told.items(), key=lambda item: item[1])
    lead = f"{what} tells {a} from {b} in {percent(highest)} of cases; 50 % would be chance."
    says = lead
    if len(told) > 1:
        (c, d), lowest = min(told.items(), key=lambda item: item[1])
        says += f" It does least for {c} and {d}: {percent(lowest)}."

    def cell(a: str, b: str) -> Cell:
        right = told.get((a, b), told.get((b, a)))
        return NONE if right is None else _cell(percent(right), right)

    rows = tuple((a, tuple(cell(a, b) for b in shown)) for a in shown)
    return Figure(title, says, Matrix("told from", tuple(shown), rows)), lead


def _melanomas(snapshot: Snapshot, measured: pd.DataFrame) -> Topic:
    known = labelled(measured)
    by_source = {source: known[known["source"] == source] for source in snapshot.largest()}
    inside = {a: e for a, rows in by_source.items() if (e := probes.within(rows, BOTH))}
    travels = {
        (a, b): e
        for a, b in permutations(by_source, 2)
        if (e := probes.across(by_source[a], by_source[b], BOTH))
    }
    key, title = "melanoma-shortcut", "Melanoma without a look"
    if not inside:
        says = "No source has melanomas and others enough to measure what size and colour tell."
        return Topic(key, title, says)
    best = max(inside, key=lambda source: inside[source].value)
    lead = (
        f"In {best}, size and mean colour alone tell melanoma with an AUC of "
        f"{interval(inside[best])}, without any look at the lesion."
    )
    everything = snapshot.labelled
    share = everything.groupby("source")["target"].transform("mean")
    areas_of = dict(inside)
    if len(by_source) > 1 and (pooled := probes.within(known, BOTH)):
        areas_of = {"all sources together": pooled, **areas_of}
    if len(by_source) > 1 and (alone := auc(everything["target"], share)):
        areas_of = {"(name of the source)": alone, **areas_of}
        lead += f" The name of the source alone has one of {interval(alone)} over all sources."
    figures = [Figure("Melanoma by size and colour alone", lead, areas(areas_of))]
    if travels:
        figures.append(_transfers(list(by_source), inside, travels))
    return Topic(key, title, "", tuple(figures), lead)


def _transfers(
    sources: list[str], inside: dict[str, Estimate], travels: dict[tuple[str, str], Estimate]
) -> Figure:
    """Return how well what one source teaches by size and colour serves in another."""
    above = sum(estimate.low > CHANCE for estimate in travels.values())
    below = sum(estimate.high < CHANCE for estimate in travels.values())
    says = (
        f"Of {counted(len(travels), 'transfer')} from one source to another {above} stay above "
        f"chance (0.5) with the whole interval and {below} fall below it: what size and colour "
        f"teach in one source is {'not the same' if above < len(travels) else 'the same'} in all."
    )

    def cell(a: str, b: str) -> Cell:
        estimate = inside.get(a) if a == b else travels.get((a, b))
        if estimate is None:
            return NONE
        return _cell(
            f"{estimate.value:.2f}",
            estimate.value,
            f"{estimate.low:.2f}{TO}{estimate.high:.2f}",
        )

    rows = tuple((a, tuple(cell(a, b) for b in sources)) for a in sources)
    return Figure("Does it serve elsewhere?", says, Matrix("fitted to", tuple(sources), rows))


def _cell(text: str, value: float, detail: str = "") -> Cell:
    """Return a cell that is blank at chance and full at certainty."""
    return Cell(text, STRONGEST * max(0.0, 2 * value - 1), detail)
