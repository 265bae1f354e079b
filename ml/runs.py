"""A training run on disk: what was done, who was in which fold, what came out."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ml.sources import Sample

FACTS = "run.json"
SCORES = "scores.csv"
WEIGHTS = "model.safetensors"
CHECKPOINT = "checkpoint.pt"


def write_text(file: Path, text: str) -> None:
    """Write a whole file or nothing."""
    partial = file.with_name(file.name + ".part")
    partial.write_text(text, encoding="utf-8")
    partial.replace(file)


def write_json(file: Path, facts: dict[str, Any]) -> None:
    """Write facts as readable JSON, a whole file or nothing."""
    write_text(file, json.dumps(facts, indent=2, ensure_ascii=False) + "\n")


def read_facts(run: Path) -> dict[str, Any]:
    """Return what ``train`` wrote down; raise ``FileNotFoundError`` for no finished run."""
    return json.loads((run / FACTS).read_text(encoding="utf-8"))


def write_scores(
    run: Path, samples: Sequence[Sample], folds: np.ndarray, logits: np.ndarray
) -> None:
    """Write the logits of the pictures that were held out, one line each."""
    partial = run / f"{SCORES}.part"
    with partial.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["image", "source", "group", "target", "fold", "logit"])
        for sample, fold, logit in zip(samples, folds, logits, strict=True):
            facts = (sample.image, sample.source, sample.group, sample.target)
            table.writerow([*facts, int(fold), f"{logit:.6f}"])
    partial.replace(run / SCORES)
