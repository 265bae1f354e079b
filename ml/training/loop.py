"""A training from beginning to end, which may stop at any step and go on from there."""

import hashlib
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import distributed
from torch.utils.data import DataLoader

from ml import imagenet, runs
from ml.atomic import write_json
from ml.data import samples as data
from ml.data.store import Store
from ml.evaluation import auc_by_fold, auc_by_source
from ml.metrics import auc
from ml.network import save_weights
from ml.progress import Progress
from ml.training.history import History
from ml.training.lineage import beginning
from ml.training.metadata import COLUMNS
from ml.training.preparation import Prepared, prepare
from ml.training.recipe import Recipe
from ml.version import code_version

# At the end of each epoch so many held-out pictures are looked at, to see how it
# goes. Nothing is chosen by them.
WATCHED = 1000


@dataclass
class Limits:
    """When to stop and how to work; nothing of this changes what comes out.

    ``stop`` is asked before every step. ``checkpoint_seconds`` is the most work
    that a kill can cost, ``workers`` the number of processes that make views.
    """

    stop: Callable[[int], bool] = lambda step: False
    checkpoint_seconds: float = 300
    log_seconds: float = 10
    workers: int = 0


def train(
    recipe: Recipe, store: Store, out: Path, cache: Path, limits: Limits, most: int | None = None
) -> dict[str, Any] | None:
    """Train by a fixed schedule and write the run folder; return its facts.

    Returns None where it was stopped before the end: the same call goes on from
    there, to the same weights. Nothing is chosen by the folds held out: they are
    scored once, at the end. Raises ``ValueError`` where ``out`` holds a run with
    another recipe or other data.
    """
    out.mkdir(parents=True, exist_ok=True)
    with Progress(silent=os.environ.get("RANK", "0") != "0") as progress:
        prepared = prepare(recipe, store, cache, progress, most)
        trainer, held_out = prepared.trainer, prepared.held_out
        known = {"data": data.fingerprint(prepared.learning), "folds": store.folds_sha256()}
        if (people := prepared.batches.pictures.people) is not None:
            known["metadata"] = hashlib.sha256(people.tobytes()).hexdigest()
        if (out / runs.CHECKPOINT).exists():
            trainer.restore(out / runs.CHECKPOINT, known)
        run = _Run(prepared, out, known, limits, progress)
        if not run.to_the_end():
            return None
        if prepared.rank > 0:
            return {"auc": {}}
        progress.start("held-out pictures", len(held_out))
        logits, alone = prepared.score(held_out, recipe.size, progress.advance)
        samples = data.read(store, recipe.size)
        unknown = [sample for sample in samples if sample.source in recipe.without]
        if unknown:
            progress.start("sources not learnt from", len(unknown))
            far, _ = prepared.score(unknown, recipe.size, progress.advance)
    save_weights(trainer.average.network.net, out / runs.WEIGHTS)
    runs.write_scores(out, held_out, logits)
    facts = {
        "recipe": trainer.recipe.plain(),
        "code": code_version(),
        "torch": torch.__version__,
        "device": trainer.device.type,
        "processes": prepared.processes,
        "trained_on": len(prepared.learning),
        "store": str(store.folder),
        "data": data.describe(store, samples),
        "data_sha256": data.fingerprint(samples),
        "folds": {
            "sha256": known["folds"],
            "number": 1 + max(sample.fold for sample in samples),
            "test": recipe.held_out[0],
            "calibration": recipe.held_out[-1],
        },
        "began_with": beginning(recipe),
        "first_weights": imagenet.origin(recipe.model) if recipe.pretrained else None,
        "seconds": trainer.seconds,
        "history": run.history.epochs(),
        "auc": auc_by_fold(held_out, logits),
    }
    if unknown:
        facts["auc_without"] = auc_by_source(unknown, far)
    if prepared.encoding and trainer.average.metadata:
        save_weights(trainer.average.metadata, out / runs.METADATA)
        facts["metadata"] = {"columns": COLUMNS, "age": asdict(prepared.encoding)}
        facts["auc_without_metadata"] = auc_by_fold(held_out, alone)
    write_json(out / runs.FACTS, facts)
    return facts


class _Run:
    """The steps of one call, with their figures; only the leading process writes."""

    def __init__(
        self,
        prepared: Prepared,
        out: Path,
        known: dict[str, str],
        limits: Limits,
        progress: Progress,
    ) -> None:
        self.trainer, self.batches, self.leads = (
            prepared.trainer,
            prepared.batches,
            not prepared.rank,
        )
        self.out, self.known, self.limits, self.progress = out, known, limits, progress
        self.score = prepared.score
        last = self.trainer.recipe.held_out[-1]
        self.watched = [sample for sample in prepared.held_out if sample.fold == last][:WATCHED]
        if self.leads:
            self.history = History(out, self.trainer.step)

    def to_the_end(self) -> bool:
        """Go on until the last step; return whether it was reached."""
        trainer, per_epoch = self.trainer, self.batches.steps_per_epoch
        loader = DataLoader(
            self.batches,
            batch_size=None,
            sampler=range(trainer.step, trainer.steps),
            num_workers=self.limits.workers,
            pin_memory=trainer.device.type == "cuda",
        )
        views = iter(loader)
        saved = time.monotonic()
        self._begin()
        while trainer.step < trainer.steps:
            if self._agreed(self.limits.stop(trainer.step)):
                self._save()
                return False
            if self.steps_done == 0:
                epoch = trainer.step // per_epoch
                self._start_bar(
                    f"epoch {epoch + 1}/{trainer.recipe.epochs}", trainer.step % per_epoch
                )
            asked = time.monotonic()
            step = next(views)
            self.waited += time.monotonic() - asked
            loss, logits = trainer.learn(step)
            self._note(loss, logits, step[-1][1])
            if trainer.step % per_epoch == 0:
                self._save()
                self._end_epoch(trainer.step // per_epoch)
                saved = time.monotonic()
                self._begin()
            elif self._agreed(time.monotonic() - saved > self.limits.checkpoint_seconds):
                self._save()
                saved = time.monotonic()
        return True

    def _begin(self) -> None:
        self.began = self.logged = self.counted = time.monotonic()
        self.waited, self.steps_done, self.since_log = 0.0, 0, 0
        self.losses: list[torch.Tensor] = []
        self.judged: list[tuple[torch.Tensor, torch.Tensor]] = []

    def _start_bar(self, name: str, done: int) -> None:
        self.progress.start(name, self.batches.steps_per_epoch * self.batches.per_step)
        self.progress.advance(done * self.batches.per_step)

    def _note(self, loss: torch.Tensor, logits: torch.Tensor, melanoma: torch.Tensor) -> None:
        """Keep the figures of a step, without waiting for the device."""
        self.steps_done += 1
        self.since_log += 1
        self.losses.append(loss)
        self.judged.append((logits, melanoma))
        self.progress.advance(self.batches.per_step, self._said)
        now = time.monotonic()
        if self.leads and now - self.logged > self.limits.log_seconds:
            self.history.add(
                step=self.trainer.step,
                loss=self._mean_loss(self.since_log),
                rate=self.trainer.rate(self.trainer.step - 1),
                images_per_second=self.since_log * self.batches.per_step / (now - self.logged),
                waiting=self.waited / (now - self.began),
            )
            self._said = (
                f"loss {self._mean_loss(100):.3f} wait {self.waited / (now - self.began):.0%}"
            )
            self.logged, self.since_log = now, 0

    _said = ""

    def _mean_loss(self, last: int) -> float:
        return torch.stack(self.losses[-last:]).mean().item()

    def _end_epoch(self, epoch: int) -> None:
        if not self.leads:
            return
        seconds = time.monotonic() - self.began
        facts: dict[str, Any] = {
            "step": self.trainer.step,
            "epoch": epoch,
            "size": self.batches.size(self.trainer.step - 1),
            "loss": self._mean_loss(self.steps_done),
            "rate": self.trainer.rate(self.trainer.step - 1),
            "hours": self.trainer.seconds / 3600,
            "images_per_second": self.steps_done * self.batches.per_step / seconds,
            "waiting": self.waited / seconds,
        }
        logits, melanoma = (
            torch.cat(part).cpu().numpy() for part in zip(*self.judged, strict=True)
        )
        facts["auc_views"] = _auc(melanoma > 0.5, logits)
        if self.watched:
            self.progress.start("watched", len(self.watched))
            # Judged at another size than it learns at, a network seems worse than it is.
            scores, _ = self.score(self.watched, facts["size"], self.progress.advance)
            truth = np.array([sample.target for sample in self.watched])
            facts["auc_held_out"] = _auc(truth == 1, scores)
        self.history.add(**facts)
        self.history.draw()

    def _save(self) -> None:
        now = time.monotonic()
        self.trainer.seconds += now - self.counted
        self.counted = now
        if self.leads:
            self.trainer.save(self.out / runs.CHECKPOINT, self.known)

    def _agreed(self, wish: bool) -> bool:
        """Return what the leading process wishes, because all must do the same."""
        if not distributed.is_initialized():
            return wish
        wishes = torch.tensor([wish], device=self.trainer.device, dtype=torch.int32)
        distributed.all_reduce(wishes, distributed.ReduceOp.MAX)
        return bool(wishes.item())


def _auc(truth: np.ndarray, scores: np.ndarray) -> float | None:
    return auc(truth.astype(int), scores).value if 0 < truth.sum() < len(truth) else None
