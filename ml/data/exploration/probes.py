"""How much the size and the mean colour of a picture give away, without any look at the lesion.

A classifier that sees no more than width, height and mean colour tells what a
network could take a shortcut by. All figures are of pictures that it was not
fitted to, with patients and lesions kept together.
"""

from collections.abc import Callable, Iterator
from io import BytesIO

import numpy as np
import pandas as pd
from PIL import Image
from scipy.stats import rankdata
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedGroupKFold

from ml import metrics
from ml.data.exploration.outcomes import ENOUGH_OF_EACH
from ml.data.folds import groups_of
from ml.data.presets import TRAIN
from ml.data.store import Store
from ml.metrics import Estimate

SIZE, COLOUR = ["width", "height"], ["red", "green", "blue"]

SEED = 0
MOST_PICTURES = 400  # of a source
MOST_MELANOMAS = 200  # of them, as they would be rare otherwise
TREES = 60
SMALLEST_LEAF = 3
FOLDS = 5
# JPEG decodes to an eighth at next to no cost, which does not change the mean.
REDUCED = 32


def sample(images: pd.DataFrame) -> pd.DataFrame:
    """Return up to MOST_PICTURES of each source, with more of the melanomas than by chance."""
    shuffled = images.sample(frac=1, random_state=SEED)
    melanoma = (shuffled["target"] == 1) & (shuffled["split"] == TRAIN)
    first = shuffled[melanoma].groupby("source").head(MOST_MELANOMAS)
    ordered = pd.concat([first, shuffled.drop(first.index)[lambda rows: ~melanoma[rows.index]]])
    return ordered.groupby("source").head(MOST_PICTURES).sort_index().reset_index(drop=True)


def measure(
    store: Store, images: pd.DataFrame, tick: Callable[[int], None] = lambda n: None
) -> pd.DataFrame:
    """Return the images with their mean ``red``, ``green``, ``blue`` (0 to 255) and ``group``."""
    means = np.empty((len(images), 3), np.float32)
    for i, jpeg in enumerate(store.pictures(images, REDUCED)):
        with Image.open(BytesIO(jpeg)) as picture:
            picture.draft("RGB", (REDUCED, REDUCED))
            means[i] = np.asarray(picture.convert("RGB")).mean((0, 1))
        tick(1)
    measured = images.assign(group=groups_of(images).to_numpy())
    measured[COLOUR] = means
    return measured


def tells_apart(measured: pd.DataFrame, features: list[str]) -> float | None:
    """Return in what share of cases the source is told, each source counting the same.

    None where a source has too few pictures.
    """
    sources = measured["source"].to_numpy()
    if not _splits(sources, measured["group"]):
        return None
    told = np.empty(len(measured), object)
    for rows, forest in _fitted(measured, features, sources):
        told[rows] = forest.predict(measured[features].to_numpy()[rows])
    right = pd.Series(told == sources)
    return float(right.groupby(sources).mean().mean())


def within(measured: pd.DataFrame, features: list[str]) -> Estimate | None:
    """Return the AUC for melanoma on held-out pictures; None where there are too few."""
    target = measured["target"].to_numpy()
    if not (_enough(target) and _splits(target, measured["group"])):
        return None
    scores = np.empty(len(measured))
    for rows, forest in _fitted(measured, features, target):
        # Ranks, because what is likely to one forest is not to the next: where the features
        # tell nothing, the share of melanomas that each was fitted to would decide.
        scores[rows] = rankdata(_likelihood(forest, measured.iloc[rows], features)) / len(rows)
    return metrics.auc(target, scores)


def across(fitted_to: pd.DataFrame, other: pd.DataFrame, features: list[str]) -> Estimate | None:
    """Return the AUC for melanoma in ``other`` after fitting to one; None if there are too few."""
    apart = fitted_to[~fitted_to["group"].isin(other["group"])]
    if not (_enough(apart["target"]) and _enough(other["target"])):
        return None
    forest = _forest().fit(apart[features].to_numpy(), apart["target"])
    return metrics.auc(other["target"].to_numpy(), _likelihood(forest, other, features))


def _fitted(
    measured: pd.DataFrame, features: list[str], classes: np.ndarray
) -> Iterator[tuple[np.ndarray, RandomForestClassifier]]:
    """Yield rows by position, and a forest that was fitted to the others."""
    groups, values = measured["group"], measured[features].to_numpy()
    splitter = StratifiedGroupKFold(_splits(classes, groups), shuffle=True, random_state=SEED)
    for rest, rows in splitter.split(values, classes, groups):
        yield rows, _forest().fit(values[rest], classes[rest])


def _splits(classes: np.ndarray, groups: pd.Series) -> int:
    """Return into how many folds one can split, 0 for none."""
    fewest = groups.groupby(classes).nunique()
    return 0 if len(fewest) < 2 or fewest.min() < 2 else min(FOLDS, int(fewest.min()))


def _likelihood(
    forest: RandomForestClassifier, measured: pd.DataFrame, features: list[str]
) -> np.ndarray:
    return forest.predict_proba(measured[features].to_numpy())[:, list(forest.classes_).index(1)]


def _forest() -> RandomForestClassifier:
    return RandomForestClassifier(
        TREES, min_samples_leaf=SMALLEST_LEAF, class_weight="balanced", random_state=SEED
    )


def _enough(target: np.ndarray | pd.Series) -> bool:
    melanomas = int((target == 1).sum())
    return min(melanomas, len(target) - melanomas) >= ENOUGH_OF_EACH
