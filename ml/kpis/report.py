"""All figures of a run, as plain values that can be written to a file."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ml import bundle as bundles
from ml import engines, metrics, runs
from ml.data.store import Store, StoreError
from ml.kpis import (
    artefacts,
    calibration_curve,
    checklists,
    comparison,
    cost,
    cross_fitting,
    decision_curve,
    discrimination,
    failures,
    operating_points,
    out_of_fold,
    published,
    resampling,
    robustness,
    subgroups,
)
from ml.kpis.resampling import Resamples
from ml.predictor import Predictor
from ml.progress import Progress
from ml.version import code_version

SCHEMA = 1
NOTICE = "A research tool, not a medical device. It has not been tested in a clinic."
POOLED = "all sources pooled"
POOLED_WARNING = (
    "Pooled figures depend on how many pictures each source gives, and part of them may be that "
    "the network tells the sources apart, which differ in their share of melanomas."
)
MEAN_WARNING = (
    "The plain mean gives each source the same weight, whatever its size; it describes no group "
    "of patients."
)


@dataclass(frozen=True)
class Report:
    """``facts`` for the file; ``pictures`` of its failures, in their order."""

    facts: dict[str, Any]
    pictures: list[failures.Pictures]


def make(
    run: Path,
    progress: Progress,
    store_folder: Path | None = None,
    rival: Path | None = None,
    bundle: Path | None = None,
    free_pictures: bool = False,
) -> Report:
    """Measure a run; without ``store_folder``, with the store that it names itself.

    With ``free_pictures`` the failures are looked for, and shown, only among
    pictures that anybody may pass on.

    Raises ``ValueError`` where the scores do not allow it, where store, rival
    or bundle are not of the same pictures, and ``OSError`` where one is missing.
    """
    learnt = runs.read_facts(run)
    store = _store(learnt, store_folder)
    shipped = _bundle(learnt, bundle)
    predictor = Predictor(shipped, engines.choose(shipped, "cpu")) if shipped else None
    scored = out_of_fold.with_metadata(out_of_fold.read(run), store)
    progress.start("hair and corners", int(scored["known"].sum()))
    scored = artefacts.with_artefacts(scored, store, progress.advance)
    fitted = cross_fitting.fit(scored)
    rows = cross_fitting.judge(scored, fitted)
    parts = _parts(rows)
    progress.start("figures", len(parts) + 1)
    cohorts = []
    for name, part in parts.items():
        cohorts.append(_cohort(name, part))
        progress.advance()
    shown = failures.free(rows, learnt["data"]) if free_pictures else rows
    # People know the model by the bundle's name, where there is one.
    name = f"{predictor.info.name} {predictor.info.version}" if predictor else run.name
    robust = None
    if shipped:
        # One view of each picture, as in all figures of this report.
        one_view = engines.OnnxEngine(shipped.folder / bundles.ONNX)
        progress.start("altered pictures", len(robustness.chosen(rows)))
        robust = robustness.describe(rows, fitted, store, one_view, shipped.size, progress.advance)
    described, pictures = failures.describe(shown, store, predictor)
    facts = {
        "schema": SCHEMA,
        "notice": NOTICE,
        "run": _run(name, learnt, store)
        | {"remark": shipped.facts.get("remark", "") if shipped else ""},
        "scored": _scored(rows),
        "method": _method(fitted),
        "cohorts": cohorts,
        "mean_over_sources": _mean(cohorts),
        "runner_up": _against(rows, rival) if rival else None,
        "robustness": robust,
        "published": {
            "caution": published.CAUTION,
            "studies": [asdict(study) for study in published.STUDIES],
        },
        "failures": described,
        "failures_among": sorted(shown["source"].unique()),
        "cost": cost.describe(learnt, bundle, predictor),
        "checklists": checklists.answered({"bundle"} if bundle else set()),
    }
    progress.advance()
    return Report(plain(facts), pictures)


def plain(value: Any) -> Any:
    """Return a value as JSON has it; what is not finite becomes None."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(one) for one in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _store(learnt: dict[str, Any], folder: Path | None) -> Store:
    if folder is None and "store" not in learnt:
        raise StoreError("the run does not say which store it is of: name it with --store")
    return Store(folder or Path(learnt["store"]))


def _bundle(learnt: dict[str, Any], folder: Path | None) -> bundles.Bundle | None:
    if folder is None:
        return None
    bundle = bundles.read(folder)
    same = (
        all(bundle.facts[key] == learnt[key] for key in ("data_sha256", "recipe"))
        and bundle.facts.get("averaged", []) == learnt.get("averaged", [])
        and bundle.size == runs.judged_at(learnt)
    )
    if not same:
        raise ValueError(f"{folder} is not the bundle of this run")
    return bundle


def _parts(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the rows of each source, the largest first, and all of them."""
    parts = {
        str(name): rows[rows["source"] == name] for name in rows["source"].value_counts().index
    }
    return parts | {POOLED: rows} if len(parts) > 1 else parts


def _cohort(name: str, rows: pd.DataFrame) -> dict[str, Any]:
    """Return all figures of some rows, None where there are too few to say."""
    targets = rows["target"].to_numpy()
    facts = {
        "name": name,
        "pooled": name == POOLED,
        "pictures": len(rows),
        "melanomas": int(targets.sum()),
        "groups": int(rows["group"].nunique()),
        "too_few": not subgroups.enough(rows),
        "subgroups": [] if name == POOLED else subgroups.describe(rows),
        "by_fold": _by_fold(rows),
    }
    if facts["too_few"]:
        nothing = ("discrimination", "operating_points", "calibration", "decision_curve")
        return facts | dict.fromkeys(nothing)
    groups = rows["group"].to_numpy()
    resamples = Resamples(groups)
    return facts | {
        "discrimination": discrimination.describe(targets, rows["logit"].to_numpy(), resamples),
        "operating_points": operating_points.describe(rows, resamples),
        "calibration": {
            when: calibration_curve.describe(targets, rows[column].to_numpy(), groups)
            for when, column in (("before", "logit"), ("after", "calibrated"))
        },
        "decision_curve": decision_curve.describe(
            targets, rows["probability"].to_numpy(), resamples
        ),
    }


def _by_fold(rows: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {
            "fold": fold,
            "pictures": len(some),
            "melanomas": int(some["target"].sum()),
            "auc_delong": metrics.auc(some["target"].to_numpy(), some["logit"].to_numpy())
            if subgroups.enough(some)
            else None,
        }
        for fold, some in rows.groupby("fold")
    ]


def _mean(cohorts: list[dict[str, Any]]) -> dict[str, Any] | None:
    said = [one for one in cohorts if not one["pooled"] and not one["too_few"]]
    if len(said) < 2:
        return None
    aucs = [one["discrimination"]["auc"]["value"] for one in said]
    return {
        "auc": float(np.mean(aucs)),
        "sources": [one["name"] for one in said],
        "warning": MEAN_WARNING,
    }


def _against(rows: pd.DataFrame, rival: Path) -> dict[str, Any]:
    both = comparison.common(rows, out_of_fold.read(rival))
    compared = []
    for name, part in _parts(rows).items():
        some = both if name == POOLED else both[both["source"] == name]
        said = subgroups.enough(some)
        compared.append(
            {
                "name": name,
                "pictures": len(some),
                "left_out": len(part) - len(some),
                "figures": comparison.describe(some, Resamples(some["group"])) if said else None,
            }
        )
    return {"name": rival.name, "cohorts": compared}


def _run(name: str, learnt: dict[str, Any], store: Store) -> dict[str, Any]:
    names = ("code", "torch", "device", "data_sha256", "folds", "recipe", "trained_on")
    # Where somebody keeps the pictures is nobody's business.
    data = [{k: v for k, v in one.items() if k != "folder"} for one in learnt["data"]]
    return {
        "name": name,
        **{key: learnt[key] for key in names},
        "began_with": learnt.get("began_with"),
        "first_weights": learnt.get("first_weights"),
        "averaged": learnt.get("averaged", []),
        "judged_at": runs.judged_at(learnt),
        "data": data,
        "same_folds_as_store": _folds_sha256(store) == learnt["folds"]["sha256"],
        "evaluated_with": code_version(),
    }


def _folds_sha256(store: Store) -> str | None:
    try:
        return store.folds_sha256()
    except OSError:
        return None


def _scored(rows: pd.DataFrame) -> dict[str, Any]:
    return {
        "pictures": len(rows),
        "melanomas": int(rows["target"].sum()),
        "groups": int(rows["group"].nunique()),
        "folds": sorted(rows["fold"].unique()),
        "not_in_store": int((~rows["known"]).sum()),
        "not_recorded": {
            column: int(rows[column].isna().sum()) for column in ("sex", "age", "site")
        },
    }


def _method(fitted: Mapping[int, cross_fitting.Fitted]) -> dict[str, Any]:
    return {
        "calibration": "temperature, Platt or beta, chosen and fitted for each fold on the others",
        "cross_fitted": {fold: asdict(one) for fold, one in fitted.items()},
        "operating_points": {point.key: str(point) for point in cross_fitting.POINTS},
        "resamples": resampling.RESAMPLES,
        "seed": resampling.SEED,
        "too_few": subgroups.FEW,
        "pooled_warning": POOLED_WARNING,
        "proxies": artefacts.RULES,
    }
