"""The speed of timm's own training script, on pictures of a store as files.

The script is not part of timm's package: check out the release that is
installed and name its ``train.py``.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from ml.data import samples as data
from ml.data.store import Store
from ml.training import light
from ml.training.batches import view
from ml.training.recipe import Recipe
from tests.bench.training import BATCH, PICTURES
from tests.local.running import ROOT

# The first steps wait for the processes that read the pictures to start, and
# then live on what those had read ahead by then.
WARM_UP = 8
STEPS = 25
WORKERS = (1, 2)

# What a timm beside the CPU build of torch needs to be imported at all.
LAUNCH = "import sys, runpy; from ml import torchvision_shim; sys.argv = sys.argv[1:]; " + (
    "runpy.run_path(sys.argv[0], run_name='__main__')"
)
LINE = re.compile(r"Train: .*?Time: ([\d.]+)s?[, ].*?Data: ([\d.]+)")


@dataclass(frozen=True)
class Speed:
    """Pictures per second in steady state, and the share of the time spent waiting for them."""

    workers: int
    pictures_per_second: float
    waiting: float


def write_folder(store: Path, folder: Path, size: int) -> Path:
    """Write pictures of a store as the folder of folders that the script reads."""
    for sample in data.read(Store(store), size)[:PICTURES]:
        file = folder / "train" / str(sample.target) / f"{sample.source}-{sample.image}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(sample.picture.open().getvalue())
    (folder / "validation").symlink_to(folder / "train", target_is_directory=True)
    return folder


def settings(size: int, workers: int) -> list[str]:
    """Return the script's options for what a training of ours does at a size.

    The same network sees views of as many pixels, cropped, mirrored and coloured
    about as much (only ours are turned by any angle and blurred), and learns by
    the same optimiser at the same precision with its weights averaged.
    """
    side = str(view(size, Recipe.view_share))
    least, most = (str(1 + sign * light.STRETCH) for sign in (-1, 1))
    return [
        *("--model", "mobilenetv2_100", "--num-classes", "2", "--img-size", side),
        *("--batch-size", str(BATCH), "--workers", str(workers), "--drop", "0.2"),
        *("--opt", "adamw", "--lr", "5e-4", "--weight-decay", "0.05", "--smoothing", "0"),
        *("--scale", *map(str, light.AREA), "--ratio", least, most, "--vflip", "0.5"),
        *("--color-jitter", str(light.BRIGHTNESS), "--model-ema", "--channels-last"),
        *("--amp", "--amp-dtype", "bfloat16", "--log-interval", "1"),
        *(() if torch.cuda.is_available() else ("--device", "cpu")),
    ]


def measure_timm(script: Path, folder: Path, size: int, workers: int) -> Speed:
    """Start the script, read some of its steps, and stop it.

    Raises ``RuntimeError`` with the script's last words where it ends before.
    """
    command = [sys.executable, "-c", LAUNCH, str(script.resolve()), "--data-dir", str(folder)]
    command += [*settings(size, workers), "--output", str(folder / f"output-{workers}")]
    with subprocess.Popen(
        command,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as running:
        assert running.stdout is not None
        try:
            steps = _read(running.stdout)
        finally:
            running.terminate()
    seconds = sum(step for step, _ in steps)
    return Speed(workers, len(steps) * BATCH / seconds, sum(wait for _, wait in steps) / seconds)


def _read(lines: Iterable[str]) -> Sequence[tuple[float, float]]:
    """Return the seconds, and the seconds waiting, of the steps after the first few."""
    steps, said = [], []
    for line in lines:
        said = [*said[-20:], line]
        if found := LINE.search(line):
            steps.append((float(found[1]), float(found[2])))
        if len(steps) == WARM_UP + STEPS:
            return steps[WARM_UP:]
    raise RuntimeError("timm's script ended early:\n" + "".join(said))
