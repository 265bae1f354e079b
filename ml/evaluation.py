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
        pixels = np.stack([open_picture(sample.picture.open(), size) for sample in batch])
        if all_views:
            pixels = views.all_views(pixels)
        logit, _, _ = network(torch.from_numpy(pixels).to(device))
        found = logit.float().cpu().numpy()
        logits.append(views.average(found) if all_views else found)
        tick(len(batch))
    return np.concatenate(logits)


def auc_by_source(
    samples: Sequence[Sample], chosen: np.ndarray, logits: np.ndarray
) -> dict[str, dict[str, Any]]:
    """Return the AUC of each source on its own, where it has both classes."""
    targets = np.array([sample.target for sample in samples])
    source = np.array([sample.source for sample in samples])
    figures = {}
    for name in dict.fromkeys(source):
        rows = chosen & (source == name)
        melanomas = int(targets[rows].sum())
        if 0 < melanomas < rows.sum():
            figures[str(name)] = {
                "pictures": int(rows.sum()),
                "melanomas": melanomas,
                "auc": asdict(auc(targets[rows], logits[rows])),
            }
    return figures
