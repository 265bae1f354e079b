"""What the standards ask of a report, and where this one answers.

The items of TRIPOD+AI (Collins et al. 2024), CLAIM (Tejani et al. 2024) and the
sections of a model card (Mitchell et al. 2019) stand in ``checklists.csv``, in
our own short words, each with its answer.
"""

import csv
from collections.abc import Collection
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_suffix(".csv")
ANSWERS = ("yes", "partly", "no", "not applicable")
# What an item may need that not every report has.
NEEDS = {"bundle": "no bundle was named"}


def answered(has: Collection[str]) -> list[dict[str, Any]]:
    """Return each standard with its items and how many have which answer.

    ``has`` names which of ``NEEDS`` the report has. An item is ``item``,
    ``asks``, ``answer``, ``sections`` (their names on the page) and ``because``.
    """
    with FILE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    standards: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        lacking = row["needs"] and row["needs"] not in has
        standards.setdefault(row["standard"], []).append(
            {
                "item": row["item"],
                "asks": row["asks"],
                "answer": "no" if lacking else row["answer"],
                "sections": [] if lacking else row["sections"].split(),
                "because": NEEDS[row["needs"]] if lacking else row["because"],
            }
        )
    return [
        {
            "standard": name,
            "items": items,
            "answers": {
                answer: sum(item["answer"] == answer for item in items) for answer in ANSWERS
            },
        }
        for name, items in standards.items()
    ]
