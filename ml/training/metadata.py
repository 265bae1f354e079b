"""Age, sex and site of the body as numbers, and the little network that judges by them.

Its answer is added to the logit of the picture (late fusion). So the picture's
own logit and its activation map stay exact, and where nothing is known of a
person nothing is added: without metadata the network is the one of the picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import nn

from ml.data.presets import SITES
from ml.data.samples import Sample

FIELDS = ("age", "sex", "site")
SEXES = ("female", "male")
PLACES = (*SITES, "elsewhere")
MISSING = tuple(f"{field} missing" for field in FIELDS)
COLUMNS = ("age", *SEXES, *PLACES, *MISSING)

HIDDEN = 16
# Of so many people nothing is told while learning, so that the picture alone suffices.
LEFT_OUT = 0.3


@dataclass(frozen=True)
class Encoding:
    """How people become numbers; ``mean`` and ``sd`` are of the ages learnt from, in years."""

    mean: float
    sd: float

    def of(self, people: pd.DataFrame) -> np.ndarray:
        """Return ``float32[n, COLUMNS]`` for ``FIELDS``, NaN or None where they are not known.

        Age in standard deviations from the mean, sex and site one-hot, and whether
        each of them is missing. What is missing is 0 in its other columns.
        """
        missing = people[list(FIELDS)].isna().to_numpy()
        age = (people["age"].to_numpy(np.float64, na_value=np.nan) - self.mean) / self.sd
        site = people["site"].where(people["site"].isin(SITES) | missing[:, 2], PLACES[-1])
        columns = [np.where(missing[:, 0], 0, age)]
        columns += [(people["sex"] == sex).fillna(False).to_numpy() for sex in SEXES]
        columns += [(site == place).fillna(False).to_numpy() for place in PLACES]
        return np.column_stack([*columns, missing]).astype(np.float32)

    def told(self, people: pd.DataFrame) -> np.ndarray:
        """Return the same, but all zeros for a person of whom nothing is known."""
        return self.of(people) * people[list(FIELDS)].notna().any(axis=1).to_numpy()[:, None]


def fit(people: pd.DataFrame) -> Encoding:
    """Return the encoding for people to learn from; ages of one value, or none, are not scaled."""
    ages = people["age"].dropna().to_numpy(np.float64)
    if not len(ages):
        return Encoding(0.0, 1.0)
    return Encoding(float(ages.mean()), float(ages.std()) or 1.0)


def table(samples: Sequence[Sample]) -> pd.DataFrame:
    """Return the ``FIELDS`` of samples, a row each."""
    people = pd.DataFrame(
        {field: [getattr(sample, field) for sample in samples] for field in FIELDS}, dtype=object
    )
    return people.astype({"age": "float64"})


class Judge(nn.Module):
    """A logit for ``Encoding.told``, exactly 0 for a row of zeros, since there are no biases."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(len(COLUMNS), HIDDEN, bias=False)
        self.outer = nn.Linear(HIDDEN, 1, bias=False)
        nn.init.zeros_(self.outer.weight)  # begin with what the picture says

    def forward(self, people: torch.Tensor) -> torch.Tensor:
        """Return ``float[n]`` for ``float[n, COLUMNS]``; while learning some count as unknown."""
        if self.training:
            kept = torch.rand(len(people), 1, device=people.device) >= LEFT_OUT
            people = people * kept
        return self.outer(nn.functional.silu(self.inner(people)))[:, 0]


@torch.no_grad()
def judge(judge: Judge, people: np.ndarray) -> np.ndarray:
    """Return the logits, ``float32[n]``, to add to those of the pictures."""
    judge.eval()
    device = next(judge.parameters()).device
    return judge(torch.from_numpy(people).to(device)).float().cpu().numpy()
