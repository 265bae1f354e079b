"""A training run on disk: what was done, who was in which fold, what came out."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ml.atomic import write_csv
from ml.data import samples as data
from ml.data.samples import Sample
from ml.data.store import Store

FACTS = "run.json"
SCORES = "scores.csv"
WEIGHTS = "model.safetensors"
METADATA = "metadata.safetensors"
CHECKPOINT = "checkpoint.pt"


def read_facts(run: Path) -> dict[str, Any]:
    """Return what ``train`` wrote down; raise ``FileNotFoundError`` for no finished run."""
    return json.loads((run / FACTS).read_text(encoding="utf-8"))


def lineage(facts: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a run and those whose weights it began with, the first of them first."""
    before = facts.get("began_with")
    return [*(lineage(before) if before else []), facts]


def judged_at(facts: dict[str, Any]) -> int:
    """Return the side in pixels of the pictures that a run's network judges."""
    return facts.get("judged_at", facts["recipe"]["size"])


def same_samples(facts: dict[str, Any], size: int) -> list[Sample]:
    """Return all that a run knew of; raise ``ValueError`` if that is no longer the same."""
    store = Store(Path(facts["store"]))
    samples = data.read(store, size)
    if data.fingerprint(samples) != facts["data_sha256"]:
        raise ValueError("the data is no longer what this run was trained on")
    if store.folds_sha256() != facts["folds"]["sha256"]:
        raise ValueError("the folds are no longer those of this run")
    return samples


def write_scores(run: Path, samples: Sequence[Sample], logits: np.ndarray) -> None:
    """Write the logits of the pictures that were held out, one line each."""
    rows = (
        (sample.image, sample.source, sample.group, sample.target, sample.fold, f"{logit:.6f}")
        for sample, logit in zip(samples, logits, strict=True)
    )
    write_csv(run / SCORES, ["image", "source", "group", "target", "fold", "logit"], rows)
