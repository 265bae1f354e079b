"""One network from the weights of several runs, each of which began with the one before.

Runs that go on from one another end in one valley of the loss, at different
places of its floor. The mean of their weights lies further inside than either
and judges pictures it has never seen better, at the cost of one (Wortsman et al.
2022). Only the statistics of the batch normalisation have to be taken anew.
"""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch.optim.swa_utils import update_bn

from ml import runs
from ml.atomic import write_json
from ml.data import samples as data
from ml.data.samples import Sample
from ml.data.store import sha256
from ml.evaluation import auc_by_fold, open_all, score
from ml.network import Network, save_weights
from ml.progress import Progress
from ml.version import code_version

# So many pictures that were learnt from show the statistics of the normalisation.
SEEN = 1024
BATCH = 64


def average(folders: Sequence[Path], out: Path, size: int | None = None) -> dict[str, Any]:
    """Write a run of the mean of the weights in ``folders`` and return its facts.

    The first of them is the latest run, all others are runs that it builds on. It
    will judge pictures of ``size`` pixels a side, or those that the latest run
    judges. Everything else that is known of it is as of the latest, with
    ``averaged``, the places of all of them in the lineage. Raises ``ValueError`` for
    runs that do not build on one another, or with metadata.
    """
    began = time.monotonic()
    latest, *others = folders
    facts = runs.read_facts(latest)
    if facts["recipe"].get("metadata"):
        raise ValueError(f"{latest} judges by age, sex and site too: only pictures' weights mix")
    *before, _ = runs.lineage(facts)
    places = {run["sha256"]: place for place, run in enumerate(before, start=1)}
    averaged = [len(before) + 1]
    for folder in others:
        if (place := places.get(sha256(folder / runs.WEIGHTS))) is None:
            raise ValueError(f"{latest} did not begin with the weights of {folder}")
        averaged.append(place)
    size = size or runs.judged_at(facts)
    samples = runs.same_samples(facts, size)
    recipe = facts["recipe"]
    learnt, held_out = data.split(samples, recipe["held_out"], recipe.get("without", ()))
    network = Network(recipe["model"], recipe["normalisation"])
    network.net.load_state_dict(_mean([load_file(folder / runs.WEIGHTS) for folder in folders]))
    update_bn(_batches(learnt, recipe["seed"], size), network)
    with Progress() as progress:
        progress.start("held-out pictures", len(held_out))
        logits = score(network, held_out, size, progress.advance)
    out.mkdir(parents=True, exist_ok=True)
    save_weights(network.net, out / runs.WEIGHTS)
    runs.write_scores(out, held_out, logits)
    facts |= {
        "averaged": averaged,
        "judged_at": size,
        "code": code_version(),
        "torch": torch.__version__,
        "seconds": facts["seconds"] + time.monotonic() - began,
        "auc": auc_by_fold(held_out, logits),
    }
    write_json(out / runs.FACTS, facts)
    return facts


def _mean(weights: Sequence[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    return {
        name: torch.stack([one[name] for one in weights]).mean(dim=0)
        if tensor.is_floating_point()
        else tensor
        for name, tensor in weights[0].items()
    }


def _batches(learnt: Sequence[Sample], seed: int, size: int) -> Iterator[torch.Tensor]:
    """Yield some of the pictures that the runs learnt from, drawn by chance."""
    chosen = np.random.default_rng(seed).permutation(len(learnt))[:SEEN]
    for rows in np.array_split(chosen, max(1, len(chosen) // BATCH)):
        yield torch.from_numpy(open_all([learnt[i] for i in rows], size))
