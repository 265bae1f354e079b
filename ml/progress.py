"""A bar for what takes minutes: what is done, how fast, how long it will take."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as RichProgress
from rich.text import Text


class Speed(ProgressColumn):
    """Pictures per second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.finished_speed or task.speed or 0:.0f}/s")


class Progress:
    """One bar after the other, on standard error."""

    def __init__(self, *, silent: bool = False) -> None:
        self._bars = RichProgress(
            TextColumn("{task.description:>18}"),
            BarColumn(),
            MofNCompleteColumn(),
            Speed(),
            TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            disable=silent,
            refresh_per_second=2,
        )

    def start(self, name: str, total: int) -> None:
        """Begin the next bar."""
        self._task = self._bars.add_task(name, total=total, note="")

    def advance(self, count: int = 1, note: str = "") -> None:
        """Move the bar that was begun last."""
        self._bars.update(self._task, advance=count, note=note)

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()
