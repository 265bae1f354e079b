"""What it takes to have the model and to ask it."""

import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from ml import bundle as bundles
from ml import runs
from ml.network import Network
from ml.predictor import Predictor

WARM_UP, TIMED = 3, 15


def describe(facts: dict[str, Any], bundle: Path | None, predictor: Predictor | None) -> dict:
    """Return sizes and times; what only a bundle can tell is None without one.

    ``ms_per_picture`` is the median on one thread of this machine, for all
    views, from pixels to answer, without decoding the picture.
    """
    recipe, made, size = facts["recipe"], runs.lineage(facts), runs.judged_at(facts)
    network = Network(recipe["model"], recipe["normalisation"]).eval()
    pixels = torch.zeros(1, size, size, 3, dtype=torch.uint8)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(pixels)
    files = [bundle / bundles.ONNX] if bundle else []
    return {
        "parameters": sum(weights.numel() for weights in network.net.parameters()),
        "gmac_per_view": counter.get_total_flops() / 2e9,
        "training_hours": sum(run["seconds"] for run in made) / 3600,
        "runs": len(made),
        "trained_on": facts["trained_on"],
        "epochs": len(facts["history"]) + sum(run["epochs"] for run in made[:-1]),
        "device": facts["device"],
        "megabytes": sum(file.stat().st_size for file in files) / 1e6 if bundle else None,
        "ms_per_picture": _milliseconds(predictor) if predictor else None,
    }


def _milliseconds(predictor: Predictor) -> float:
    shape = (1, predictor.size, predictor.size, 3)
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    times = []
    for _ in range(WARM_UP + TIMED):
        began = time.perf_counter()
        predictor.predict_pixels(pixels, [(0, 0, 1, 1)])
        times.append(1000 * (time.perf_counter() - began))
    return median(times[WARM_UP:])
