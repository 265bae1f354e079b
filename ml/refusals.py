"""Fit what refuses pictures, the in-domain gate and the quality limits, and measure both."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ml import gate_fitting, quality, refusal_figures, strangers
from ml.engines import Engine
from ml.gate import Gate
from ml.gate_fitting import Group
from ml.quality import Limits, Measures


@dataclass(frozen=True)
class Part:
    """Good pictures: what the gate knows of them, their quality, and how to see one again.

    ``picture(i)`` returns the pixels of one, ``uint8[size, size, 3]``.
    """

    group: Group
    measures: Measures
    picture: Callable[[int], np.ndarray]

    def some(self, count: int) -> list[np.ndarray]:
        """Return about ``count`` pictures, as many of each source, spread over it."""
        sources = self.group.sources
        names = np.unique(sources)
        each = -(-count // len(names))
        rows: list[int] = []
        for name in names:
            of_one = np.flatnonzero(sources == name)
            rows += of_one[:: max(1, len(of_one) // each)][:each].tolist()
        return [self.picture(row) for row in rows]


@dataclass(frozen=True)
class Refusals:
    """Both gates, and the figures for a bundle's ``kpis``."""

    gate: Gate
    limits: Limits
    kpis: dict[str, Any]


def fit(known: Part, held_out: Part, test: Part, engine: Engine, size: int) -> Refusals:
    """Describe ``known``, set limits on ``held_out``, measure on ``test``.

    The quality limits are set on ``known`` and ``held_out`` together: they do not
    depend on what the network has learnt.
    """
    taught = gate_fitting.teachers(known.some(gate_fitting.DISGUISED), size, engine)
    gate = gate_fitting.fit(known.group, held_out.group, taught)

    def without(kind: str) -> Gate:
        return gate_fitting.fit(known.group, held_out.group, taught.without(kind))

    limits = quality.fit(
        known.measures.joined(held_out.measures),
        np.concatenate([known.group.sources, held_out.group.sources]),
    )
    examined = refusal_figures.Examined(
        engine, strangers.gather(test.some(refusal_figures.DISGUISED), size)
    )
    return Refusals(
        gate,
        limits,
        {
            "gate": refusal_figures.of_gate(gate, test.group, examined, without),
            "quality": refusal_figures.of_quality(
                limits,
                test.measures,
                test.group.sources,
                test.some(refusal_figures.DEGRADED),
            ),
        },
    )
