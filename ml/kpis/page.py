"""The figures as one page that needs nothing else: no network, no script, no other file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ml.kpis import figures
from ml.kpis.cross_fitting import MAIN_POINT
from ml.kpis.operating_points import PREVALENCES
from ml.kpis.report import Report

TOO_FEW = "too few to say"

# The sections of the page, which the checklists refer to.
SECTIONS = {
    "summary": "In short",
    "use": "Intended use",
    "data": "Data",
    "method": "How it was measured",
    "discrimination": "Telling melanomas from the rest",
    "thresholds": "At a threshold: what is found and what is missed",
    "prevalence": "Where melanomas are rarer, or more common",
    "calibration": "Does a probability mean what it says?",
    "benefit": "Does going by it do more good than harm?",
    "subgroups": "For whom",
    "robustness": "If a picture is altered",
    "rival": "Against the runner-up",
    "published": "Beside published figures",
    "failures": "Where it is most wrong",
    "cost": "Cost",
    "provenance": "How it was made",
    "limits": "Limits",
    "checklists": "What the standards ask for",
}


def render(report: Report) -> str:
    """Return the page as HTML."""
    facts = report.facts
    page = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page.filters |= {"interval": interval, "number": number, "percent": percent}
    drawn = figures.all_figures(facts)
    said = [one for one in facts["cohorts"] if not one["too_few"]]
    return page.get_template("page.html").render(
        **facts,
        sections=SECTIONS,
        plots={name: _markup(plot) for name, plot in drawn.items()},
        said=said,
        sources=[one for one in facts["cohorts"] if not one["pooled"]],
        main_point=MAIN_POINT,
        prevalences=PREVALENCES,
        failed=list(zip(facts["failures"], report.pictures, strict=True)),
    )


def interval(estimate: Mapping[str, Any] | None, digits: int = 3) -> str:
    """Return a figure with its interval, or that there is too little to say."""
    if estimate is None or estimate["value"] is None:
        return TOO_FEW
    value, low, high = (
        "" if estimate[key] is None else f"{estimate[key]:z.{digits}f}"
        for key in ("value", "low", "high")
    )
    if not low or not high:
        return value
    return f"{value} ({low}{' to ' if low.startswith('-') else '-'}{high})"


def number(value: float | None, digits: int = 2) -> str:
    """Return a figure without an interval."""
    return TOO_FEW if value is None else f"{value:z,.{digits}f}"


def percent(estimate: Mapping[str, Any] | None, digits: int = 1) -> str:
    """Return a share with its interval in per cent, without the sign."""
    if estimate is None:
        return TOO_FEW
    scaled = {key: None if value is None else 100 * value for key, value in estimate.items()}
    return interval(scaled, digits)


def _markup(plot: str | Mapping[str, str]) -> Any:
    # Drawn by us, of numbers and of names that matplotlib has escaped.
    if isinstance(plot, str):
        return Markup(plot)  # noqa: S704
    return {name: Markup(svg) for name, svg in plot.items()}  # noqa: S704
