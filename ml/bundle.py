"""The model bundle: the one thing that passes from training to serving.

A folder with ``bundle.json``, which says everything about the model, the weights
as ``model.safetensors``, the graph that computes with them as ``model.onnx``, the
in-domain gate's arrays as ``gate.safetensors``, and ``card.md`` for people. Needs
no torch, and never loads a pickle.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from ml.calibration import Calibration
from ml.contracts import ModelInfo, Outcome
from ml.gate import Domain, Gate
from ml.quality import Limits

# 2: the gate knows colours. 3: it knows textures too, which the network says.
SCHEMA = 3
FACTS = "bundle.json"
CARD = "card.md"
ONNX = "model.onnx"
WEIGHTS = "model.safetensors"
GATE = "gate.safetensors"
GATE_ARRAYS = ("mean", "spread", "weights")
DOMAIN_ARRAYS = ("mean", "directions", "scales")
DEFAULT = Path(__file__).parent / "bundles" / "default"


class BundleError(ValueError):
    """A folder that is not a whole and unchanged bundle."""


@dataclass(frozen=True)
class Thresholds:
    """Calibrated probabilities from which an outcome begins, in rising order.

    Below ``not_sure`` the outcome is ``LOWER_CONCERN``.
    """

    not_sure: float
    higher_concern: float
    high_concern: float

    def outcome(self, probability: float) -> Outcome:
        """Return the outcome of a picture that can be judged."""
        if probability >= self.high_concern:
            return Outcome.HIGH_CONCERN
        if probability >= self.higher_concern:
            return Outcome.HIGHER_CONCERN
        if probability >= self.not_sure:
            return Outcome.NOT_SURE
        return Outcome.LOWER_CONCERN


@dataclass(frozen=True)
class Bundle:
    """A bundle that has been read and checked; one without ``quality`` refuses no bad photo."""

    folder: Path
    facts: dict[str, Any]
    info: ModelInfo
    size: int
    calibration: Calibration
    thresholds: Thresholds
    gate: Gate
    quality: Limits | None
    head: np.ndarray


def read(folder: Path) -> Bundle:
    """Read a bundle; raise ``BundleError`` if a file is missing, changed or unknown."""
    try:
        text = (folder / FACTS).read_bytes()
        facts = json.loads(text)
    except (OSError, ValueError) as error:
        raise BundleError(f"{folder} holds no readable {FACTS}: {error}") from error
    if facts.get("schema") != SCHEMA:
        raise BundleError(f"{folder} has schema {facts.get('schema')}; this code reads {SCHEMA}")
    for name, expected in facts["files"].items():
        if sha256(folder / name) != expected:
            raise BundleError(f"{folder / name} is not the file that {FACTS} names")
    with safe_open(folder / WEIGHTS, framework="numpy") as weights:
        head = weights.get_tensor(f"{facts['head']}.weight").astype(np.float32)[0]
    return Bundle(
        folder=folder,
        facts=facts,
        info=ModelInfo(
            name=facts["name"],
            version=facts["version"],
            bundle_sha256=hashlib.sha256(text).hexdigest(),
            setting=facts["setting"],
            prevalence=facts["prevalence"],
        ),
        size=facts["input"]["size"],
        calibration=Calibration(
            *(facts["calibration"].get(name, 0.0) for name in ("slope", "intercept", "bend"))
        ),
        thresholds=Thresholds(**facts["thresholds"]["probability"]),
        gate=read_gate(folder / GATE, facts["gate"]),
        quality=Limits(**facts["quality"]["limits"]) if "quality" in facts else None,
        head=head,
    )


def sha256(file: Path) -> str:
    """Return a file's hash; raise ``BundleError`` if there is no such file."""
    try:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise BundleError(f"{file} cannot be read: {error.strerror}") from error


def read_gate(file: Path, facts: dict[str, Any]) -> Gate:
    """Return the gate whose arrays are in ``file`` and whose numbers in ``facts``."""
    arrays = {name: array.astype(np.float64) for name, array in load_file(file).items()}
    domain = Domain(
        rest_variance=facts["rest_variance"],
        **{name: arrays[f"domain.{name}"] for name in DOMAIN_ARRAYS},
    )
    return Gate(
        domain=domain,
        bias=facts["bias"],
        centres=np.array(facts["centres"]),
        reaches=np.array(facts["reaches"]),
        limit=facts["limit"],
        **{name: arrays[name] for name in GATE_ARRAYS},
    )


def write_gate(file: Path, gate: Gate) -> dict[str, Any]:
    """Write a gate's arrays and return its numbers."""
    arrays = {name: getattr(gate, name) for name in GATE_ARRAYS}
    arrays |= {f"domain.{name}": getattr(gate.domain, name) for name in DOMAIN_ARRAYS}
    save_file(
        {name: np.ascontiguousarray(array, np.float32) for name, array in arrays.items()}, file
    )
    return {
        "rest_variance": gate.domain.rest_variance,
        "bias": gate.bias,
        "centres": gate.centres.tolist(),
        "reaches": gate.reaches.tolist(),
        "limit": gate.limit,
    }
