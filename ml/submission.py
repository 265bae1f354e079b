"""What Kaggle takes: a number for every test image, checked before it is sent."""

import csv
import io
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ml.data import kaggle
from ml.data.tables import DAMAGED, Root

HEADER = ["image_name", "target"]
NO_VALUE = {"", "na", "nan", "none", "null"}
EXAMPLES = 5
# Keeps the logit of a probability that was rounded to 0 or 1 finite.
SMALLEST = 1e-12


@dataclass(frozen=True)
class Sample:
    """What is to be answered: the names of the two columns, and the images in their order."""

    header: list[str]
    images: list[str]


def read_sample(file: Root) -> Sample:
    """Read a ``sample_submission.csv``; raise ``ValueError`` where it is none."""
    header, rows = _read(file)
    images = [row[0] for row in rows]
    if len(header) != 2 or any(len(row) != 2 for row in rows) or not images:
        raise ValueError(f"{file} is no sample: it takes two columns and a row per image")
    if len(set(images)) < len(images):
        raise ValueError(f"{file} is no sample: {_some(_repeated(images))} twice")
    return Sample(header, images)


def faults(file: Path, sample: Sample) -> list[str]:
    """Return all that Kaggle would refuse or misunderstand, a sentence each; the order is free.

    Raises ``ValueError`` where the file is no CSV at all.
    """
    header, rows = _read(file)
    found = []
    if header != sample.header:
        found.append(f"the header is {','.join(header)!r}, not {','.join(sample.header)!r}")
    images = [row[0] for row in rows]
    there, expected = set(images), set(sample.images)
    values = [(row[0], row[1], _fault_of(row[1])) for row in rows if len(row) == 2]
    groups = {
        "without two values in their row": [row[0] for row in rows if len(row) != 2],
        "missing": [image for image in sample.images if image not in there],
        "not in the sample": [image for image in dict.fromkeys(images) if image not in expected],
        "there twice": _repeated(images),
    }
    for kind in sorted({kind for _, _, kind in values if kind}):
        groups[kind] = [image for image, _, its in values if its == kind]
    found += [f"{len(some):,} {what}: {_some(some)}" for what, some in groups.items() if some]
    numbers = [float(value) for _, value, kind in values if not kind]
    if len(numbers) > 1 and len(set(numbers)) == 1:
        found.append(f"every value is {numbers[0]:g}: nothing was told apart")
    return found


def rank_mean(scores: np.ndarray) -> np.ndarray:
    """Return the mean over the models of the ranks, scaled to 0..1: ``[n]`` for ``[n, models]``.

    Good for the AUC alone: a rank is no probability.
    """
    ranks = pd.DataFrame(scores).rank().to_numpy()
    return ((ranks - 1) / max(len(scores) - 1, 1)).mean(axis=1)


def logit_mean(scores: np.ndarray) -> np.ndarray:
    """Return the probability of the mean logit: ``[n]`` for probabilities ``[n, models]``."""
    clipped = np.clip(scores, SMALLEST, 1 - SMALLEST)
    return 1 / (1 + np.exp(-np.log(clipped / (1 - clipped)).mean(axis=1)))


MEANS = {"rank": rank_mean, "logit": logit_mean}


def combine(answers: Mapping[str, list[float] | str], mean: str) -> dict[str, float]:
    """Return one value for each image that was answered: of several models a mean of ``MEANS``."""
    good = {image: answer for image, answer in answers.items() if not isinstance(answer, str)}
    scores = np.array([*good.values()], np.float64)
    if scores.size == 0:
        return {}
    values = scores[:, 0] if scores.shape[1] == 1 else MEANS[mean](scores)
    return dict(zip(good, values.tolist(), strict=True))


class Sender(kaggle.Kaggle):
    """The official client, which also takes submissions."""

    def send(self, file: Path, message: str, competition: str) -> str:
        """Return what Kaggle says; raise ``Refused``, or ``Interrupted`` where it may yet work."""
        printed = io.StringIO()  # the client prints, address and all, why an upload failed
        try:
            with redirect_stdout(printed):
                answer = self._api.competition_submit(str(file), message, competition, quiet=True)
        except OSError as error:  # as are all errors of the client's HTTP library
            meant = kaggle.meaning_of(error, competition, file.name)
            if isinstance(meant, kaggle.Refused):
                raise meant from error
            page = f"{kaggle.SITE}/competitions/{competition}/submissions"
            raise kaggle.Interrupted(f"{meant}; {page} tells whether it arrived") from error
        # Its only sign that the file did not arrive.
        if answer.message == self._api.COMPETITION_SUBMIT_UPLOAD_FAILED_MESSAGE:
            why = printed.getvalue().strip() or "Kaggle does not say why"
            raise kaggle.Interrupted(
                f"{file.name} did not arrive: {kaggle.without_signature(OSError(why))}"
            )
        return answer.message


def _read(file: Root) -> tuple[list[str], list[list[str]]]:
    """Return the header and the rows that are not empty."""
    try:
        with file.open("r", encoding="utf-8", newline="") as lines:
            header, *rows = [row for row in csv.reader(lines, strict=True) if row] or [[]]
    except (csv.Error, UnicodeDecodeError, *DAMAGED) as error:
        raise ValueError(f"{file} is no CSV in UTF-8: {error}") from error
    return header, rows


def _fault_of(value: str) -> str:
    """Return what is wrong with a value; empty if nothing is."""
    if value.strip().lower() in NO_VALUE:
        return "without a value (empty or NaN)"
    try:
        # Python alone takes 1_0 for a number.
        number = float(value.replace("_", "?"))
    except ValueError:
        return "with what is no number"
    if math.isnan(number):
        return "without a value (empty or NaN)"
    return "" if 0 <= number <= 1 else "outside 0 to 1"


def _repeated(images: Iterable[str]) -> list[str]:
    return [image for image, count in Counter(images).items() if count > 1]


def _some(images: Sequence[str]) -> str:
    return ", ".join(images[:EXAMPLES]) + (", …" if len(images) > EXAMPLES else "")
