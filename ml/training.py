"""Learning: from labelled pictures to a run folder with weights and scores."""

import copy
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch.nn import functional

from ml import runs
from ml.atomic import write_json
from ml.augment import augment
from ml.data import folds
from ml.data import samples as data
from ml.data.samples import Sample
from ml.data.store import Store
from ml.evaluation import auc_by_source, score
from ml.network import Network, load_initial_weights
from ml.picture_cache import decode
from ml.progress import Progress
from ml.schedule import learning_rate
from ml.version import code_version

# A random crop shows a lesion larger than the whole picture does. Training on
# smaller views than those judged later makes up for it (Touvron et al. 2019),
# and costs less.
VIEW_SHARE = 5 / 6


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what comes out, apart from the data.

    ``size`` is the side in pixels of the pictures that the network judges;
    ``lr`` the peak learning rate; ``warmup`` a share of all steps; ``ema`` the
    decay per step of the averaged weights, which are the ones that are kept.
    """

    model: str
    normalisation: str = "imagenet"
    pretrained: bool = False
    init: Path | None = None
    size: int = 192
    epochs: int = 10
    batch: int = 32
    lr: float = 5e-4
    weight_decay: float = 0.05
    warmup: float = 0.05
    dropout: float = 0.2
    ema: float = 0.998
    seed: int = 0
    bf16: bool = True

    @property
    def view(self) -> int:
        """The side in pixels of the views that the network learns from."""
        return max(32, round(self.size * VIEW_SHARE / 32) * 32)


class Trainer:
    """The state that moves while learning: weights, their average, the optimiser."""

    def __init__(self, recipe: Recipe, device: torch.device) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe, self.device = recipe, device
        network = Network(
            recipe.model,
            recipe.normalisation,
            pretrained=recipe.pretrained,
            dropout=recipe.dropout,
        )
        if recipe.init:
            load_initial_weights(network, recipe.init)
        self.network = network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = copy.deepcopy(self.network)
        parameters: list[dict[str, Any]] = [
            {"params": [p for p in self.network.parameters() if p.ndim > 1]},
            # Decay of biases and of BatchNorm's scales does harm.
            {
                "params": [p for p in self.network.parameters() if p.ndim <= 1],
                "weight_decay": 0.0,
            },
        ]
        self.optimizer = torch.optim.AdamW(
            parameters,
            lr=recipe.lr,
            weight_decay=recipe.weight_decay,
        )
        self.epoch = 0
        self.history: list[dict[str, float]] = []

    def learn(self, pixels: np.ndarray, targets: torch.Tensor, progress: Progress) -> None:
        """Go once through all pictures (``uint8[n, h, w, 3]``) in a random order."""
        recipe, began, total = self.recipe, time.monotonic(), 0.0
        # The order and the views of an epoch depend on the seed and its number
        # alone, so a resumed run sees what it would have seen.
        generator = torch.Generator().manual_seed(recipe.seed * 10_000 + self.epoch)
        torch.manual_seed(recipe.seed * 10_000 + self.epoch)  # dropout
        order = torch.randperm(len(pixels), generator=generator)
        steps = len(pixels) // recipe.batch
        self.network.train()
        progress.start(f"epoch {self.epoch + 1}/{recipe.epochs}", steps * recipe.batch)
        for i in range(steps):
            rows = order[i * recipe.batch : (i + 1) * recipe.batch]
            views = augment(torch.from_numpy(pixels[rows.numpy()]), recipe.view, generator)
            loss = self.step(views, targets[rows], self.epoch * steps + i, recipe.epochs * steps)
            total += loss
            progress.advance(recipe.batch, f"loss {total / (i + 1):.4f}")
        self.epoch += 1
        seconds = time.monotonic() - began
        self.history.append({"epoch": self.epoch, "loss": total / steps, "seconds": seconds})

    def step(self, views: torch.Tensor, targets: torch.Tensor, step: int, steps: int) -> float:
        """Take one step of descent and return the loss before it."""
        rate = learning_rate(
            step,
            peak=self.recipe.lr,
            warmup_steps=max(1, round(self.recipe.warmup * steps)),
            total_steps=steps,
        )
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        views = views.to(self.device, memory_format=torch.channels_last)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.recipe.bf16):
            logit, _, _ = self.network.judge(views)
        loss = functional.binary_cross_entropy_with_logits(
            logit.float(), targets.to(self.device, torch.float32)
        )
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.follow(step)
        return loss.item()

    @torch.no_grad()
    def follow(self, step: int) -> None:
        """Move the averaged weights towards the present ones, fast at the beginning."""
        decay = min(self.recipe.ema, (1 + step) / (10 + step))
        moving = self.network.state_dict()
        for name, mean in self.average.state_dict().items():
            if mean.is_floating_point():
                mean.lerp_(moving[name], 1 - decay)
            else:
                mean.copy_(moving[name])

    def save(self, file: Path) -> None:
        """Write everything needed to go on, a whole file or nothing."""
        partial = file.with_name(file.name + ".part")
        torch.save(
            {
                "recipe": _plain(self.recipe),
                "epoch": self.epoch,
                "history": self.history,
                "network": self.network.state_dict(),
                "average": self.average.state_dict(),
                "optimizer": self.optimizer.state_dict(),
            },
            partial,
        )
        partial.replace(file)

    def restore(self, file: Path) -> None:
        """Go on from ``save``; raise ``ValueError`` where the recipe is another one."""
        state = torch.load(file, map_location=self.device, weights_only=True)
        if state["recipe"] != _plain(self.recipe):
            raise ValueError(f"{file} was made with another recipe: {state['recipe']}")
        self.epoch, self.history = state["epoch"], state["history"]
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])


def train(
    recipe: Recipe,
    store: Store,
    out: Path,
    cache: Path,
    *,
    resume: bool = False,
    limit: int | None = None,
    stop_after: int | None = None,
) -> dict[str, Any]:
    """Train by a fixed schedule and write the run folder; return its facts.

    ``limit`` keeps only so many training pictures, for a quick try. ``stop_after``
    ends the schedule after so many epochs; a resumed run can go on from there.
    Nothing is chosen by the folds held out: they are scored once, at the end.
    """
    samples = data.read(store, recipe.size)
    assigned = np.array([sample.fold for sample in samples])
    learning = np.flatnonzero((assigned != folds.TEST) & (assigned != folds.CALIBRATION))
    if limit:
        learning = np.random.default_rng(recipe.seed).permutation(learning)[:limit]
    if len(learning) < recipe.batch:
        raise ValueError(f"{len(learning)} pictures to learn from do not fill a batch")
    out.mkdir(parents=True, exist_ok=True)
    trainer = Trainer(recipe, torch.device("cuda" if torch.cuda.is_available() else "cpu"))
    if resume and (out / runs.CHECKPOINT).exists():
        trainer.restore(out / runs.CHECKPOINT)
    with Progress() as progress:
        progress.start("decoding", len(learning))
        pictures = [samples[i].picture for i in learning]
        pixels = decode(pictures, recipe.size, cache, progress.advance)
        targets = torch.tensor([samples[i].target for i in learning])
        while trainer.epoch < min(recipe.epochs, stop_after or recipe.epochs):
            trainer.learn(pixels, targets, progress)
            trainer.save(out / runs.CHECKPOINT)
        held_out = np.flatnonzero((assigned == folds.TEST) | (assigned == folds.CALIBRATION))
        network = trainer.average
        scored = [samples[i] for i in held_out]
        progress.start("held-out pictures", len(scored))
        logits = score(network, scored, recipe.size, progress.advance)
    weights = {name: t.contiguous() for name, t in network.net.state_dict().items()}
    save_file(weights, out / runs.WEIGHTS, metadata={"format": "pt"})
    runs.write_scores(out, scored, logits)
    facts = {
        "recipe": _plain(recipe),
        "code": code_version(),
        "torch": torch.__version__,
        "device": trainer.device.type,
        "trained_on": len(learning),
        "store": str(store.folder),
        "data": _describe(store, samples),
        "data_sha256": data.fingerprint(samples),
        "folds": {
            "sha256": store.folds_sha256(),
            "number": int(assigned.max()) + 1,
            "test": folds.TEST,
            "calibration": folds.CALIBRATION,
        },
        "seconds": sum(epoch["seconds"] for epoch in trainer.history),
        "history": trainer.history,
        "auc": {
            name: auc_by_source(scored, assigned[held_out] == fold, logits)
            for name, fold in (("calibration", folds.CALIBRATION), ("test", folds.TEST))
        },
    }
    write_json(out / runs.FACTS, facts)
    return facts


def _plain(recipe: Recipe) -> dict[str, Any]:
    return asdict(recipe) | {"init": recipe.init.name if recipe.init else None}


def _describe(store: Store, samples: Sequence[Sample]) -> list[dict[str, Any]]:
    problems, removed = (
        table["source"].value_counts() for table in (store.problems(), store.removed())
    )
    facts = []
    for source in store.settings["sources"]:
        some = [sample for sample in samples if sample.source == source["name"]]
        facts.append(
            {
                "source": source["name"],
                "licence": source["licence"],
                "pictures": len(some),
                "melanomas": sum(sample.target for sample in some),
                "groups": len({sample.group for sample in some}),
                "missing": int(problems.get(source["key"], 0)),
                "removed": int(removed.get(source["key"], 0)),
            }
        )
    return facts
