"""The sections of the page: what is here, who, what goes with melanoma, what misleads, pictures."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import jinja2
import numpy as np
import pandas as pd

from ml.data.exploration import figures, pictures, shortcuts
from ml.data.exploration.pictures import Group
from ml.data.store import Store, StoreError

AGES = list(range(0, 91, 10))
FIELDS = ("patient", "lesion", "diagnosis", "age", "sex", "site")
MOST_BARS = 12


@dataclass(frozen=True)
class Plot:
    """An SVG, and the sentence that says what is to be seen in it."""

    svg: str
    says: str


@dataclass
class Section:
    """A part of the page."""

    title: str
    text: str = ""
    plots: list[Plot] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)

    @property
    def anchor(self) -> str:
        """Return the name by which the table of contents finds it."""
        return "".join(letter if letter.isalnum() else "-" for letter in self.title.lower())


def render(store: Store, tick: Callable[[], None] = lambda: None) -> str:
    """Return the whole page as HTML that loads nothing; ``tick`` is called after each section."""
    sections = []
    for section in _sections(store):
        sections.append(section)
        tick()
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True
    )
    return environment.get_template("report.html").render(
        sections=sections, sources=store.settings["sources"], sizes=store.sizes
    )


SECTIONS = 8


def _sections(store: Store) -> Iterator[Section]:
    images = store.images()
    labelled = images[images["target"].notna()]
    yield _counts(store, images)
    yield _people(labelled)
    yield _associations(labelled)
    yield _missing(images)
    yield _shortcuts(store, images)
    yield _folds(store, images)
    yield Section(
        "What it looks like", "Drawn by chance, evenly from the sources.",
        groups=pictures.examples(store, images),
    )  # fmt: skip
    yield _cleaning(store)


def _counts(store: Store, images: pd.DataFrame) -> Section:
    kind = images["target"].map({1: "melanoma", 0: "anything else"}).fillna("no label")
    counts = pd.crosstab(images["source"], kind)
    order = [name for name in ("melanoma", "anything else", "no label") if name in counts]
    colours = [{"melanoma": figures.MELANOMA, "anything else": figures.OTHER}.get(
        name, figures.UNKNOWN) for name in order]  # fmt: skip
    section = Section(
        "What is here", f"{len(images):,} images of {images['source'].nunique()} sources."
    )
    total = int((images["target"] == 1).sum())
    says = f"{total:,} of {len(images):,} images show a melanoma ({_percent(total, len(images))})."
    section.plots.append(Plot(figures.stacked(counts[order], colours), says))
    labelled = images[images["target"].notna()]
    if len(labelled):
        by_source = labelled.groupby("source")["target"]
        rates = by_source.mean()
        says = f"The share of melanomas is from {rates.min():.1%} ({rates.idxmin()}) to "
        says += f"{rates.max():.1%} ({rates.idxmax()}): to know the source is to know much already."
        if len(rates) == 1:
            says = f"The share of melanomas is {rates.iloc[0]:.1%}."
        svg = figures.shares(by_source.sum(), by_source.size(), "melanomas, % (95 % interval)")
        section.plots.append(Plot(svg, says))
        table = pd.crosstab(labelled["source"], labelled["diagnosis"])
        table = table[table.sum().sort_values(ascending=False).index]
        common = table.sum().idxmax()
        says = f"The most frequent label is {common}, of {table[common].sum():,} images."
        if "unknown" in table:
            says += f" {table['unknown'].sum():,} have no diagnosis: “benign” without a biopsy."
        section.plots.append(Plot(figures.stacked(table, (*figures.SERIES, "#882255")), says))
    problems = store.problems()
    if len(problems):
        missing = int((problems["reason"] == "missing").sum())
        section.text += (
            f" The tables name {len(problems):,} more: {missing:,} without a picture and "
            f"{len(problems) - missing:,} with a broken one."
        )
    return section


def _people(images: pd.DataFrame) -> Section:
    section = Section("Who is here")
    known = images[images["patient"].notna()]
    for name, column in (("patient", "patient"), ("lesion", "lesion")):
        known = images[images[column].notna()]
        if known.empty:
            section.text += f"No source says which images show the same {name}. "
            continue
        sizes = {
            source: rows.groupby(column).size().to_numpy()
            for source, rows in known.groupby("source")
        }
        largest = max(counts.max() for counts in sizes.values())
        ill = known.groupby(column)["target"].max()
        says = (
            f"{len(ill):,} {name}s, {int(ill.sum()):,} with a melanoma; up to {largest} images of "
            "one: images of one must never be parted by a split."
        )
        bins = np.unique(np.geomspace(1, largest + 1, 25).round()).tolist()
        svg = figures.histogram(sizes, f"images of one {name}", bins)
        section.plots.append(Plot(svg, says))
    return section


def _associations(images: pd.DataFrame) -> Section:
    section = Section("What goes with melanoma", "Over all sources, where it is known. "
                      "What differs between the sources shows here too.")  # fmt: skip
    names = [*(f"{low} to {low + 9}" for low in AGES[:-1]), "90 and over"]
    bands = pd.cut(images["age"], [*AGES, 200], right=False, labels=names)
    for name, values in (("age", bands), ("sex", images["sex"]), ("site", images["site"])):
        grouped = images.groupby(values.astype(object).where(values.notna()))["target"]
        totals = grouped.size()
        totals = totals[totals.sort_values(ascending=False).index[:MOST_BARS]].sort_index()
        if totals.empty:
            section.text += f" No {name} is known."
            continue
        rates = (grouped.sum() / grouped.size())[totals.index][totals >= 20]
        says = f"By {name}, no group has 20 images: too few to say."
        if len(rates):
            says = f"By {name}: from {rates.min():.1%} ({rates.idxmin()}) to {rates.max():.1%} "
            says += f"({rates.idxmax()})."
        svg = figures.shares(grouped.sum(), totals, f"melanomas by {name}, % (95 % interval)")
        section.plots.append(Plot(svg, says))
    return section


def _missing(images: pd.DataFrame) -> Section:
    section = Section("What is not known")
    unknown = images[list(FIELDS)].isna()
    unknown["diagnosis"] |= images["diagnosis"] == "unknown"
    table = 100 * unknown.groupby(images["source"]).mean()
    worst = table.max().idxmax()
    says = (
        f"{worst} is lacking in {table[worst].max():.0f} % of {table[worst].idxmax()}. What is "
        "lacking in one source alone tells that source: a model must not see it as it is."
    )
    section.plots.append(Plot(figures.heat(table, " %"), says))
    return section


def _shortcuts(store: Store, images: pd.DataFrame) -> Section:
    section = Section(
        "What a network could cheat with",
        "Size and colour of a picture say nothing of a mole, but they tell the clinic and its "
        "camera, and clinics differ in how many melanomas they see.",
    )
    some = shortcuts.sample(store, images)
    sizes = {name: rows[shortcuts.SIZE].to_numpy(float) for name, rows in some.groupby("source")}
    shapes = images.groupby("source")[shortcuts.SIZE].apply(
        lambda rows: len(rows.drop_duplicates())
    )
    says = (
        "Different sizes: "
        + ", ".join(f"{count} in {name}" for name, count in shapes.items())
        + "."
    )
    svg = figures.scatter(sizes, "width, pixels", "height, pixels", log=True)
    section.plots.append(Plot(svg, says))
    colours = {
        name: np.stack([rows["green"], rows["red"] - rows["blue"]], axis=1)
        for name, rows in some.groupby("source")
    }
    svg = figures.scatter(colours, "brightness (mean green)", "warmth (mean red - blue)")
    section.plots.append(Plot(svg, f"Mean colours of up to {shortcuts.SAMPLED} pictures a source."))
    for found in shortcuts.measure(some):
        if found.question == "the source":
            value = f"{found.value:.0%} of the time (balanced); guessing gives {found.chance:.0%}"
        else:
            value = f"AUC {found.value:.2f}; guessing gives {found.chance:.2f}"
        section.plots.append(Plot("", f"By {found.by} alone, {found.question}: {value}."))
    return section


def _folds(store: Store, images: pd.DataFrame) -> Section:
    section = Section("How it is split")
    try:
        rows = images.merge(store.folds(), on=["source", "image"])
    except StoreError:
        section.text = "No folds are frozen yet."
        return section
    kind = rows["target"].map({1: "melanoma", 0: "anything else"})
    counts = pd.crosstab(rows["fold"].map("fold {}".format), kind)
    counts = counts[[name for name in ("melanoma", "anything else") if name in counts]]
    melanomas = rows.groupby("fold")["target"].sum()
    says = f"From {melanomas.min():.0f} to {melanomas.max():.0f} melanomas in a fold."
    svg = figures.stacked(counts, (figures.MELANOMA, figures.OTHER))
    section.plots.append(Plot(svg, says))
    return section


def _cleaning(store: Store) -> Section:
    removed = store.removed()
    section = Section("Copies, and what was removed", groups=pictures.copies(store))
    if not section.groups:
        section.text = "No copies were found."
    if removed.empty:
        section.text += " Nothing has been removed."
        return section
    counts = pd.crosstab(removed["reason"], removed["source"])
    says = f"{len(removed):,} images are left out of folds and training."
    section.plots.append(Plot(figures.stacked(counts), says))
    section.groups += pictures.removals(store)
    return section


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "none"
