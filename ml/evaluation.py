"""Scores of pictures that the network has not learnt from."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import torch

from ml import views
from ml.data.samples import Sample
from ml.metrics import auc
from ml.network import Network
from ml.preprocess import open_picture

BATCH = 32


@torch.no_grad()
def score(
    network: Network,
    samples: Sequence[Sample],
    size: int,
    tick: Callable[[int], None],
    all_views: bool = False,
) -> np.ndarray:
    """Return the logit of each picture, ``float32[len(samples)]``, without augmentation.

    With ``all_views`` it is the mean over the picture's rotations and mirror images.
    """
    network.eval()
    device = next(network.parameters()).device
    logits = []
    at_once = BATCH // views.N if all_views else BATCH
    for start in range(0, len(samples), at_once):
        batch = samples[start : start + at_once]
        pixels = open_all(batch, size)
        if all_views:
            pixels = views.all_views(pixels)
        logit, _, _ = network(torch.from_numpy(pixels).to(device))
        found = logit.float().cpu().numpy()
        logits.append(views.average(found) if all_views else found)
        tick(len(batch))
    return np.concatenate(logits)


def open_all(samples: Sequence[Sample], size: int) -> np.ndarray:
    """Return the pictures as the network sees them, ``uint8[n, size, size, 3]``."""
    return np.stack([open_picture(sample.picture.open(), size) for sample in samples])


def auc_by_fold(
    samples: Sequence[Sample], logits: np.ndarray
) -> dict[str, dict[str, dict[str, Any]]]:
    """Return for each fold what ``auc_by_source`` returns."""
    folds = np.array([sample.fold for sample in samples])
    return {
        str(fold): auc_by_source([samples[i] for i in rows.tolist()], logits[rows])
        for fold in np.unique(folds)
        for rows in [np.flatnonzero(folds == fold)]
    }


def auc_by_source(samples: Sequence[Sample], logits: np.ndarray) -> dict[str, dict[str, Any]]:
    """Return the AUC of each source on its own, where it has both classes."""
    targets = np.array([sample.target for sample in samples])
    source = np.array([sample.source for sample in samples])
    figures = {}
    for name in dict.fromkeys(source):
        rows = source == name
        melanomas = int(targets[rows].sum())
        if 0 < melanomas < rows.sum():
            figures[str(name)] = {
                "pictures": int(rows.sum()),
                "melanomas": melanomas,
                "auc": asdict(auc(targets[rows], logits[rows])),
            }
    return figures
