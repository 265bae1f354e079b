"""For whom it works, as far as one can say: each source by what is known of its pictures."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from ml.kpis import operating_points
from ml.kpis.cross_fitting import MAIN_POINT
from ml.kpis.discrimination import Ranking
from ml.kpis.resampling import Resamples, estimate, whole

# With fewer melanomas, or fewer others, a figure says more about chance than about the model.
FEW = 20

NOT_KNOWN = "not recorded"
AGES = {"under 40": (0, 40), "40 to 54": (40, 55), "55 to 69": (55, 70), "70 and over": (70, 200)}
MEGAPIXELS = {"under 1": (0, 1), "1 to 10": (1, 10), "10 and over": (10, np.inf)}


def enough(rows: pd.DataFrame) -> bool:
    """Return whether there are melanomas and others enough to say anything."""
    melanomas = int(rows["target"].sum())
    return min(melanomas, len(rows) - melanomas) >= FEW


def levels(rows: pd.DataFrame) -> dict[str, pd.Series]:
    """Return for each variable, by its name, the level of every row, in their order."""
    megapixels = rows["width"] * rows["height"] / 1e6
    found = {
        "sex": rows["sex"].fillna(NOT_KNOWN).astype(object),
        "age, years": _bands(rows["age"], AGES),
        "site": rows["site"].fillna(NOT_KNOWN).astype(object),
        "size of the original, megapixels": _bands(megapixels, MEGAPIXELS),
    }
    for column, name in (("dark_corners", "dark corners (proxy)"), ("hairs", "hair (proxy)")):
        if column in rows:
            found[name] = rows[column].fillna(NOT_KNOWN).astype(object)
    return found


def describe(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the figures of every level of every variable of one source.

    Figures are None where there are too few pictures to say. ``gap`` is the
    distance between the best and the worst AUC of a variable, None unless two
    of its levels have one. A variable that is the same wherever it is recorded
    has no levels, and ``only`` says what it is.
    """
    variables: list[dict[str, Any]] = []
    for variable, level in levels(rows).items():
        recorded = sorted(set(level) - {NOT_KNOWN})
        if len(recorded) < 2:
            only = recorded[0] if recorded else NOT_KNOWN
            variables.append({"variable": variable, "only": only, "levels": [], "gap": None})
            continue
        figures = list(_levels(rows, level))
        said = [one["auc"]["value"] for one in figures if one["auc"]]
        gap = max(said) - min(said) if len(said) > 1 else None
        variables.append({"variable": variable, "only": None, "levels": figures, "gap": gap})
    return variables


def _levels(rows: pd.DataFrame, level: pd.Series) -> Iterator[dict[str, Any]]:
    order = [*AGES, *MEGAPIXELS]
    names = sorted(
        level.unique(),
        key=lambda name: (name == NOT_KNOWN, order.index(name) if name in order else 0, name),
    )
    for name in names:
        some = rows[level == name]
        facts = {
            "level": str(name),
            "pictures": len(some),
            "groups": int(some["group"].nunique()),
            "melanomas": int(some["target"].sum()),
        }
        yield facts | (_figures(some) if enough(some) else dict.fromkeys(FIGURES))


FIGURES = ("auc", "sensitivity", "specificity", "mean_probability", "observed_share")


def _figures(rows: pd.DataFrame) -> dict[str, Any]:
    targets = rows["target"].to_numpy()
    ranking = Ranking(targets, rows["logit"].to_numpy())
    resamples = Resamples(rows["group"].to_numpy())
    found = operating_points.rates(targets, rows[MAIN_POINT.key].to_numpy(), resamples)
    return {
        "auc": asdict(estimate(whole(ranking.auc, len(rows)), resamples.of(ranking.auc))),
        "sensitivity": asdict(found["sensitivity"]),
        "specificity": asdict(found["specificity"]),
        "mean_probability": float(expit(rows["calibrated"]).mean()),
        "observed_share": float(targets.mean()),
    }


def _bands(values: pd.Series, bands: Mapping[str, tuple[float, float]]) -> pd.Series:
    named = pd.Series(NOT_KNOWN, index=values.index, dtype=object)
    for name, (low, high) in bands.items():
        named[(values >= low) & (values < high)] = name
    return named
