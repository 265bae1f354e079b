"""Files that are written as a whole or not at all."""

import csv
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any


def write_text(file: Path, text: str) -> None:
    """Write a text."""
    partial = file.with_name(file.name + ".part")
    partial.write_text(text, encoding="utf-8")
    partial.replace(file)


def write_json(file: Path, facts: dict[str, Any]) -> None:
    """Write facts as readable JSON."""
    write_text(file, json.dumps(facts, indent=2, ensure_ascii=False) + "\n")


def write_csv(file: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a table under its column names."""
    partial = file.with_name(file.name + ".part")
    with partial.open("w", newline="", encoding="utf-8") as out:
        table = csv.writer(out, lineterminator="\n")
        table.writerow(columns)
        table.writerows(rows)
    partial.replace(file)
