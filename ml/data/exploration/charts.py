"""What can be drawn; ``charts.html`` draws it.

Lengths and places are shares of the room there is, from 0 to 1. A chart says in
``alt`` what it shows, for those who do not see it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ml.data.exploration.wording import interval, percent
from ml.metrics import Estimate

# Names of colours in ``report.css``, after Okabe and Ito (2008), who chose colours
# that the colour-blind can tell apart.
MELANOMA, REST, GONE = "vermillion", "sky", "grey"
OF_SOURCES = ("blue", "orange", "green", "purple", "sky", "vermillion")

MOST_ROWS = 14


@dataclass(frozen=True)
class Part:
    """A piece of a bar or column, in a named colour."""

    length: float
    colour: str
    says: str


@dataclass(frozen=True)
class BarRow:
    """A bar of parts."""

    label: str
    value: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Bars:
    """Horizontal bars; ``legend`` gives the meaning of each colour."""

    rows: tuple[BarRow, ...]
    legend: Mapping[str, str]
    kind = "bars"

    @property
    def alt(self) -> str:
        return "; ".join(
            f"{row.label}: {', '.join(part.says for part in row.parts) or row.value}"
            for row in self.rows
        )


@dataclass(frozen=True)
class ShareRow:
    """A share with its 95 % interval, all three as places on the axis."""

    label: str
    value: str
    at: float
    low: float
    high: float


@dataclass(frozen=True)
class Shares:
    """Shares as points with intervals, over a common axis from ``start`` to ``limit``."""

    rows: tuple[ShareRow, ...]
    start: str
    axis: str
    limit: str
    kind = "shares"

    @property
    def alt(self) -> str:
        return "; ".join(f"{row.label}: {row.value}" for row in self.rows)


@dataclass(frozen=True)
class Histogram:
    """Columns of parts; ``ticks`` are places on the axis below, ``top`` its height in words."""

    columns: tuple[tuple[Part, ...], ...]
    ticks: tuple[tuple[float, str], ...]
    top: str
    axis: str
    legend: Mapping[str, str]
    kind = "histogram"

    @property
    def alt(self) -> str:
        said = [part.says for column in self.columns for part in column if part.length]
        return "; ".join(said)


@dataclass(frozen=True)
class Bubble:
    """A disc; its radius is in pixels."""

    x: float
    y: float
    radius: float
    colour: str
    says: str


@dataclass(frozen=True)
class Bubbles:
    """Discs over two axes."""

    points: tuple[Bubble, ...]
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]
    legend: Mapping[str, str]
    kind = "bubbles"

    @property
    def alt(self) -> str:
        return "; ".join(point.says for point in self.points[:MOST_ROWS])


@dataclass(frozen=True)
class Strips:
    """Rows of colours, each a label and its ``#rrggbb``, side by side."""

    rows: tuple[tuple[str, tuple[str, ...]], ...]
    kind = "strips"

    @property
    def alt(self) -> str:
        middles = (f"{label}: {row[len(row) // 2]}" for label, row in self.rows if row)
        return "The colour in the middle of each row: " + "; ".join(middles)


@dataclass(frozen=True)
class Cell:
    """A text, with a smaller one below it, on a ground whose strength goes from 0 to 1."""

    text: str
    strength: float
    detail: str = ""


@dataclass(frozen=True)
class Matrix:
    """A table whose cells are shaded by their values."""

    corner: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    kind = "matrix"


@dataclass(frozen=True)
class Picture:
    """A JPEG as a ``data:`` address, what it shows and a line to print below it."""

    address: str
    alt: str
    caption: str = ""


@dataclass(frozen=True)
class Grid:
    """Pictures."""

    pictures: tuple[Picture, ...]
    kind = "grid"


@dataclass(frozen=True)
class Pair:
    """Two pictures side by side, and remarks on them; a warning is printed stronger."""

    pictures: tuple[Picture, ...]
    remarks: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Pairs:
    """Pairs of pictures."""

    pairs: tuple[Pair, ...]
    kind = "pairs"


Chart = Bars | Shares | Histogram | Bubbles | Strips | Matrix | Grid | Pairs


@dataclass(frozen=True)
class Figure:
    """A chart with a title and the sentence that says what to see in it."""

    title: str
    says: str
    chart: Chart | None = None
    wide: bool = False


@dataclass(frozen=True)
class Topic:
    """Some figures under a heading. ``lead`` goes to the top of the page, where there is one."""

    key: str
    title: str
    says: str
    figures: tuple[Figure, ...] = ()
    lead: str = ""


@dataclass(frozen=True)
class Section:
    """Some topics under a heading."""

    key: str
    title: str
    topics: tuple[Topic, ...]


def bars(counts: Mapping[str, Mapping[str, int]], legend: Mapping[str, str]) -> Bars:
    """Return bars of counts, given for each label by colour; the longest fills the room."""
    longest = max((sum(parts.values()) for parts in counts.values()), default=0) or 1
    return Bars(
        tuple(
            BarRow(
                label,
                " + ".join(f"{n:,}" for n in parts.values() if n) or "none",
                tuple(
                    Part(n / longest, colour, f"{n:,} {legend.get(colour, '')}".strip())
                    for colour, n in parts.items()
                    if n
                ),
            )
            for label, parts in counts.items()
        ),
        legend,
    )


def shares(estimates: Sequence[tuple[str, Estimate, int]]) -> Shares:
    """Return shares of melanomas, given as label, share and out of how many."""
    highest = max((estimate.high for _, estimate, _ in estimates), default=1.0)
    limit = next(end for end in (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0) if highest <= end or end == 1)
    rows = (
        _row(label, f"{percent(estimate.value)} of {total:,}", estimate, limit)
        for label, estimate, total in estimates
    )
    return Shares(tuple(rows), percent(0), "share of melanomas", percent(limit))


def areas(estimates: Mapping[str, Estimate]) -> Shares:
    """Return areas under ROC curves."""
    rows = (_row(label, interval(estimate), estimate, 1) for label, estimate in estimates.items())
    return Shares(tuple(rows), "0", "AUC; 0.5 is chance", "1")


def _row(label: str, value: str, estimate: Estimate, limit: float) -> ShareRow:
    low, high = estimate.low / limit, min(1.0, estimate.high / limit)
    return ShareRow(label, value, estimate.value / limit, low, high)


def histogram(
    counts: Sequence[tuple[str, Mapping[str, int]]],
    ticks: Sequence[tuple[float, str]],
    axis: str,
    legend: Mapping[str, str],
) -> Histogram:
    """Return columns of counts, given with a label by colour; the highest fills the room."""
    highest = max((sum(parts.values()) for _, parts in counts), default=0) or 1
    return Histogram(
        tuple(
            tuple(
                Part(n / highest, colour, f"{label}: {n:,} {legend.get(colour, '')}".strip())
                for colour, n in parts.items()
            )
            for label, parts in counts
        ),
        tuple(ticks),
        f"{highest:,}",
        axis,
        legend,
    )
