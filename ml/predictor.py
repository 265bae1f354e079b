"""From a picture to a calibrated answer.

The same code answers for the web app, for ``python -m ml predict`` and for the
figures in the model card.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
from PIL import Image

from ml import bundle as bundles
from ml import engines, quality
from ml.contracts import ActivationMap, ModelInfo, Outcome, Prediction, Refusal
from ml.gate import looks_of
from ml.preprocess import seen_box, to_square

# A picture whose grey values differ by less than this (standard deviation, of
# 255) shows nothing. Dermoscopic pictures lie far above it.
BLANK_SPREAD = 4.0

# Which reason is told where there are several. Light and sharpness can be put
# right whatever the picture shows, and a mole in a bad photo may well be taken
# for something else; how large a spot is can only be asked of skin.
REASONS = (
    Refusal.BLANK,
    Refusal.TOO_DARK,
    Refusal.TOO_BRIGHT,
    Refusal.BLURRED,
    Refusal.OUT_OF_DOMAIN,
    Refusal.LESION_TOO_SMALL,
)


class Predictor:
    """A model bundle, ready to answer."""

    def __init__(self, bundle: bundles.Bundle, engine: engines.Engine) -> None:
        self._bundle, self._engine = bundle, engine

    @classmethod
    def load(
        cls, path: Path | str = bundles.DEFAULT, device: str = "auto", threads: int = 1
    ) -> Self:
        """Load a bundle; ``device`` as in ``engines.choose``.

        Raises ``BundleError`` for a bundle that is not whole or was changed.
        """
        bundle = bundles.read(Path(path))
        return cls(bundle, engines.choose(bundle, device, threads))

    @property
    def info(self) -> ModelInfo:
        """Which model this is."""
        return self._bundle.info

    @property
    def size(self) -> int:
        """The side in pixels of the square that the network sees."""
        return self._bundle.size

    def predict_batch(self, images: Sequence[Image.Image]) -> list[Prediction]:
        """Answer pictures of any size; a JPEG is best not decoded yet.

        Raises ``OSError`` when a picture cannot be decoded.
        """
        if not images:
            return []
        boxes = [seen_box(image) for image in images]
        pixels = np.stack([to_square(image, self.size) for image in images])
        return self.predict_pixels(pixels, boxes)

    def predict_pixels(
        self, pixels: np.ndarray, boxes: Sequence[tuple[float, float, float, float]]
    ) -> list[Prediction]:
        """Answer ``uint8[n, size, size, 3]`` that came from these boxes of their pictures."""
        logits, textures, maps = self._engine(pixels)
        probabilities = self._bundle.calibration.probability(logits)
        refusals = self._refusals(pixels, textures)
        return [
            self._answer(*one) for one in zip(probabilities, refusals, maps, boxes, strict=True)
        ]

    def _refusals(self, pixels: np.ndarray, textures: np.ndarray) -> list[Refusal | None]:
        """Return why each picture cannot be judged: the first reason in ``REASONS``."""
        found = {
            Refusal.BLANK: np.array([is_blank(picture) for picture in pixels]),
            Refusal.OUT_OF_DOMAIN: self._bundle.gate.refuses(looks_of(pixels, textures)),
        }
        if self._bundle.quality:
            found |= self._bundle.quality.beyond(quality.measure(pixels))
        reasons = [reason for reason in REASONS if reason in found]
        return [
            next((reason for reason in reasons if found[reason][number]), None)
            for number in range(len(pixels))
        ]

    def _answer(self, probability, refusal, feature_map, box) -> Prediction:
        return Prediction(
            probability=float(probability),
            outcome=(
                Outcome.CANNOT_ASSESS
                if refusal
                else self._bundle.thresholds.outcome(float(probability))
            ),
            refusal=refusal,
            activation_map=ActivationMap(box, activation(feature_map, self._bundle.head)),
        )


def is_blank(pixels: np.ndarray) -> bool:
    """Return whether ``uint8[size, size, 3]`` shows nothing."""
    return bool(pixels.mean(axis=2).std() < BLANK_SPREAD)


def activation(feature_map: np.ndarray, head: np.ndarray) -> list[list[float]]:
    """Return the class activation map of ``feature_map[c, h, w]``, as rows of 0 to 1.

    After Zhou et al. (2016): with average pooling and one linear layer the logit
    is the mean of this map plus the bias, so the map is exact. The place with the
    least evidence in this picture is 0, the one with the most is 1; a map that is
    the same everywhere is 0.
    """
    evidence = np.tensordot(head, feature_map, axes=1)
    evidence = evidence - evidence.min()
    strongest = evidence.max()
    scaled = evidence / strongest if strongest > 0 else evidence
    return [[round(float(value), 3) for value in row] for row in scaled]
