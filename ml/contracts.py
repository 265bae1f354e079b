"""What passes between the model and everyone who uses it.

This module imports nothing but the standard library, so that the web site can
name outcomes without loading numpy, ONNX Runtime or torch.
"""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What the model says about one photo, from the least to the most urgent.

    There is no "benign": a low probability is a lower concern today, never an
    all-clear.
    """

    CANNOT_ASSESS = "cannot_assess"
    LOWER_CONCERN = "lower_concern"
    NOT_SURE = "not_sure"
    HIGHER_CONCERN = "higher_concern"
    HIGH_CONCERN = "high_concern"


class Refusal(StrEnum):
    """Why a photo cannot be judged."""

    BLANK = "blank"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    BLURRED = "blurred"
    LESION_TOO_SMALL = "lesion_too_small"
    OUT_OF_DOMAIN = "out_of_domain"


@dataclass(frozen=True)
class ActivationMap:
    """Where in the picture the evidence for melanoma was found.

    ``box`` is the part of the picture that the network saw, as left, top,
    right, bottom in fractions of width and height. ``grid`` holds rows of
    values from 0 (the least evidence in this picture) to 1 (the most), laid evenly
    over the box.
    """

    box: tuple[float, float, float, float]
    grid: list[list[float]]


@dataclass(frozen=True)
class Prediction:
    """The model's answer for one picture.

    ``probability`` is the calibrated probability of melanoma, from 0 to 1, in
    the setting that ``ModelInfo`` describes. It is always computed, because a
    submission needs a number for every image; it must not be shown to a person
    when ``outcome`` is ``CANNOT_ASSESS``, and ``refusal`` then says why.
    """

    probability: float
    outcome: Outcome
    refusal: Refusal | None
    activation_map: ActivationMap


@dataclass(frozen=True)
class ModelInfo:
    """Which model answered, and the setting in which its numbers hold.

    ``bundle_sha256`` identifies the model. ``setting`` completes the sentence
    "measured on ..." and ``prevalence`` is the share of melanomas there.
    """

    name: str
    version: str
    bundle_sha256: str
    setting: str
    prevalence: float
