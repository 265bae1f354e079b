"""How much of a training step goes to its pictures, and how fast it is beside timm's script.

The whole way is the one that ``train`` takes: pictures of a store, decoded once,
their random views, the step. Its rival learns from a few batches that lie ready
in memory, so that the difference is all that the pictures cost.
"""

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.utils.data import DataLoader

from ml.__main__ import main
from ml.data.store import Store
from ml.progress import Progress
from ml.training.batches import Batch
from ml.training.preparation import Prepared, prepare
from ml.training.recipe import Recipe
from tests.bench.ingestion import write_collection

SIZES = (192, 128)
BATCH = 32
# Enough for a figure that holds to a few per cent; nothing is learnt here.
STEPS = 15
WARM_UP = 3
ROUNDS = 3
READY = 4
PICTURES = 1600


@dataclass(frozen=True)
class Round:
    """Pictures per second of both, and the share of the whole way's time spent waiting."""

    whole: float
    ready: float
    waiting: float


def made_up_store(folder: Path) -> Path:
    """Return a store of real photographs under many names, for want of a real one."""
    write_collection(folder / "set", 600, 450, PICTURES)
    store = folder / "store"
    for command in (["ingest", str(folder / "set"), "--out", str(store)], ["folds", str(store)]):
        if main(command):
            raise RuntimeError(f"{command[0]} failed")
    return store


def recipe(size: int) -> Recipe:
    """Return the recipe that is measured, for pictures of ``size`` pixels a side."""
    return Recipe(model="mobilenetv2_100", size=size, batch=BATCH, epochs=1000)


def measure_training(store: Path, cache: Path, size: int) -> Iterator[Round]:
    """Yield rounds in which the same network took as many steps in both ways, in turn."""
    with Progress(silent=True) as progress:
        prepared = prepare(recipe(size), Store(store), cache, progress, PICTURES)
    ready = [prepared.batches[step] for step in range(READY)]
    steps = _steps(prepared)
    for _ in range(WARM_UP):
        prepared.trainer.learn(next(steps))
    for number in range(ROUNDS):
        # Whoever goes second finds the machine as the first left it.
        if number % 2:
            again = _run(prepared, itertools.cycle(ready))
            whole = _run(prepared, steps)
        else:
            whole = _run(prepared, steps)
            again = _run(prepared, itertools.cycle(ready))
        pictures = STEPS * BATCH
        yield Round(pictures / whole[0], pictures / again[0], whole[1] / whole[0])


def _steps(prepared: Prepared) -> Iterator[list[Batch]]:
    """Return the steps of a training as its loop reads them."""
    order = range(len(prepared.batches))
    return iter(DataLoader(prepared.batches, batch_size=None, sampler=order))


def _run(prepared: Prepared, steps: Iterator[list[Batch]]) -> tuple[float, float]:
    """Take some steps; return the seconds in all, and those spent waiting for pictures."""
    waited = 0.0
    began = time.perf_counter()
    for _ in range(STEPS):
        asked = time.perf_counter()
        step = next(steps)
        waited += time.perf_counter() - asked
        loss, _ = prepared.trainer.learn(step)
    if prepared.trainer.device.type == "cuda":
        torch.cuda.synchronize()
    assert torch.isfinite(loss)
    return time.perf_counter() - began, waited
