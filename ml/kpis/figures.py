"""The plots of the page, as SVG that takes its colours from the page it stands in."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from io import StringIO
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ml.kpis.cross_fitting import MAIN_POINT
from ml.kpis.discrimination import LEAST_SENSITIVITY

# Stand-ins that the page replaces: the colour of its text, and of its series, which
# are those of Okabe and Ito (2008) for colour-blind eyes, one set for light and one
# for dark paper. Lines differ in their dashes, too.
INK = "#0000ff"
SERIES = ("#0000f0", "#0000f1", "#0000f2", "#0000f3")
DASHES = ("-", (0, (6, 2)), (0, (2, 1.5)), (0, (6, 2, 1, 2)))

STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,  # a source may have dollars in its name
    "font.size": 12,
    "legend.fontsize": 11,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    **dict.fromkeys(
        ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), INK
    ),
}

Drawing = Callable[[Axes], None]


def all_figures(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return the SVG of every plot: ``roc``, ``precision_recall``, and two for each cohort."""
    said = [one for one in report["cohorts"] if not one["too_few"]]
    sources = [one for one in said if not one["pooled"]]
    return {
        "roc": _svg("roc", partial(_roc, cohorts=sources)),
        "precision_recall": _svg("pr", partial(_precision_recall, cohorts=sources)),
        "calibration": {
            one["name"]: _svg(f"calibration {one['name']}", partial(_bins, cohort=one))
            for one in said
        },
        "decision_curve": {
            one["name"]: _svg(f"benefit {one['name']}", partial(_benefit, cohort=one))
            for one in said
        },
    }


def _roc(axes: Axes, cohorts: Sequence[Mapping[str, Any]]) -> None:
    axes.axhspan(LEAST_SENSITIVITY, 1, color=INK, alpha=0.06, linewidth=0)
    axes.plot([0, 1], [0, 1], color=INK, linewidth=0.8, alpha=0.5)
    for one, colour, dashes in _styled(cohorts):
        curve = one["discrimination"]["roc"]
        area = one["discrimination"]["auc"]["value"]
        axes.plot(
            curve["false_positive_rate"],
            curve["sensitivity"],
            color=colour,
            linestyle=dashes,
            label=f"{one['name']}: {area:.3f}",
        )
        point = one["operating_points"][MAIN_POINT.key]
        axes.plot(
            1 - point["specificity"]["value"],
            point["sensitivity"]["value"],
            "o",
            color=colour,
        )
    axes.set(xlabel="false alarms (1 - specificity)", ylabel="sensitivity")
    axes.set(xlim=(0, 1), ylim=(0, 1.01))
    _legend(axes, "lower right", title="AUC")


def _precision_recall(axes: Axes, cohorts: Sequence[Mapping[str, Any]]) -> None:
    for one, colour, dashes in _styled(cohorts):
        curve = one["discrimination"]["precision_recall"]
        value = one["discrimination"]["average_precision"]["value"]
        axes.plot(
            curve["recall"],
            curve["precision"],
            color=colour,
            linestyle=dashes,
            drawstyle="steps-post",
            label=f"{one['name']}: {value:.3f}",
        )
        share = one["melanomas"] / one["pictures"]
        axes.axhline(share, color=colour, linestyle=dashes, linewidth=0.8, alpha=0.6)
    axes.set(xlabel="sensitivity (recall)", ylabel="melanomas among those called")
    axes.set(xlim=(0, 1), ylim=(0, 1.01))
    _legend(axes, "upper right", title="average precision")


def _bins(axes: Axes, cohort: Mapping[str, Any]) -> None:
    limit = 0.05
    styles = (("before", SERIES[1], "s", "none"), ("after", SERIES[0], "o", SERIES[0]))
    for when, colour, marker, face in styles:
        points = cohort["calibration"][when]["curve"]
        told = np.array([point["mean_probability"] for point in points])
        share, low, high = (
            np.array([point["observed_share"][key] for point in points])
            for key in ("value", "low", "high")
        )
        axes.vlines(told, low, high, color=colour, linewidth=1)
        axes.plot(told, share, marker, color=colour, markerfacecolor=face, label=f"{when} it")
        limit = max(limit, float(told.max()), float(high.max()))
    limit = min(1, 1.05 * limit)
    axes.plot([0, 1], [0, 1], color=INK, linewidth=0.8, alpha=0.5)
    axes.set(xlabel="mean probability told", ylabel="share of melanomas")
    axes.set(xlim=(0, limit), ylim=(0, limit))
    _legend(axes, "upper left", title="calibration")


def _benefit(axes: Axes, cohort: Mapping[str, Any]) -> None:
    curve = cohort["decision_curve"]
    percent = 100 * np.array(curve["threshold"])
    model = curve["model"]
    axes.fill_between(
        percent, model["low"], model["high"], color=SERIES[0], alpha=0.18, linewidth=0
    )
    axes.plot(percent, model["value"], color=SERIES[0], label="by the model")
    axes.plot(
        percent,
        curve["biopsy_all"],
        color=SERIES[1],
        linestyle=DASHES[1],
        label="a sample from all",
    )
    axes.plot(percent, curve["biopsy_none"], color=INK, linewidth=0.8, label="from none")
    top = max([0.01, *model["high"]])
    axes.set(xlabel="probability from which one takes a sample, %", ylabel="net benefit")
    axes.set(xlim=(1, 30), ylim=(-0.25 * top, 1.05 * top))
    _legend(axes, "upper right")


def _styled(cohorts: Sequence[Mapping[str, Any]]) -> list[tuple[Mapping[str, Any], str, Any]]:
    """Return each cohort with its colour and dashes; the fifth is like the first."""
    return [
        (one, SERIES[i % len(SERIES)], DASHES[i % len(DASHES)]) for i, one in enumerate(cohorts)
    ]


def _legend(axes: Axes, place: Any, title: str | None = None) -> None:
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc=place, title=title)


def _svg(name: str, draw: Drawing) -> str:
    # The salt keeps the names of what is referred to apart from those in other plots.
    style: Any = {**STYLE, "svg.hashsalt": name}
    with mpl.rc_context(style):
        figure = Figure(figsize=(4.5, 3.9), layout="constrained")
        draw(figure.subplots())
        text = StringIO()
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None})
    svg = text.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r' id="[A-Za-z][\w.]*_\d+"', "", svg)
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg)
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", svg)
    svg = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px", svg)
    for number, colour in enumerate(SERIES):
        svg = svg.replace(colour, f"var(--series-{number})")
    return svg.replace(INK, "currentColor")
