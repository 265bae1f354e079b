"""Is a picture good enough to be judged? NumPy only.

Four plain measures of the pixels that the network sees, each with a limit that
almost no good picture oversteps. A picture beyond a limit is refused with a
reason that a person can act on.
"""

from dataclasses import dataclass, fields

import numpy as np

from ml.contracts import Refusal

# The share of good pictures of any one source that each limit may refuse.
REFUSED = 0.005
# Dark skin is rare in the data, so a limit taken from it alone would call a
# well-lit picture of dark skin too dark. The limit stays below a quarter of white.
DARKEST_LIMIT = 64.0
_CLIPPED = 254
_CELLS = 48
_TINY = 0.01


@dataclass(frozen=True)
class Measures:
    """What was measured of ``n`` pictures, each ``float64[n]``.

    ``sharpness``: the mean change of grey over one pixel as a share of that over
    four; a quarter where everything is smooth, whatever the contrast.
    ``brightness``: the grey, 0 to 255, that a twentieth of the middle exceeds.
    ``clipped``: the share of the middle where red, green or blue is at its end.
    ``spot``: by how many grey levels, 0 to 255, the middle is on average darker
    than its lighter quarter; grows with a spot's size and with its contrast.
    """

    sharpness: np.ndarray
    brightness: np.ndarray
    clipped: np.ndarray
    spot: np.ndarray

    def joined(self, other: "Measures") -> "Measures":
        """Return these pictures followed by others."""
        pairs = zip(self.columns(), other.columns(), strict=True)
        return Measures(*(np.concatenate(pair) for pair in pairs))

    def columns(self) -> list[np.ndarray]:
        """Return the measures in the order above."""
        return [getattr(self, field.name) for field in fields(self)]


@dataclass(frozen=True)
class Limits:
    """The least of each measure that is accepted, and the most of ``clipped``."""

    sharpness: float
    brightness: float
    clipped: float
    spot: float

    def beyond(self, measures: Measures) -> dict[Refusal, np.ndarray]:
        """Return which pictures have which fault, ``bool[n]`` each."""
        return {
            Refusal.TOO_DARK: measures.brightness < self.brightness,
            Refusal.TOO_BRIGHT: measures.clipped > self.clipped,
            Refusal.BLURRED: measures.sharpness < self.sharpness,
            Refusal.LESION_TOO_SMALL: measures.spot < self.spot,
        }


def measure(pixels: np.ndarray) -> Measures:
    """Measure ``uint8[n, size, size, 3]``.

    Blur is judged at the network's own scale: what it cannot see, it does not miss.
    """
    rows = np.array([_measure(picture) for picture in pixels]).reshape(-1, 4)
    return Measures(*rows.T)


def fit(measures: Measures, sources: np.ndarray) -> Limits:
    """Set limits so that of no source more than ``REFUSED`` is beyond any of them.

    ``measures`` are those of good pictures, ``sources[n]`` their collections.
    """
    return Limits(
        sharpness=_lowest(measures.sharpness, sources),
        brightness=min(_lowest(measures.brightness, sources), DARKEST_LIMIT),
        clipped=-_lowest(-measures.clipped, sources),
        spot=_lowest(measures.spot, sources),
    )


def _lowest(values: np.ndarray, sources: np.ndarray) -> float:
    return min(
        float(np.quantile(values[sources == source], REFUSED, method="lower"))
        for source in np.unique(sources)
    )


def _measure(picture: np.ndarray) -> tuple[float, float, float, float]:
    image = picture.astype(np.float32)
    grey = image.mean(axis=2)
    size = len(grey)
    middle = _disc(size)
    inner = slice(size // 8, size - size // 8)
    return (
        _change(grey[inner, inner], 1) / _change(grey[inner, inner], 4),
        float(np.quantile(grey[middle], 0.95)),
        float((picture.max(axis=2)[middle] >= _CLIPPED).mean()),
        _spot(grey),
    )


def _change(grey: np.ndarray, distance: int) -> float:
    across = np.abs(grey[:, distance:] - grey[:, :-distance]).mean()
    down = np.abs(grey[distance:] - grey[:-distance]).mean()
    return float(across + down) / 2 + _TINY


def _spot(grey: np.ndarray) -> float:
    # Means over cells, so that hairs and the grain of the camera hardly count.
    side = max(1, len(grey) // _CELLS)
    cells = len(grey) // side
    means = grey[: cells * side, : cells * side].reshape(cells, side, cells, side).mean((1, 3))
    values = means[_disc(cells)]
    return float(np.clip(np.quantile(values, 0.75) - values, 0, None).mean())


def _disc(size: int) -> np.ndarray:
    """Return the middle of a picture, ``bool[size, size]``: dermatoscopes leave dark corners."""
    rows, columns = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    return np.hypot(rows, columns) < 0.9
