"""Where the learning rate should be: the loss while the rate grows (Smith 2017)."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ml.training.batches import Batches
from ml.training.trainer import Trainer

LOWEST, HIGHEST = 1e-6, 1.0
# The loss is out of hand when it is so many times the best one.
DIVERGED = 4.0
MEMORY = 0.9  # of the running mean of the losses


@dataclass(frozen=True)
class Search:
    """The rates tried, the loss at each (a running mean), and two to choose from.

    ``steepest`` is where the loss falls fastest, ``valley`` a tenth of where it
    is lowest; a peak rate between them is a fair choice.
    """

    rates: list[float]
    losses: list[float]
    steepest: float
    valley: float


def search(
    trainer: Trainer, batches: Batches, steps: int, tick: Callable[[], None] = lambda: None
) -> Search:
    """Train for a few steps with a rate that grows from LOWEST to HIGHEST; spoils the trainer."""
    rates, losses, mean = [], [], 0.0
    trainer.freeze_steps = 0
    for step in range(steps):
        rate = LOWEST * (HIGHEST / LOWEST) ** (step / max(1, steps - 1))
        trainer.rate = lambda _, rate=rate: rate  # type: ignore[method-assign,misc]
        loss, _ = trainer.learn(batches[step % len(batches)])
        mean = MEMORY * mean + (1 - MEMORY) * loss.item()
        rates.append(rate)
        losses.append(mean / (1 - MEMORY ** (step + 1)))
        tick()
        if not math.isfinite(losses[-1]) or losses[-1] > DIVERGED * min(losses):
            break
    return suggest(rates, losses)


def suggest(rates: list[float], losses: list[float]) -> Search:
    """Return the rates to choose from, given the losses at some."""
    finite = [loss if math.isfinite(loss) else max(losses[0], 10.0) for loss in losses]
    lowest = int(np.argmin(finite))
    falling = np.gradient(finite[: lowest + 1], np.log(rates[: lowest + 1])) if lowest else [0]
    return Search(rates, finite, rates[int(np.argmin(falling))], rates[lowest] / 10)


def draw(found: Search, file: Path) -> None:
    """Draw the loss against the rate as PNG."""
    from matplotlib.figure import Figure  # noqa: PLC0415  (slow to import)

    figure = Figure(figsize=(8, 5), layout="constrained")
    axis = figure.subplots()
    axis.semilogx(found.rates, found.losses)
    for name, rate in (("steepest", found.steepest), ("valley", found.valley)):
        axis.axvline(rate, linestyle="--", label=f"{name}: {rate:.1e}")
    axis.set_xlabel("learning rate")
    axis.set_ylabel("loss")
    axis.legend()
    figure.savefig(file, format="png", dpi=110)
