"""What the network sees at each step, as a pure function of the recipe and the step's number."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch.utils.data import Dataset

from ml.training import targets
from ml.training.augmentation import augment
from ml.training.recipe import Recipe


@dataclass(frozen=True)
class Pictures:
    """What there is to learn from, all of one length.

    ``pixels`` holds ``uint8[n, h, w, 3]`` by the side in pixels, ``melanoma`` 1
    or 0, ``diagnosis`` the class or ``targets.IGNORED``, ``source`` a number,
    ``taught`` the probability that teachers give, ``float32[n, 1]``, where there
    are any, and ``people`` what is known of the person, ``float32[n, k]`` as
    ``metadata.Encoding.told``, where that is to be learnt from.
    """

    pixels: Mapping[int, np.ndarray]
    melanoma: np.ndarray
    diagnosis: np.ndarray
    source: np.ndarray
    taught: np.ndarray | None = None
    people: np.ndarray | None = None


# Views float[n, 3, s, s] in 0..255, melanoma float[n], diagnosis float[n, classes], what
# teachers say float[n, 1] and what is known of people float[n, k], both float[n, 0] where there
# is none. A row of the diagnosis is all zeros where nothing is to be learnt from it.
Batch = tuple[torch.Tensor, ...]


class Batches(Dataset[list[Batch]]):
    """The steps of a training: item ``i`` is the ``accumulate`` batches of step ``i``.

    Of several processes that train together, each sees its own part.
    """

    def __init__(
        self, recipe: Recipe, pictures: Pictures, rank: int = 0, processes: int = 1
    ) -> None:
        self.recipe, self.pictures, self.rank, self.processes = recipe, pictures, rank, processes
        self.per_step = recipe.batch * recipe.accumulate * processes
        self.steps_per_epoch = len(pictures.melanoma) // self.per_step
        if not self.steps_per_epoch:
            n = len(pictures.melanoma)
            raise ValueError(f"{n} pictures to learn from do not fill a step of {self.per_step}")

    def __len__(self) -> int:
        return self.recipe.epochs * self.steps_per_epoch

    def __getitem__(self, step: int) -> list[Batch]:
        epoch, within = divmod(step, self.steps_per_epoch)
        rows = self.order(epoch)[within * self.per_step : (within + 1) * self.per_step]
        parts = np.split(rows[self.rank :: self.processes], self.recipe.accumulate)
        return [self._batch(part, step, i) for i, part in enumerate(parts)]

    @lru_cache(maxsize=2)  # noqa: B019  (as long-lived as its process)
    def order(self, epoch: int) -> np.ndarray:
        """Return which pictures an epoch shows, in order: each once, or balanced by chance."""
        n = len(self.pictures.melanoma)
        chance = np.random.default_rng([self.recipe.seed, epoch])
        if self.recipe.balance == "none":
            return chance.permutation(n)
        kind = {"melanoma": self.pictures.melanoma, "source": self.pictures.source}
        _, which, counts = np.unique(
            kind[self.recipe.balance], return_inverse=True, return_counts=True
        )
        weights = 1 / counts[which]
        return chance.choice(n, n, p=weights / weights.sum())

    def size(self, step: int) -> int:
        """Return the side in pixels of the pictures that a step shows views of."""
        early = step < self.recipe.smaller * len(self)
        return self.recipe.small_size if early else self.recipe.size

    def _batch(self, rows: np.ndarray, step: int, part: int) -> Batch:
        recipe, size = self.recipe, self.size(step)
        entropy = [recipe.seed, step, part, self.rank, 1]
        seed, mixing = np.random.SeedSequence(entropy).generate_state(2)
        rows = np.sort(rows)  # their order in a batch is of no matter, that on the disk is
        pixels = torch.from_numpy(self.pictures.pixels[size][rows])
        views = augment(recipe.augmentation, pixels, view(size, recipe.view_share), int(seed))
        melanoma = torch.from_numpy(self.pictures.melanoma[rows]).float()
        diagnosis = _one_hot(self.pictures.diagnosis[rows], targets.number_of(recipe.target))
        taught = _columns(self.pictures.taught, rows)
        people = _columns(self.pictures.people, rows)
        batch = (views, melanoma, diagnosis, taught, people)
        return mix(batch, recipe, np.random.default_rng(mixing))


def view(size: int, share: float) -> int:
    """Return the side of the views that the network learns from, for pictures of ``size``."""
    return max(32, round(size * share / 32) * 32)


def mix(batch: Batch, recipe: Recipe, chance: np.random.Generator) -> Batch:
    """Blend each picture and its labels with another one, or lay a piece of it over.

    Whatever comes after the views, ``float[n, ...]``, is blended as the pictures are.
    Mixup after Zhang et al. 2018, CutMix after Yun et al. 2019; with both in the
    recipe each has half of the steps.
    """
    kinds = [kind for kind in ("mixup", "cutmix") if getattr(recipe, kind) > 0]
    if not kinds:
        return batch
    kind = kinds[chance.integers(len(kinds))]
    share = float(chance.beta(getattr(recipe, kind), getattr(recipe, kind)))
    views, *rest = batch
    other = torch.from_numpy(chance.permutation(len(views)))
    if kind == "mixup":
        views = share * views + (1 - share) * views[other]
    else:
        side = views.shape[-1]
        piece = round(side * (1 - share) ** 0.5)
        top, left = chance.integers(0, side - piece + 1, 2)
        views = views.clone()
        place = np.s_[..., top : top + piece, left : left + piece]
        views[place] = batch[0][other][place]
        share = 1 - (piece / side) ** 2
    return views, *(share * part + (1 - share) * part[other] for part in rest)


def _one_hot(diagnosis: np.ndarray, number: int) -> torch.Tensor:
    known = torch.from_numpy(diagnosis)
    return (known[:, None] == torch.arange(number)).float()


def _columns(values: np.ndarray | None, rows: np.ndarray) -> torch.Tensor:
    """Return ``float[rows, k]`` of ``[n, k]``, without columns where there is nothing."""
    return torch.zeros(len(rows), 0) if values is None else torch.from_numpy(values[rows])
