"""Dark corners and hair, which no collection has labelled, told by simple rules of thumb.

They are proxies: what a rule takes for hair may be a ruler, ink or a coarse
pigment network, and lesions may reach into a corner.
"""

from collections.abc import Callable
from io import BytesIO

import numpy as np
import pandas as pd
from PIL import Image
from scipy.ndimage import grey_closing

from ml.data.store import Store
from ml.kpis import out_of_fold
from ml.preprocess import to_square

SIZE = 256
# The corners: squares of this share of the side. They are dark where their mean is
# below this share of the picture's median.
CORNER, DARK = 1 / 12, 0.7
# A hair is narrower than this, in pixels, and darker than its surroundings by this (of 255).
WIDTH, CONTRAST = 11, 25
# Hair is looked for outside the middle, where the lesion is, and is there from this share on.
MARGIN, HAIRY = 1 / 4, 0.02

RULES = {
    "dark_corners": "the mean brightness of the four corners (squares of a twelfth of the side) "
    f"is below {100 * DARK:.0f} % of the picture's median",
    "hairs": "of the outer part of the picture (all but its middle, half by half) at least "
    f"{100 * HAIRY:.0f} % is narrower than {WIDTH} of {SIZE} pixels and darker than what is "
    f"around it by more than {CONTRAST} of 255 (black-hat filter, as in Lee et al. 1997)",
}


def with_artefacts(
    rows: pd.DataFrame, store: Store, tick: Callable[[], None] = lambda: None
) -> pd.DataFrame:
    """Return the rows with ``dark_corners`` and ``hairs``, "yes" or "no" or missing.

    Rows as ``out_of_fold.with_metadata``; those not ``known`` have no picture.
    """
    found = {}
    for index, jpeg in out_of_fold.pictures(rows[rows["known"]], store, SIZE):
        found[index] = measure(grey(jpeg))
        tick()
    answers = pd.DataFrame.from_dict(found, orient="index", columns=list(RULES))
    return rows.join(answers.replace({True: "yes", False: "no"}))


def grey(jpeg: bytes) -> np.ndarray:
    """Return a picture's centre square in grey, ``uint8[256, 256]``."""
    with Image.open(BytesIO(jpeg)) as picture:
        return np.asarray(Image.fromarray(to_square(picture, SIZE)).convert("L"))


def measure(pixels: np.ndarray) -> tuple[bool, bool]:
    """Return whether ``uint8[256, 256]`` has dark corners, and hair."""
    side = round(SIZE * CORNER)
    corners = [pixels[rows, columns] for rows in _ends(side) for columns in _ends(side)]
    dark = bool(np.mean(corners) < DARK * np.median(pixels))
    # Closing fills what is dark and narrow; what it has filled is the black-hat.
    closed = grey_closing(pixels, size=(WIDTH, WIDTH))
    narrow = closed.astype(int) - pixels > CONTRAST
    outer = np.full(pixels.shape, True)
    margin = round(SIZE * MARGIN)
    outer[margin:-margin, margin:-margin] = False
    return dark, bool(narrow[outer].mean() >= HAIRY)


def _ends(side: int) -> tuple[slice, slice]:
    return slice(None, side), slice(-side, None)
