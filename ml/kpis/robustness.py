"""What becomes of the answers when the same spots are photographed a little otherwise.

Each change is larger than what one would hope for and smaller than what the
quality gate refuses: another distance, light, colour, sharpness or compression.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from io import BytesIO
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from ml import metrics
from ml.data.store import Store
from ml.engines import Engine
from ml.kpis import comparison, cross_fitting, operating_points, out_of_fold, subgroups
from ml.kpis.cross_fitting import MAIN_POINT, Fitted
from ml.kpis.resampling import Resamples
from ml.preprocess import to_square

# Of more pictures than this a part is drawn by chance; it takes a minute or two.
MOST, SEED = 3000, 0

Alter = Callable[[Image.Image], Image.Image]


def nearer(image: Image.Image) -> Image.Image:
    """Return the middle, 5/6 of each side."""
    return ImageOps.crop(image, round(min(image.size) / 12))


def further(image: Image.Image) -> Image.Image:
    """Return the picture with mirrored skin around it: the lesion is 5/6 as wide."""
    edge = round(min(image.size) / 10)
    padded = np.pad(np.asarray(image), ((edge, edge), (edge, edge), (0, 0)), mode="symmetric")
    return Image.fromarray(padded)


def aside(image: Image.Image) -> Image.Image:
    """Return the picture without a tenth at the left and at the top."""
    width, height = image.size
    return image.crop((width // 10, height // 10, width, height))


def light(factor: float) -> Alter:
    """Return what makes a picture this many times as bright."""
    return lambda image: ImageEnhance.Brightness(image).enhance(factor)


def flatter(image: Image.Image) -> Image.Image:
    """Return the picture with 70 % of its contrast."""
    return ImageEnhance.Contrast(image).enhance(0.7)


def tint(red: float, blue: float) -> Alter:
    """Return what puts a picture into light with more or less red and blue."""

    def apply(image: Image.Image) -> Image.Image:
        factors = np.array([red, 1, blue])
        return Image.fromarray((np.asarray(image) * factors).clip(0, 255).astype(np.uint8))

    return apply


def blurred(image: Image.Image) -> Image.Image:
    """Return the picture a little out of focus: a Gaussian of a 128th of its side."""
    return image.filter(ImageFilter.GaussianBlur(min(image.size) / 128))


def compressed(image: Image.Image) -> Image.Image:
    """Return the picture after a JPEG of quality 30, as messengers send it."""
    file = BytesIO()
    image.save(file, "JPEG", quality=30)
    return Image.open(file).convert("RGB")


ALTERATIONS: dict[str, Alter] = {
    "from nearer: 5/6 of each side": nearer,
    "from further away: 5/6 as large, edges mirrored": further,
    "off centre by a twentieth": aside,
    "darker by 30 %": light(0.7),
    "brighter by 30 %": light(1.3),
    "contrast less by 30 %": flatter,
    "warmer light (red +15 %, blue -15 %)": tint(1.15, 0.85),
    "colder light (red -15 %, blue +15 %)": tint(0.85, 1.15),
    "a little out of focus": blurred,
    "JPEG of quality 30": compressed,
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
    picture. ``moved`` is the share of pictures that change sides at ``MAIN_POINT``.
    """
    some = chosen(rows)
    scores = _scores(some, store, engine, size, tick)
    plain = cross_fitting.judge(some.assign(logit=scores.pop("")), fitted)
    judged = {
        name: cross_fitting.judge(some.assign(logit=logits), fitted)
        for name, logits in scores.items()
    }
    described = []
    for source in rows["source"].value_counts().index:
        own = plain[plain["source"] == source]
        facts: dict[str, Any] = {"name": str(source), "pictures": len(own), "altered": None}
        if subgroups.enough(own):
            resamples = Resamples(own["group"].to_numpy())
            targets, logits = own["target"].to_numpy(), own["logit"].to_numpy()
            auc = metrics.auc(targets, logits).value
            facts["as_it_is"] = {"auc": auc} | _rates(own, resamples)
            facts["altered"] = [
                {"alteration": name} | _figures(altered.loc[own.index], own, resamples)
                for name, altered in judged.items()
            ]
        described.append(facts)
    return described


def chosen(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows whose pictures are altered: those that the store knows, or some of them."""
    known = rows[rows["known"].astype(bool)]
    return known if len(known) <= MOST else known.sample(MOST, random_state=SEED).sort_index()


def _scores(
    rows: pd.DataFrame, store: Store, engine: Engine, size: int, tick: Callable[[], None]
) -> dict[str, pd.Series]:
    """Return the logits of all rows, as they are under the name "" and under each alteration."""
    scores: dict[str, dict[Any, float]] = {name: {} for name in ("", *ALTERATIONS)}
    for index, jpeg in out_of_fold.pictures(rows, store, size):
        with Image.open(BytesIO(jpeg)) as file:
            image = file.convert("RGB")
        for name, of_row in scores.items():
            altered = ALTERATIONS[name](image) if name else image
            logits, _, _ = engine(to_square(altered, size)[None])
            of_row[index] = float(logits[0])
        tick()
    return {name: pd.Series(of_row, dtype=float) for name, of_row in scores.items()}


def _rates(rows: pd.DataFrame, resamples: Resamples) -> dict[str, Any]:
    targets, called = rows["target"].to_numpy(), rows[MAIN_POINT.key].to_numpy()
    rates = operating_points.rates(targets, called, resamples)
    return {name: asdict(one) for name, one in rates.items()}


def _figures(altered: pd.DataFrame, plain: pd.DataFrame, resamples: Resamples) -> dict[str, Any]:
    both = altered.assign(other=plain["logit"])
    compared = comparison.describe(both, resamples)
    return {
        "auc": compared["auc"],
        "difference": compared["difference"],
        **_rates(altered, resamples),
        "moved": float((altered[MAIN_POINT.key] != plain[MAIN_POINT.key]).mean()),
    }
