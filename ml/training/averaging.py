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
from safetensors.torch import load_file, save_file
from torch.optim.swa_utils import update_bn

from ml import runs
from ml.atomic import write_json
from ml.data.samples import Sample
from ml.data.store import sha256
from ml.evaluation import auc_by_source, score
from ml.network import Network
from ml.preprocess import open_picture
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
    held_out = [sample for sample in samples if sample.fold in facts["recipe"]["held_out"]]
    network = Network(facts["recipe"]["model"], facts["recipe"]["normalisation"])
    network.net.load_state_dict(_mean([load_file(folder / runs.WEIGHTS) for folder in folders]))
    update_bn(_batches(_learnt(samples, facts["recipe"]), size), network)
    with Progress() as progress:
        progress.start("held-out pictures", len(held_out))
        logits = score(network, held_out, size, progress.advance)
    out.mkdir(parents=True, exist_ok=True)
    save_file(
        {name: tensor.contiguous() for name, tensor in network.net.state_dict().items()},
        out / runs.WEIGHTS,
        metadata={"format": "pt"},
    )
    runs.write_scores(out, held_out, logits)
    folds = np.array([sample.fold for sample in held_out])
    facts |= {
        "averaged": averaged,
        "judged_at": size,
        "code": code_version(),
        "torch": torch.__version__,
        "seconds": facts["seconds"] + time.monotonic() - began,
        "auc": {
            str(fold): auc_by_source(held_out, folds == fold, logits)
            for fold in facts["recipe"]["held_out"]
        },
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


def _learnt(samples: Sequence[Sample], recipe: dict[str, Any]) -> list[Sample]:
    """Return pictures that the runs learnt from, drawn by chance."""
    known = [
        sample
        for sample in samples
        if sample.fold not in recipe["held_out"] and sample.source not in recipe.get("without", [])
    ]
    chosen = np.random.default_rng(recipe["seed"]).permutation(len(known))[:SEEN]
    return [known[i] for i in chosen]


def _batches(samples: Sequence[Sample], size: int) -> Iterator[torch.Tensor]:
    for start in range(0, len(samples), BATCH):
        pictures = samples[start : start + BATCH]
        yield torch.from_numpy(np.stack([open_picture(s.picture.open(), size) for s in pictures]))
