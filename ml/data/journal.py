"""What an ingestion has done so far: a line for each image, in the order of the plan.

A line is written only when the picture itself is safe on the disk. So whatever
a kill leaves behind, the lines that are whole tell where to go on, and the
manifest is made of them alone.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

Entry = dict[str, Any]


class Busy(OSError):
    """Another process writes to the store."""


class Journal:
    """An append-only file of JSON lines that only one process at a time may write."""

    def __init__(self, file: Path) -> None:
        """Open the journal and cut off a last line that was not finished; raise ``Busy``."""
        self.file = file
        self._lines = file.open("a+b")
        try:
            fcntl.flock(self._lines, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(f"another ingest is writing to {file.parent}") from None
        self._cut_to_whole_lines()

    def append(self, entries: Sequence[Entry]) -> None:
        """Return once the entries are on the disk."""
        lines = "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries)
        self._lines.write(lines.encode())
        self._lines.flush()
        os.fsync(self._lines.fileno())

    def __iter__(self) -> Iterator[Entry]:
        with self.file.open(encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)

    def close(self) -> None:
        """Let others write."""
        self._lines.close()

    def _cut_to_whole_lines(self) -> None:
        end = 0
        with self.file.open("rb") as lines:
            for line in lines:
                if line.endswith(b"\n"):
                    end += len(line)
        self._lines.truncate(end)
