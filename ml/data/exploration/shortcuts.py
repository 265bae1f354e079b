"""What a network could go by instead of the lesion: size and colour tell the clinic.

Each figure is that of a small classifier judged on groups (patients, lesions)
that it has not seen.
"""

from dataclasses import dataclass
from io import BytesIO

import numpy as np
import pandas as pd
from PIL import Image
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import balanced_accuracy_score, roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict

from ml.data.folds import groups_of
from ml.data.store import Store

SAMPLED = 400  # pictures of a source
FOLDS = 5
SIZE, COLOUR = ["width", "height"], ["red", "green", "blue"]


@dataclass(frozen=True)
class Shortcut:
    """How well something beside the point answers a question; ``chance`` is what guessing gives."""

    question: str
    by: str
    value: float
    chance: float


def sample(store: Store, images: pd.DataFrame) -> pd.DataFrame:
    """Return some images of each source, seeded, with their mean colour (0 to 255)."""
    some = images.groupby("source", group_keys=False).sample(frac=1, random_state=0)
    some = some.groupby("source").head(SAMPLED).sort_values(["shard", "source"])
    means = []
    for jpeg in store.pictures(some, 64):
        with Image.open(BytesIO(jpeg)) as picture:
            picture.draft("RGB", (32, 32))
            means.append(np.asarray(picture.convert("RGB"), float).mean(axis=(0, 1)))
    return some.assign(**dict(zip(COLOUR, np.reshape(means, (-1, 3)).T, strict=True)))


def measure(some: pd.DataFrame) -> list[Shortcut]:
    """Return what size and colour alone tell: the source, and the melanoma within each source."""
    found = []
    for by, columns in (("size", SIZE), ("mean colour", COLOUR)):
        if some["source"].nunique() > 1:
            guessed = _judge(some, some["source"], columns, "predict")
            if guessed is not None:
                value = balanced_accuracy_score(some["source"], guessed)
                chance = 1 / some["source"].nunique()
                found.append(Shortcut("the source", by, float(value), chance))
        known = some[some["target"].notna()]
        questions = [(f"melanoma within {name}", rows) for name, rows in known.groupby("source")]
        if known["source"].nunique() > 1:
            questions.append(("melanoma over all sources", known))
        for question, rows in questions:
            scores = _judge(rows, rows["target"].astype(int), columns, "predict_proba")
            if scores is not None:
                auc = roc_auc_score(rows["target"].astype(int), scores[:, 1])
                found.append(Shortcut(question, by, float(auc), 0.5))
    return found


def _judge(
    rows: pd.DataFrame, truth: pd.Series, columns: list[str], method: str
) -> np.ndarray | None:
    """Return out-of-fold answers, or None where there are too few of a class to say."""
    groups = groups_of(rows)
    if truth.nunique() < 2 or groups.groupby(truth).nunique().min() < 2 * FOLDS:
        return None
    forest = RandomForestClassifier(100, min_samples_leaf=3, random_state=0)
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
    return cross_val_predict(forest, rows[columns], truth, groups=groups, cv=folds, method=method)
