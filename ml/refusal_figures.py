"""How many good pictures the two gates refuse, and how many of those they should.

Both ``bundling`` and the benchmark ask here.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from ml import metrics, quality
from ml.contracts import Refusal
from ml.degradation import degraded
from ml.engines import Engine
from ml.gate import Gate, looks_of
from ml.gate_fitting import Group
from ml.predictor import is_blank

# So many good pictures are disguised, and so many made bad on purpose.
DISGUISED = 20
DEGRADED = 100

Shares = dict[str, dict[str, float]]
# Each fault's measure, turned so that more of it is worse.
WORSE: dict[Refusal, Callable[[quality.Measures], np.ndarray]] = {
    Refusal.TOO_DARK: lambda measures: -measures.brightness,
    Refusal.TOO_BRIGHT: lambda measures: measures.clipped,
    Refusal.BLURRED: lambda measures: -measures.sharpness,
    Refusal.LESION_TOO_SMALL: lambda measures: -measures.spot,
}


class Examined:
    """Strangers and what is known of them: ``kinds``, ``blank`` and ``looks``."""

    def __init__(self, engine: Engine, pictures: Iterable[tuple[str, np.ndarray]]) -> None:
        rows = [
            (kind, is_blank(pixels), looks_of(pixels[None], engine(pixels[None])[1]))
            for kind, pixels in pictures
        ]
        kinds, blank, looks = zip(*rows, strict=True)
        self.kinds, self.blank = np.array(kinds), np.array(blank)
        self.looks = np.concatenate(looks)

    def strangeness(self, gate: Gate) -> np.ndarray:
        """Return the gate's ``strangeness``; endless for a blank picture, which never passes."""
        return np.where(self.blank, np.inf, gate.strangeness(self.looks))


def of_gate(
    gate: Gate, good: Group, examined: Examined, without: Callable[[str], Gate] | None = None
) -> dict[str, Any]:
    """Return the shares refused and the AUC of strangers against good pictures.

    ``without`` returns a gate that has not learnt from a kind; ``unlearnt`` then
    holds what such a gate refuses of that kind.
    """
    strangeness = gate.strangeness(good.looks)
    scores = examined.strangeness(gate)
    facts: dict[str, Any] = {
        "known_refused": by(good.sources, strangeness > gate.limit),
        "strangers_refused": by(examined.kinds, scores > gate.limit),
        "auc": area(strangeness, scores),
    }
    if without:
        facts["unlearnt_refused"] = {}
        for kind in dict.fromkeys(examined.kinds.tolist()):
            other = without(kind)
            refused = (examined.strangeness(other) > other.limit) & (examined.kinds == kind)
            count = int((examined.kinds == kind).sum())
            facts["unlearnt_refused"][kind] = asdict(metrics.proportion(int(refused.sum()), count))
    return facts


def of_quality(
    limits: quality.Limits,
    good: quality.Measures,
    sources: np.ndarray,
    pictures: Sequence[np.ndarray],
) -> dict[str, Any]:
    """Return what each limit refuses of good pictures, and of ``pictures`` made bad.

    ``caught`` holds, per fault and degree, the share refused for that fault and
    the AUC of its measure against good pictures.
    """
    faults = limits.beyond(good)
    chance = np.random.default_rng(0)
    made: dict[tuple[Refusal, str], list[np.ndarray]] = {}
    for picture in pictures:
        for fault, degree, pixels in degraded(picture, chance):
            made.setdefault((fault, degree), []).append(pixels)
    caught: dict[str, dict[str, Any]] = {}
    for (fault, degree), bad in made.items():
        measures = quality.measure(np.stack(bad))
        refused = limits.beyond(measures)[fault]
        caught.setdefault(str(fault), {})[degree] = {
            "refused": asdict(metrics.proportion(int(refused.sum()), len(refused))),
            "auc": area(WORSE[fault](good), WORSE[fault](measures)),
        }
    return {
        "known_refused": {str(fault): by(sources, refused) for fault, refused in faults.items()},
        "caught": caught,
    }


def by(groups: np.ndarray, refused: np.ndarray) -> Shares:
    """Return the share that is ``refused[n]`` of each of the ``groups[n]``."""
    return {
        str(group): asdict(metrics.proportion(int(refused[rows].sum()), int(rows.sum())))
        for group in dict.fromkeys(groups.tolist())
        for rows in [groups == group]
    }


def area(good: np.ndarray, bad: np.ndarray) -> dict[str, float]:
    """Return the AUC with which a score, higher for ``bad``, tells it from ``good``."""
    targets = np.repeat([0, 1], [len(good), len(bad)])
    return asdict(metrics.auc(targets, np.concatenate([good, bad])))
