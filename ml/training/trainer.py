"""One step of learning, and everything that a step changes."""

import copy
import os
from pathlib import Path
from typing import Any

import numpy as np
import torch
from timm.optim import param_groups_layer_decay
from torch import distributed, nn
from torch.nn import functional
from torch.nn.parallel import DistributedDataParallel

from ml.network import Network, load_initial_weights
from ml.training import targets
from ml.training.batches import Batch
from ml.training.metadata import Judge
from ml.training.recipe import Recipe
from ml.training.schedule import learning_rate

PRECISION = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}


class Heads(nn.Module):
    """The network with what it learns from: the melanoma, and the diagnosis beside it.

    With ``metadata``, what these say of the melanoma is added to what the picture says.
    """

    def __init__(self, network: Network, classes: int, metadata: bool = False) -> None:
        super().__init__()
        self.network = network
        self.diagnosis = nn.Linear(network.net.num_features, classes) if classes else None
        self.metadata = Judge() if metadata else None

    def forward(
        self, images: torch.Tensor, people: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Return ``melanoma[n]`` and ``diagnosis[n, classes]`` for ``float[n, 3, h, w]``.

        ``people[n, k]`` is as in ``metadata``, and of no matter without.
        """
        melanoma, embedding = self.network.judge(images)
        diagnosis = None
        if self.diagnosis is not None:
            diagnosis = self.diagnosis(self.network.dropout(embedding))
        if self.metadata is not None:
            melanoma = melanoma.float() + self.metadata(people).float()
        return melanoma, diagnosis


class Trainer:
    """The state that moves while learning: weights, their average, optimiser, scale, step.

    ``seconds`` is the time that all calls together have taken.
    """

    def __init__(self, recipe: Recipe, device: torch.device, steps: int, freeze_steps: int) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe, self.device = recipe, device
        self.steps, self.freeze_steps, self.step, self.seconds = steps, freeze_steps, 0, 0.0
        network = Network(
            recipe.model,
            recipe.normalisation,
            pretrained=recipe.pretrained,
            dropout=recipe.dropout,
        )
        if recipe.init:
            load_initial_weights(network, Path(recipe.init), keep_head=recipe.keep_head)
        if recipe.gradient_checkpointing:
            network.net.set_grad_checkpointing(True)
        classes = targets.number_of(recipe.target)
        self.heads = Heads(network, classes, recipe.metadata).to(device)
        if recipe.channels_last:
            self.heads = self.heads.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = copy.deepcopy(self.heads)
        self.optimizer = torch.optim.AdamW(self._groups(), lr=recipe.lr)
        self.scaler = torch.amp.GradScaler(device.type, enabled=recipe.precision == "fp16")
        self.model: nn.Module = self.heads
        if distributed.is_initialized():
            self.model = DistributedDataParallel(self.heads)

    def learn(self, batches: list[Batch]) -> tuple[torch.Tensor, torch.Tensor]:
        """Take the next step; return its mean loss and the melanoma logits of its last batch."""
        # Dropout draws from the generator of the whole process.
        entropy = [self.recipe.seed, self.step, self._rank()]
        torch.manual_seed(int(np.random.SeedSequence(entropy).generate_state(1)[0]))
        self._set_rates()
        self.model.train()
        self.optimizer.zero_grad(set_to_none=True)
        total = torch.zeros((), device=self.device)
        for batch in batches:
            images, melanoma, diagnosis, taught, people = (
                part.to(self.device, non_blocking=True) for part in batch
            )
            if self.recipe.channels_last:
                images = images.to(memory_format=torch.channels_last)
            enabled = self.recipe.precision != "fp32"
            with torch.autocast(self.device.type, PRECISION[self.recipe.precision], enabled):
                logits, classes = self.model(images, people)
            loss = objective(
                logits,
                classes,
                melanoma,
                diagnosis,
                self.recipe.label_smoothing,
                taught if self.recipe.teachers else None,
                self.recipe.teacher_weight,
                self.recipe.temperature,
            )
            self.scaler.scale(loss / len(batches)).backward()
            total += loss.detach() / len(batches)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self._follow()
        self.step += 1
        return total, logits.detach().float()

    def rate(self, step: int) -> float:
        """Return the learning rate of the uppermost layer at a step."""
        recipe = self.recipe
        return learning_rate(
            step,
            peak=recipe.lr,
            warmup_steps=max(1, round(recipe.warmup * self.steps)),
            total_steps=self.steps,
            schedule=recipe.schedule,
        )

    def save(self, file: Path, data: dict[str, str]) -> None:
        """Write everything needed to go on, as a whole or not at all.

        ``data`` says what is learnt from; to go on with something else is an error.
        """
        partial = file.with_name(file.name + ".part")
        with partial.open("wb") as out:
            torch.save(
                {
                    "recipe": self.recipe.plain(),
                    "data": data,
                    "step": self.step,
                    "seconds": self.seconds,
                    "heads": self.heads.state_dict(),
                    "average": self.average.state_dict(),
                    "optimizer": self.optimizer.state_dict(),
                    "scaler": self.scaler.state_dict(),
                },
                out,
            )
            out.flush()
            os.fsync(out.fileno())
        partial.replace(file)

    def restore(self, file: Path, data: dict[str, str]) -> None:
        """Go on from ``save``; raise ``ValueError`` where recipe or data are others.

        A key that recipes did not have yet stands at its default, which does as
        was done before there was the key.
        """
        state = torch.load(file, map_location=self.device, weights_only=True)
        state["recipe"] = Recipe().plain() | state["recipe"]
        for name, now in (("recipe", self.recipe.plain()), ("data", data)):
            if state[name] != now:
                other = {k: v for k, v in state[name].items() if now.get(k) != v}
                raise ValueError(f"{file} was made with another {name}: {other}")
        self.step, self.seconds = state["step"], state["seconds"]
        self.heads.load_state_dict(state["heads"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scaler.load_state_dict(state["scaler"])

    def _groups(self) -> list[dict[str, Any]]:
        """Return the parameters with their share of the learning rate and their decay.

        Biases and the scales of normalisation do not decay, which would do harm.
        """
        groups = param_groups_layer_decay(
            self.heads.network.net, self.recipe.weight_decay, layer_decay=self.recipe.layer_decay
        )
        head = set(self.heads.network.net.get_classifier().parameters())
        for group in groups:
            group["is_head"] = not head.isdisjoint(group["params"])
        own = {"lr_scale": 1.0, "is_head": True}
        if self.heads.diagnosis is not None:
            layer = self.heads.diagnosis
            groups += [
                {"params": [layer.weight], "weight_decay": self.recipe.weight_decay, **own},
                {"params": [layer.bias], "weight_decay": 0.0, **own},
            ]
        if self.heads.metadata is not None:
            weights = list(self.heads.metadata.parameters())
            groups.append({"params": weights, "weight_decay": self.recipe.weight_decay, **own})
        return groups

    def _set_rates(self) -> None:
        rate = self.rate(self.step)
        for group in self.optimizer.param_groups:
            frozen = self.step < self.freeze_steps and not group["is_head"]
            group["lr"] = 0.0 if frozen else rate * group["lr_scale"]

    @torch.no_grad()
    def _follow(self) -> None:
        """Move the averaged weights towards the present ones, fast at the beginning."""
        so_far = 1 + self.step
        decay = min(self.recipe.ema, so_far / (so_far + self.recipe.ema_ramp))
        moving = self.heads.state_dict()
        for name, mean in self.average.state_dict().items():
            if mean.is_floating_point():
                mean.lerp_(moving[name], 1 - decay)
            else:
                mean.copy_(moving[name])

    @staticmethod
    def _rank() -> int:
        return distributed.get_rank() if distributed.is_initialized() else 0


def objective(
    logits: torch.Tensor,
    classes: torch.Tensor | None,
    melanoma: torch.Tensor,
    diagnosis: torch.Tensor,
    smoothing: float,
    taught: torch.Tensor | None = None,
    weight: float = 0.0,
    temperature: float = 1.0,
) -> torch.Tensor:
    """Return the loss: cross-entropy of the melanoma, plus that of the diagnosis where known.

    ``taught[n, 1]``, the teachers' probability at the ``temperature``, takes the share
    ``weight`` of the former. Its gradient shrinks with the square of the temperature,
    which is made up for (Hinton et al. 2015).
    """
    smoothed = melanoma * (1 - smoothing) + smoothing / 2
    loss = functional.binary_cross_entropy_with_logits(logits.float(), smoothed)
    if taught is not None:
        cooled = logits.float() / temperature
        lesson = functional.binary_cross_entropy_with_logits(cooled, taught[:, 0])
        loss = (1 - weight) * loss + weight * temperature**2 * lesson
    if classes is None:
        return loss
    known = diagnosis.sum(dim=1)
    soft = diagnosis * (1 - smoothing) + known[:, None] * smoothing / diagnosis.shape[1]
    each = -(soft * functional.log_softmax(classes.float(), dim=1)).sum(dim=1)
    return loss + each.sum() / known.sum().clamp(min=1)
