"""From a finished run to a bundle: calibrate, set thresholds and gate, measure.

Every figure is measured with the files that ship, through the engine that
serves them. Calibration, thresholds and the gate's limit come from the
calibration fold; the test fold is only measured.
"""

import json
import shlex
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ml import bundle as bundles
from ml import (
    calibration,
    calibration_choice,
    card,
    export,
    metrics,
    quality,
    refusals,
    runs,
    thresholds,
    views,
)
from ml.atomic import write_json, write_text
from ml.data import samples as data
from ml.data.samples import Sample
from ml.engines import AllViews, Engine, OnnxEngine
from ml.gate import looks_of
from ml.gate_fitting import Group
from ml.network import Network
from ml.preprocess import open_picture
from ml.progress import Progress
from ml.training.recipe import Recipe
from ml.version import code_version

# The gate is described on so many of the pictures that the network learnt from.
KNOWN = 2000
FILES = (bundles.ONNX, bundles.WEIGHTS, bundles.GATE)


def make(run: Path, out: Path, name: str, version: str, remark: str = "") -> dict[str, Any]:
    """Write the bundle of a run and return its facts.

    ``remark`` is what else the card has to say of how the model was chosen.

    Raises ``ValueError`` if the data is no longer what the run was trained on,
    or for a run that needs metadata.
    """
    learnt = runs.read_facts(run)
    recipe = learnt["recipe"]
    if recipe.get("metadata"):
        raise ValueError(
            "this run judges by age, sex and site beside the picture, for which the app does not "
            "ask: train it with metadata=false to bundle it"
        )
    size = runs.judged_at(learnt)
    samples = runs.same_samples(learnt, size)
    if len(recipe["held_out"]) < 2:
        raise ValueError("a bundle needs a fold for calibration and another one for its figures")
    network = Network.load(recipe["model"], recipe["normalisation"], run / runs.WEIGHTS)
    export.round_to_half(network)
    out.mkdir(parents=True, exist_ok=True)
    export.write_safetensors(network, out / bundles.WEIGHTS)
    export.write_onnx(network, size, out / bundles.ONNX, out / bundles.WEIGHTS)

    engine = AllViews(OnnxEngine(out / bundles.ONNX, threads=torch.get_num_threads()))
    learning, _ = data.split(samples, recipe["held_out"], recipe.get("without", ()))
    parts = {
        part: [sample for sample in samples if sample.fold == learnt["folds"][part]]
        for part in ("calibration", "test")
    } | {"known": _some(learning, recipe["seed"])}
    scored = {}
    with Progress() as progress:
        for part, some in parts.items():
            progress.start(part, len(some))
            scored[part] = Scored(engine, some, size, progress)

    fitted = scored["calibration"]
    choice = calibration_choice.choose(fitted.logits, fitted.targets, fitted.groups)
    line = choice.calibration
    policy = thresholds.choose(fitted.targets, line.probability(fitted.logits))
    known, held_out, test = (scored[part].good() for part in ("known", "calibration", "test"))
    refusing = refusals.fit(known, held_out, test, engine, size)
    gate_facts = bundles.write_gate(out / bundles.GATE, refusing.gate)

    for file in FILES:
        (out / file).chmod(0o644)  # safetensors makes files that only their owner may read

    melanomas = int(fitted.targets.sum())
    prevalence = melanomas / len(fitted.targets)
    facts = {
        "schema": bundles.SCHEMA,
        "name": name,
        "version": version,
        "architecture": recipe["model"],
        "head": network.head_name,
        "classes": ["melanoma"],
        "input": {
            "size": size,
            "normalisation": recipe["normalisation"],
            "crop": "largest centred square",
            "resampling": "bicubic",
            "views": views.N,
        },
        "setting": (
            f"{len(fitted.targets):,} dermoscopic pictures from specialist clinics that the model "
            f"had not learnt from; about {prevalence * 100:.0f} in 100 of them showed a melanoma"
        ),
        "prevalence": prevalence,
        "calibration": {"method": choice.method, **asdict(line), "tried": choice.loss},
        "thresholds": {
            "probability": asdict(policy),
            "policy": {
                "not_sure": f"sensitivity {thresholds.NOT_SURE_SENSITIVITY:.0%}",
                "higher_concern": f"sensitivity {thresholds.HIGHER_SENSITIVITY:.0%}",
                "high_concern": f"specificity {thresholds.HIGH_SPECIFICITY:.0%}",
            },
        },
        "gate": gate_facts,
        "quality": {"limits": asdict(refusing.limits)},
        "kpis": {"test": scored["test"].figures(line, policy)} | refusing.kpis,
        "data": learnt["data"],
        "data_sha256": learnt["data_sha256"],
        "folds": learnt["folds"],
        "recipe": recipe,
        "remark": remark,
        "commands": _commands(learnt, name, version),
        "averaged": learnt.get("averaged", []),
        "trained_on": learnt["trained_on"],
        "began_with": learnt.get("began_with"),
        "first_weights": learnt.get("first_weights"),
        "epochs_done": len(learnt["history"]),
        "training_seconds": round(learnt["seconds"]),
        "code": {"trained": learnt["code"], "bundled": code_version()},
        "torch": learnt["torch"],
        "device": {"cpu": "CPUs", "cuda": "a GPU"}[learnt["device"]],
        "files": {file: bundles.sha256(out / file) for file in FILES},
    }
    write_json(out / bundles.FACTS, facts)
    write_text(out / bundles.CARD, card.render(facts))
    return facts


class Scored:
    """What the network says of some samples."""

    def __init__(
        self, engine: Engine, samples: Sequence[Sample], size: int, progress: Progress
    ) -> None:
        self.samples, self._size = samples, size
        self.targets = np.array([sample.target for sample in samples])
        self.sources = np.array([sample.source for sample in samples])
        self.groups = np.array([sample.group for sample in samples])
        rows = []
        for sample in samples:
            pixels = open_picture(sample.picture.open(), size)[None]
            logit, texture, _ = engine(pixels)
            measures = np.stack(quality.measure(pixels).columns(), axis=1)
            rows.append((logit, looks_of(pixels, texture), measures))
            progress.advance()
        parts = (np.concatenate(part) for part in zip(*rows, strict=True))
        self.logits, self._looks, self._measures = parts

    def good(self) -> refusals.Part:
        """Return what the gates are fitted on or measured with."""
        return refusals.Part(
            Group(self._looks, self.sources),
            quality.Measures(*self._measures.T),
            lambda row: open_picture(self.samples[row].picture.open(), self._size),
        )

    def figures(
        self, line: calibration.Calibration, policy: bundles.Thresholds
    ) -> dict[str, dict[str, Any]]:
        """Return the figures of all sources together and of each on its own."""
        chosen = {"all": np.full(len(self.samples), True)}
        chosen |= {str(name): self.sources == name for name in dict.fromkeys(self.sources)}
        return {name: self._figures_of(rows, line, policy) for name, rows in chosen.items()}

    def _figures_of(
        self, rows: np.ndarray, line: calibration.Calibration, policy: bundles.Thresholds
    ) -> dict[str, Any]:
        targets, probabilities = self.targets[rows], line.probability(self.logits[rows])
        try:
            again = asdict(calibration.fit(line.logit(self.logits[rows]), targets))
        except ValueError:  # too few melanomas
            again = {"slope": None, "intercept": None}
        return {
            "pictures": len(targets),
            "melanomas": int(targets.sum()),
            "auc": asdict(metrics.auc(targets, probabilities)),
            "brier": metrics.brier(targets, probabilities),
            "calibration_slope": again["slope"],
            "calibration_intercept": again["intercept"],
            "mean_probability": float(probabilities.mean()),
            "at_threshold": {
                outcome: {
                    "sensitivity": asdict(metrics.sensitivity(targets, probabilities >= limit)),
                    "specificity": asdict(metrics.specificity(targets, probabilities >= limit)),
                }
                for outcome, limit in asdict(policy).items()
            },
        }


def _some(samples: Sequence[Sample], seed: int) -> list[Sample]:
    chosen = np.random.default_rng(seed).permutation(len(samples))[:KNOWN]
    return [samples[i] for i in chosen]


def _commands(learnt: dict[str, Any], name: str, version: str) -> str:
    """Return what made the bundle, to be typed again."""
    steps = _steps(learnt)
    return "\n".join(
        [
            "python -m ml ingest SOURCE ... --out STORE",
            "python -m ml clean STORE",
            f"python -m ml folds STORE --folds {learnt['folds']['number']}",
            *steps,
            f"python -m ml bundle RUN-{len(steps)} --out BUNDLE --name {name} --release {version}",
        ]
    )


def _steps(learnt: dict[str, Any]) -> list[str]:
    """Return how each run was made: first those whose weights the later ones began with."""
    usual = Recipe().plain()
    steps: list[str] = []
    numbers: list[int] = []  # of the runs of the lineage
    for run in runs.lineage(learnt):
        changed = {key: value for key, value in run["recipe"].items() if value != usual[key]}
        if numbers:
            changed["init"] = f"RUN-{numbers[-1]}/{runs.WEIGHTS}"
        settings = " ".join(
            shlex.quote(f"{key}={json.dumps(value, separators=(',', ':'))}")
            for key, value in changed.items()
        )
        processes = run.get("processes", 1)
        python = (
            "python" if processes == 1 else f"torchrun --standalone --nproc-per-node {processes}"
        )
        numbers.append(len(steps) + 1)
        steps.append(f"{python} -m ml train --store STORE --out RUN-{numbers[-1]} {settings}")
        if averaged := run.get("averaged"):
            mixed = " ".join(f"RUN-{numbers[place - 1]}" for place in averaged)
            numbers[-1] = len(steps) + 1
            steps.append(
                f"python -m ml average {mixed} --out RUN-{numbers[-1]} --size {runs.judged_at(run)}"
            )
    return steps
