"""Plots as SVG, in colours that colour-blind people can tell apart (Okabe & Ito 2008)."""

from collections.abc import Mapping, Sequence
from io import StringIO
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ml.metrics import proportion

MELANOMA, OTHER, UNKNOWN = "#d55e00", "#0072b2", "#999999"
SERIES = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#000000")
STYLE: Any = {
    "font.size": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.alpha": 0.25,
    "svg.fonttype": "path",
    "svg.hashsalt": "naevus",  # the same store gives the same page
}


def stacked(counts: pd.DataFrame, colours: Sequence[str] = SERIES) -> str:
    """Return bars of counts: a row per bar, a column per part."""
    figure, axes = _figure(height=0.9 + 0.45 * len(counts))
    left = np.zeros(len(counts))
    for column, colour in zip(counts, colours, strict=False):
        axes.barh(counts.index, counts[column], left=left, color=colour, label=column)
        left += counts[column].to_numpy(float)
    for name, total in zip(counts.index, left, strict=True):
        axes.text(total, name, f" {total:,.0f}", va="center")
    axes.margins(x=0.15)
    axes.invert_yaxis()
    axes.set_xlabel("images")
    if len(counts.columns) > 1:
        _legend(figure, axes)
    return _svg(figure)


def shares(positives: pd.Series, totals: pd.Series, label: str) -> str:
    """Return a share with its 95 % interval (Wilson) for each name in the index."""
    figure, axes = _figure(height=0.9 + 0.4 * len(totals))
    for row, name in enumerate(totals.index):
        share = proportion(int(positives[name]), int(totals[name]))
        errors = [[100 * (share.value - share.low)], [100 * (share.high - share.value)]]
        axes.errorbar(100 * share.value, row, xerr=errors, fmt="o", color=MELANOMA, capsize=4)
    names = [f"{name}  (n = {totals[name]:,})" for name in totals.index]
    axes.set_yticks(range(len(totals)), names)
    axes.set_ylim(len(totals) - 0.5, -0.5)
    axes.set_xlim(left=0)
    axes.set_xlabel(label)
    return _svg(figure)


def histogram(values: Mapping[str, np.ndarray], label: str, bins: Sequence[float]) -> str:
    """Return how often values occur, a line of steps for each series."""
    figure, axes = _figure(height=3.2)
    for (name, some), colour in zip(values.items(), SERIES, strict=False):
        axes.hist(some, bins=list(bins), histtype="step", linewidth=2, color=colour, label=name)
    axes.set_xlabel(label)
    _legend(figure, axes)
    return _svg(figure)


def scatter(points: Mapping[str, np.ndarray], x: str, y: str, *, log: bool = False) -> str:
    """Return ``float[n, 2]`` points, a colour for each series."""
    figure, axes = _figure(height=4.2)
    for (name, some), colour in zip(points.items(), SERIES, strict=False):
        axes.scatter(some[:, 0], some[:, 1], s=14, alpha=0.5, color=colour, label=name)
    if log:
        axes.set_xscale("log")
        axes.set_yscale("log")
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    _legend(figure, axes)
    return _svg(figure)


def heat(table: pd.DataFrame, unit: str) -> str:
    """Return a table as shades, with its numbers written in."""
    figure, axes = _figure(height=1.2 + 0.45 * len(table))
    axes.imshow(table.to_numpy(float), aspect="auto", cmap="Blues", vmin=0, vmax=100)
    axes.set_xticks(range(len(table.columns)), table.columns)
    axes.set_yticks(range(len(table)), table.index)
    axes.grid(visible=False)
    for row, column in np.ndindex(table.shape):
        value = table.iloc[row, column]
        colour = "white" if value > 60 else "black"
        axes.text(column, row, f"{value:.0f}{unit}", ha="center", va="center", color=colour)
    return _svg(figure)


def _figure(height: float) -> tuple[Figure, Axes]:
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(5.6, height), layout="constrained")
        return figure, figure.subplots()


def _legend(figure: Figure, axes: Axes) -> None:
    if len(axes.get_legend_handles_labels()[0]) > 1:
        figure.legend(loc="outside upper left", ncols=4, frameon=False)


def _svg(figure: Figure) -> str:
    out = StringIO()
    with mpl.rc_context(STYLE):
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None})
    return out.getvalue()[out.getvalue().index("<svg") :]
