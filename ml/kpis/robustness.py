"""What becomes of the answers when the pictures of the same spots are altered.

Altered by a computer, on the picture as it is stored: another distance, light,
tint, sharpness or compression. Another camera may change more than that.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from io import BytesIO
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from ml import metrics
from ml.data.store import Store
from ml.degradation import blur, expose
from ml.engines import Engine
from ml.kpis import comparison, cross_fitting, operating_points, out_of_fold, subgroups
from ml.kpis.cross_fitting import MAIN_POINT, Fitted
from ml.kpis.resampling import Resamples, estimate
from ml.preprocess import to_square

# Of a source with more others than this a part of them is drawn by chance.
MOST, SEED = 1000, 0

# From ``uint8[s, s, 3]`` to the same.
Alter = Callable[[np.ndarray], np.ndarray]


def nearer(pixels: np.ndarray) -> np.ndarray:
    """Return the middle, 5/6 of each side, enlarged by whoever judges it."""
    edge = round(len(pixels) / 12)
    return pixels[edge:-edge, edge:-edge]


def further(pixels: np.ndarray) -> np.ndarray:
    """Return the picture with mirrored skin around it: the lesion is 5/6 as wide."""
    return _mirrored(pixels, round(len(pixels) / 10))


def aside(pixels: np.ndarray) -> np.ndarray:
    """Return the picture with its middle a tenth of the side further down and to the right."""
    edge = round(len(pixels) / 10)
    return _mirrored(pixels, edge)[: len(pixels), : len(pixels)]


def flatter(pixels: np.ndarray) -> np.ndarray:
    """Return the picture with 70 % of its contrast."""
    mean = pixels.mean()
    return (mean + 0.7 * (pixels - mean)).clip(0, 255).astype(np.uint8)


def tint(red: float, blue: float) -> Alter:
    """Return what puts a picture into light with more or less red and blue."""
    return lambda pixels: (pixels * np.array([red, 1, blue])).clip(0, 255).astype(np.uint8)


def compressed(pixels: np.ndarray) -> np.ndarray:
    """Return the picture after a JPEG of quality 30."""
    file = BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=30)
    return np.asarray(Image.open(file))


ALTERATIONS: dict[str, Alter] = {
    "nearer: 5/6 of each side": nearer,
    "further away: 5/6 as large, edges mirrored": further,
    "off centre by a tenth, edges mirrored": aside,
    "darker by 15 %": lambda pixels: expose(pixels, 0.85),
    "brighter by 15 %": lambda pixels: expose(pixels, 1.15),
    "less contrast by 30 %": flatter,
    "warmer light: red +15 %, blue -15 %": tint(1.15, 0.85),
    "colder light: red -15 %, blue +15 %": tint(0.85, 1.15),
    "out of focus by a 256th of the side": lambda pixels: blur(pixels, len(pixels) / 256),
    "JPEG of quality 30, as small as it is stored": compressed,
}


def describe(
    rows: pd.DataFrame,
    fitted: Mapping[int, Fitted],
    store: Store,
    engine: Engine,
    size: int,
    tick: Callable[[], None],
) -> list[dict[str, Any]]:
    """Return for each source what each alteration does to its figures.

    ``rows`` and ``fitted`` as in ``cross_fitting``; ``tick`` is called for each
    picture. ``engine`` judges pictures of ``size`` pixels a side. A source with too
    few to say has None for ``altered``.
    """
    some = chosen(rows)
    judged = {
        name: cross_fitting.judge(some.assign(logit=logits), fitted)
        for name, logits in _scores(some, store, engine, size, tick).items()
    }
    described: list[dict[str, Any]] = []
    for source in rows["source"].value_counts().index:
        own = some.index[some["source"] == source]
        facts: dict[str, Any] = {"name": str(source), "pictures": len(own), "altered": None}
        if len(own):
            plain = judged[""].loc[own]
            resamples = Resamples(plain["group"].to_numpy())
            facts |= {
                "of": int((rows["source"] == source).sum()),
                "as_it_is": _plain(plain, resamples),
                "altered": [
                    {"alteration": name} | _changes(judged[name].loc[own], plain, resamples)
                    for name in ALTERATIONS
                ],
            }
        described.append(facts)
    return described


def chosen(rows: pd.DataFrame) -> pd.DataFrame:
    """Return whose pictures are altered: of each source that can be said anything about.

    All melanomas and at most ``MOST`` others that the store knows, in their order.
    """
    parts = [rows.iloc[:0]]
    for _, own in rows[rows["known"].astype(bool)].groupby("source"):
        if subgroups.enough(own):
            others = own[own["target"] == 0]
            drawn = others.sample(min(MOST, len(others)), random_state=SEED)
            parts += [own[own["target"] == 1], drawn]
    return pd.concat(parts).sort_index()


def _scores(
    rows: pd.DataFrame, store: Store, engine: Engine, size: int, tick: Callable[[], None]
) -> dict[str, pd.Series]:
    """Return the logits as it is under the name "", then those under each alteration."""
    scores: dict[str, dict[Any, float]] = {name: {} for name in ("", *ALTERATIONS)}
    for index, jpeg in out_of_fold.pictures(rows, store, size):
        with Image.open(BytesIO(jpeg)) as file:
            stored = np.asarray(file.convert("RGB"))
        for name, of_row in scores.items():
            altered = ALTERATIONS[name](stored) if name else stored
            logits, _, _ = engine(to_square(Image.fromarray(altered), size)[None])
            of_row[index] = float(logits[0])
        tick()
    return {name: pd.Series(of_row, dtype=float) for name, of_row in scores.items()}


def _plain(rows: pd.DataFrame, resamples: Resamples) -> dict[str, Any]:
    targets, called = rows["target"].to_numpy(), rows[MAIN_POINT.key].to_numpy()
    rates = operating_points.rates(targets, called, resamples)
    auc = metrics.auc(targets, rows["logit"].to_numpy()).value
    return {"auc": auc} | {name: asdict(one) for name, one in rates.items()}


def _changes(altered: pd.DataFrame, plain: pd.DataFrame, resamples: Resamples) -> dict[str, Any]:
    """Return the AUC, and by how much it, sensitivity and specificity change, in pairs."""
    compared = comparison.describe(altered.assign(other=plain["logit"]), resamples)
    melanoma = plain["target"].to_numpy() == 1
    more = altered[MAIN_POINT.key].to_numpy().astype(int) - plain[MAIN_POINT.key].to_numpy()
    changes = {"sensitivity": (melanoma, more), "specificity": (~melanoma, -more)}
    return {
        "auc": compared["auc"],
        "difference": compared["difference"],
        **{
            name: asdict(estimate(float(gain[among].mean()), _resampled(among, gain, resamples)))
            for name, (among, gain) in changes.items()
        },
    }


def _resampled(among: np.ndarray, gain: np.ndarray, resamples: Resamples) -> np.ndarray:
    parts = np.stack([among * gain, among], axis=1).astype(float)
    gained, number = resamples.of(lambda weights: weights @ parts).T
    with np.errstate(divide="ignore", invalid="ignore"):
        return gained / number


def _mirrored(pixels: np.ndarray, edge: int) -> np.ndarray:
    return np.pad(pixels, ((edge, edge), (edge, edge), (0, 0)), mode="symmetric")
