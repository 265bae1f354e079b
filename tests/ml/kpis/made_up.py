"""Made-up scores, and a run folder with the store that it is of."""

import csv
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from ml import runs
from ml.atomic import write_json
from ml.data.store import Store
from tests.ml.made_up import made_up_picture
from tests.ml.stores import ingest

RECIPE = {"model": "mobilenetv2_035", "normalisation": "imagenet", "size": 64, "seed": 0}


def scored(seed: int, n: int = 400, share: float = 0.2) -> tuple[np.ndarray, np.ndarray]:
    """Return targets and logits that are right more often than not."""
    chance = np.random.default_rng(seed)
    targets = (chance.random(n) < share).astype(int)
    return targets, chance.normal(targets * 1.5 - 2)


def rows(seed: int = 0, n: int = 600, folds: int = 3) -> pd.DataFrame:
    """Return scores as ``out_of_fold.read`` does, of groups of up to three pictures."""
    chance = np.random.default_rng(seed)
    targets, logits = scored(seed, n)
    group = np.sort(chance.integers(0, n // 2, n))
    return pd.DataFrame(
        {
            "image": [f"i{i}" for i in range(n)],
            "source": "one",
            "group": [f"g{g}" for g in group],
            "target": targets,
            "fold": group % folds,
            "logit": logits,
        }
    )


def collection(folder: Path, n: int, seed: int) -> Path:
    """Write a collection of ``n`` pictures, two of each patient, a third of them melanomas."""
    folder.mkdir(parents=True)
    chance = np.random.default_rng(seed)
    columns = ["image", "target", "patient", "sex", "age", "site"]
    with (folder / "labels.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(columns)
        for i in range(n):
            sex = "female" if i // 2 % 2 else "male"
            row = (f"{folder.name}{i}", int(i // 2 % 3 == 0), f"{folder.name}P{i // 2}", sex)
            table.writerow([*row, 30 + i % 50, "torso" if i % 2 else ""])
            made_up_picture(chance).save(folder / f"{folder.name}{i}.jpg")
    return folder


def store(folder: Path, **pictures: int) -> Store:
    """Return the store of collections of these names with so many pictures each."""
    sources = [
        collection(folder / name, n, seed) for seed, (name, n) in enumerate(pictures.items())
    ]
    return ingest(folder / "store", *sources)


def run(folder: Path, made: Store, seed: int = 0, better: float = 1.5) -> Path:
    """Write a run that has scored a store's pictures in two folds; return its folder."""
    folder.mkdir(parents=True)
    chance = np.random.default_rng(seed)
    names = {source["key"]: source["name"] for source in made.settings["sources"]}
    images = made.images()
    scores = pd.DataFrame(
        {
            "image": images["image"],
            "source": images["source"].map(names),
            "group": images["patient"],
            "target": images["target"],
            "fold": images["patient"].str.extract(r"(\d+)$")[0].astype(int) % 2,
            "logit": chance.normal(images["target"] * better - 1.5).round(6),
        }
    )
    scores.to_csv(folder / runs.SCORES, index=False)
    facts = {
        "recipe": RECIPE,
        "code": "0.1.0+0",
        "torch": "2",
        "device": "cpu",
        "trained_on": 10,
        "store": str(made.folder),
        "data": [
            {
                "source": name,
                "licence": "CC0",
                "pictures": int((images["source"] == key).sum()),
                "melanomas": 1,
                "groups": 1,
                "missing": 0,
                "removed": 0,
            }
            for key, name in names.items()
        ],
        "data_sha256": "0" * 64,
        "folds": {"sha256": "0" * 64, "number": 2, "test": 0, "calibration": 1},
        "seconds": 60.0,
        "history": [{"epoch": 1}],
        "auc": {},
    }
    write_json(folder / runs.FACTS, facts)
    return folder


def hairy(pixels: int = 256) -> Image.Image:
    """Return light skin with dark lines across it."""
    picture = np.full((pixels, pixels), 200, np.uint8)
    picture[:, ::20] = 60
    return Image.fromarray(picture)
