"""A training run on disk: what was done, who was in which fold, what came out."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ml.atomic import write_csv
from ml.data.samples import Sample

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


def write_scores(run: Path, samples: Sequence[Sample], logits: np.ndarray) -> None:
    """Write the logits of the pictures that were held out, one line each."""
    rows = (
        (sample.image, sample.source, sample.group, sample.target, sample.fold, f"{logit:.6f}")
        for sample, logit in zip(samples, logits, strict=True)
    )
    write_csv(run / SCORES, ["image", "source", "group", "target", "fold", "logit"], rows)
