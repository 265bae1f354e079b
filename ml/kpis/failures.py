"""The pictures on which the model is most wrong: melanomas it passes over first."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import colormaps
from PIL import Image

from ml.contracts import Prediction
from ml.data.store import Store
from ml.kpis import out_of_fold
from ml.kpis.cross_fitting import MAIN_POINT
from ml.predictor import Predictor
from ml.preprocess import seen_box, to_square

OF_EACH = 8
SIDE = 224
# What anybody may pass on, as licences are named in `ml/data/presets.py`.
FREE = ("CC0",)
# A map of colours that rises evenly in brightness, for colour-blind eyes as for others.
COLOURS = "viridis"
FACTS = (
    "kind",
    "image",
    "source",
    "fold",
    "target",
    "diagnosis",
    "probability",
    "log_loss",
)


@dataclass(frozen=True)
class Pictures:
    """A failure as ``data:`` addresses: plain, and under its activation map where there is one."""

    plain: str
    map: str | None


def worst(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of largest log loss, as ``cross_fitting.judge`` gave them.

    ``kind`` is "missed melanoma" or "false alarm"; the former come first. Only
    pictures that the store still has.
    """
    signs = np.where(rows["target"] == 1, -1, 1)
    losses = rows.assign(log_loss=np.logaddexp(0, signs * rows["calibrated"]))
    losses = losses[losses["known"]].sort_values("log_loss", ascending=False, kind="stable")
    missed = losses[losses["target"] == 1].head(OF_EACH).assign(kind="missed melanoma")
    alarms = losses[losses["target"] == 0].head(OF_EACH).assign(kind="false alarm")
    return pd.concat([missed, alarms])


def free(rows: pd.DataFrame, data: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return the rows of those sources, described in ``data``, whose pictures may be passed on."""
    sources = [source["source"] for source in data if source["licence"] in FREE]
    return rows[rows["source"].isin(sources)]


def describe(
    rows: pd.DataFrame, store: Store, predictor: Predictor | None
) -> tuple[list[dict[str, Any]], list[Pictures]]:
    """Return a description of each of the ``worst``, and its pictures.

    ``refused`` says why the gate would have refused it. It is None without a
    predictor, who also draws the maps.
    """
    failures, pictures = [], []
    found = worst(rows)
    jpegs = dict(out_of_fold.pictures(found, store))
    for index, row in found.to_dict("index").items():
        jpeg = jpegs[index]
        with Image.open(BytesIO(jpeg)) as image:
            picture = Image.fromarray(to_square(image, SIDE))
        heat, refused = None, None
        if predictor:
            answer = _ask(predictor, jpeg)
            heat = address(overlay(picture, answer.activation_map.grid))
            refused = answer.refusal
        pictures.append(Pictures(address(picture), heat))
        failures.append(
            {key: row[key] for key in FACTS} | {"called": row[MAIN_POINT.key], "refused": refused}
        )
    return failures, pictures


def overlay(picture: Image.Image, grid: list[list[float]]) -> Image.Image:
    """Return a picture under its activation map; ``grid`` holds rows of 0 to 1."""
    heat = Image.fromarray((255 * np.asarray(grid, np.float32)).astype(np.uint8))
    heat = heat.resize(picture.size, Image.Resampling.BICUBIC)
    colours = colormaps[COLOURS](np.asarray(heat) / 255)[..., :3]
    return Image.blend(picture, Image.fromarray((255 * colours).astype(np.uint8)), 0.5)


def address(picture: Image.Image) -> str:
    """Return a picture as a ``data:`` address."""
    jpeg = BytesIO()
    picture.save(jpeg, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(jpeg.getvalue()).decode()


def _ask(predictor: Predictor, jpeg: bytes) -> Prediction:
    with Image.open(BytesIO(jpeg)) as image:
        box, pixels = seen_box(image), to_square(image, predictor.size)
    (answer,) = predictor.predict_pixels(pixels[None], [box])
    return answer
