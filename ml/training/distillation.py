"""Teachers: finished runs whose answers a network learns beside the labels.

Several networks together judge better than one, but cost as much as all of them.
One small network that learns their mean answer keeps much of it (Hinton, Vinyals
and Dean 2015). Their answers are computed once, before the first step.
"""

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ml import runs
from ml.data import samples as data
from ml.data.samples import Sample
from ml.data.store import Store, sha256
from ml.evaluation import score
from ml.network import Network
from ml.picture_cache import key
from ml.progress import Progress
from ml.training import lineage
from ml.training.recipe import Recipe, RecipeError


@dataclass(frozen=True)
class Teacher:
    """A finished run; ``sha256`` is that of its weights, by which it is known everywhere."""

    run: Path
    recipe: dict[str, Any]
    sha256: str


def gather(recipe: Recipe, store: Store) -> list[Teacher]:
    """Return a recipe's teachers, in an order that does not depend on the recipe's.

    Raises ``RecipeError`` for a teacher that has learnt from a fold that this run
    holds out, or with other folds, since through its answers the network would
    learn of the pictures it is measured on; ``OSError`` where one is not finished.
    """
    teachers = []
    for run in map(Path, recipe.teachers):
        facts = runs.read_facts(run)
        lineage.check(facts, f"the teacher {run}", recipe, store)
        if facts["recipe"].get("metadata"):
            raise RecipeError(
                f"the teacher {run} judges by age, sex and site too: only what a picture shows "
                "can be learnt from it"
            )
        judged = facts["recipe"] | {"size": runs.judged_at(facts)}
        teachers.append(Teacher(run, judged, sha256(run / runs.WEIGHTS)))
    if len({teacher.sha256 for teacher in teachers}) < len(teachers):
        raise RecipeError("two of the teachers have the same weights")
    return sorted(teachers, key=lambda teacher: teacher.sha256)


def named(recipe: Recipe, teachers: Sequence[Teacher]) -> Recipe:
    """Return the recipe with its teachers under the names they have on every machine."""
    return replace(recipe, teachers=tuple(teacher.sha256 for teacher in teachers))


def probabilities(
    teachers: Sequence[Teacher],
    recipe: Recipe,
    learning: Sequence[Sample],
    store: Store,
    cache: Path,
    device: torch.device,
    progress: Progress,
) -> np.ndarray | None:
    """Return what the teachers say of each picture, ``float32[n, 1]`` from 0 to 1.

    It is the logistic function of their mean logit over the ``temperature``;
    None without teachers.
    """
    if not teachers:
        return None
    logits = []
    for number, teacher in enumerate(teachers, start=1):
        progress.start(f"teacher {number}/{len(teachers)}", len(learning))
        pictures = _for_size(learning, store, teacher.recipe["size"])
        logits.append(_logits(teacher, pictures, cache, device, progress.advance))
    scaled = np.mean(logits, axis=0, dtype=np.float64) / recipe.temperature
    return (0.5 * (1 + np.tanh(scaled / 2))).astype(np.float32)[:, None]


def _for_size(learning: Sequence[Sample], store: Store, size: int) -> list[Sample]:
    """Return the same samples with pictures that serve for the teacher's size."""
    known = {(sample.source, sample.image): sample for sample in data.read(store, size)}
    return [known[sample.source, sample.image] for sample in learning]


def _logits(
    teacher: Teacher,
    learning: Sequence[Sample],
    cache: Path,
    device: torch.device,
    tick: Callable[[int], None],
) -> np.ndarray:
    """Return a teacher's logits, ``float32[n]``: computed once, then read from ``cache``."""
    asked = repr(sorted((k, teacher.recipe[k]) for k in ("model", "normalisation", "size")))
    pictures = key([sample.picture for sample in learning], teacher.recipe["size"])
    digest = hashlib.sha256(f"{teacher.sha256}\n{asked}\n{pictures}".encode()).hexdigest()
    cache.mkdir(parents=True, exist_ok=True)
    finished = cache / f"teacher-{digest[:20]}.npy"
    if finished.exists():
        tick(len(learning))
    else:
        logits = _ask(teacher, learning, device, tick)
        partial = finished.with_suffix(f".{os.getpid()}.part")
        with partial.open("wb") as out:
            np.save(out, logits)
        partial.replace(finished)
    return np.load(finished)


def _ask(
    teacher: Teacher,
    learning: Sequence[Sample],
    device: torch.device,
    tick: Callable[[int], None],
) -> np.ndarray:
    """Return the mean logit over all eight views of each picture.

    The student is shown pictures turned and mirrored by chance, so what it is
    told must not depend on how they lie. Done once, this costs about as much as
    three epochs of the teacher's own training.
    """
    recipe = teacher.recipe
    network = Network.load(recipe["model"], recipe["normalisation"], teacher.run / runs.WEIGHTS)
    return score(network.to(device), learning, recipe["size"], tick, all_views=True)
