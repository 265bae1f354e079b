"""What a training works with before its first step: pictures, network, its place among others."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import distributed

from ml.data import samples as data
from ml.data.samples import Sample
from ml.data.store import Store
from ml.evaluation import score
from ml.picture_cache import decode
from ml.progress import Progress
from ml.training import distillation, lineage, metadata, targets
from ml.training.batches import Batches, Pictures
from ml.training.memory import keep_freed_memory
from ml.training.recipe import Recipe, RecipeError
from ml.training.trainer import Trainer

Logits = np.ndarray


@dataclass
class Prepared:
    """What a training works with, before its first step.

    ``encoding`` is how metadata become numbers, where the recipe has them.
    """

    trainer: Trainer
    batches: Batches
    learning: list[Sample]
    held_out: list[Sample]
    rank: int = 0
    processes: int = 1
    encoding: metadata.Encoding | None = None

    def score(
        self, samples: list[Sample], size: int, tick: Callable[[int], None]
    ) -> tuple[Logits, Logits]:
        """Return the logits of samples, and those of their pictures alone, ``float32[n]``."""
        average = self.trainer.average
        alone = score(average.network, samples, size, tick)
        if self.encoding is None or average.metadata is None:
            return alone, alone
        people = self.encoding.told(metadata.table(samples))
        return alone + metadata.judge(average.metadata, people), alone


def prepare(
    recipe: Recipe, store: Store, cache: Path, progress: Progress, most: int | None = None
) -> Prepared:
    """Return network, optimiser and data; ``most`` keeps so many training pictures.

    The recipe of what is returned names its teachers by their weights. Raises
    ``ValueError`` for teachers or first weights that know what is held out, for a
    source to do without that is not there, or for too few pictures.
    """
    rank, processes = _join_others()
    device = torch.device("cpu")
    if torch.cuda.is_available():
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        torch.cuda.set_device(device)
    else:
        keep_freed_memory()
    samples = data.read(store, recipe.size)
    lineage.check_beginning(recipe, store)
    teachers = distillation.gather(recipe, store)
    recipe = distillation.named(recipe, teachers)
    if unknown := sorted(set(recipe.without) - {sample.source for sample in samples}):
        raise RecipeError(f"{store.folder} has no source {', '.join(unknown)} to do without")
    learning, held_out = data.split(samples, recipe.held_out, recipe.without)
    if most:
        chosen = np.random.default_rng(recipe.seed).permutation(len(learning))[:most]
        learning = [learning[i] for i in sorted(chosen)]
    taught = distillation.probabilities(teachers, recipe, learning, store, cache, device, progress)
    encoding = metadata.fit(metadata.table(learning)) if recipe.metadata else None
    people = encoding.told(metadata.table(learning)) if encoding else None
    pictures = _pictures(learning, recipe, cache, progress, taught, people)
    batches = Batches(recipe, pictures, rank, processes)
    freeze_steps = recipe.freeze_epochs * batches.steps_per_epoch
    trainer = Trainer(recipe, device, len(batches), freeze_steps)
    return Prepared(trainer, batches, learning, held_out, rank, processes, encoding)


def _pictures(
    learning: list[Sample],
    recipe: Recipe,
    cache: Path,
    progress: Progress,
    taught: np.ndarray | None,
    people: np.ndarray | None,
) -> Pictures:
    sizes = {recipe.size, recipe.small_size} if recipe.smaller else {recipe.size}
    pixels = {}
    for size in sorted(sizes):
        progress.start(f"decoding to {size} px", len(learning))
        pixels[size] = decode(
            [sample.picture for sample in learning], size, cache, progress.advance
        )
    return Pictures(
        pixels,
        np.array([sample.target for sample in learning]),
        targets.classes([sample.diagnosis for sample in learning], recipe.target, recipe.unknown),
        np.unique([sample.source for sample in learning], return_inverse=True)[1],
        taught,
        people,
    )


def _join_others() -> tuple[int, int]:
    """Return this process's number and how many there are, as ``torchrun`` has set them."""
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    if processes > 1 and not distributed.is_initialized():
        distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    return int(os.environ.get("RANK", "0")), processes
