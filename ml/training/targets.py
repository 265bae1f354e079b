"""What a network learns: melanoma or not, and beside it the diagnosis, more or less finely.

The melanoma output is always one of its own, whose activation map is exact. The
diagnoses teach the features below it what else there is to tell apart, which is
worth more than "everything else" (the winners of 2020 learnt nine classes), and
are left behind when the network is bundled.
"""

from collections.abc import Sequence

import numpy as np

from ml.data.presets import Diagnosis

IGNORED = -100  # torch's cross-entropy passes over this class

_OTHERS = (
    Diagnosis.BCC,
    Diagnosis.AK,
    Diagnosis.DF,
    Diagnosis.VASC,
    Diagnosis.SCC,
)
# Each class by the diagnoses in it. "Unknown" is a class of its own in all of them.
GROUPINGS: dict[str, tuple[tuple[Diagnosis, ...], ...]] = {
    "binary": (),
    "3-class": (
        (Diagnosis.MELANOMA,),
        (Diagnosis.NEVUS,),
        (Diagnosis.BKL, *_OTHERS, Diagnosis.UNKNOWN),
    ),
    "4-class": (
        (Diagnosis.MELANOMA,),
        (Diagnosis.NEVUS,),
        (Diagnosis.BKL,),
        (*_OTHERS, Diagnosis.UNKNOWN),
    ),
    "9-class": tuple((diagnosis,) for diagnosis in Diagnosis),
}


def number_of(target: str) -> int:
    """Return how many classes of diagnoses are learnt beside the melanoma."""
    return len(GROUPINGS[target])


def classes(diagnoses: Sequence[str], target: str, unknown: str) -> np.ndarray:
    """Return the class of each diagnosis, ``int64[n]``.

    ``unknown`` is the policy for images without a diagnosis, most of those in
    SIIM-ISIC: ``class`` leaves them where the grouping puts them, ``ignore``
    learns only from whether they are melanomas, and ``nevus`` takes them for
    nevi, which most of them are (the runners-up of 2020).
    """
    number = {
        diagnosis: i for i, group in enumerate(GROUPINGS[target]) for diagnosis in group
    } or dict.fromkeys(Diagnosis, IGNORED)
    if unknown == "ignore":
        number[Diagnosis.UNKNOWN] = IGNORED
    elif unknown == "nevus":
        number[Diagnosis.UNKNOWN] = number[Diagnosis.NEVUS]
    return np.array([number[Diagnosis(diagnosis)] for diagnosis in diagnoses], np.int64)
