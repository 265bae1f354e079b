"""How a training went, kept beside it: a line for every few seconds, and curves to look at.

The lines are the record. Where TensorBoard is installed they are also given to
it, for ``tensorboard --logdir RUNS``: local, and without a log-in.
"""

import json
import os
from pathlib import Path
from typing import Any

HISTORY = "history.jsonl"
CURVES = "curves.png"
BOARD = "tensorboard"


class History:
    """An append-only log that is cut back to the step from which a run goes on."""

    def __init__(self, run: Path, step: int) -> None:
        self.file, self.curves = run / HISTORY, run / CURVES
        kept = [line for line in self.lines() if line["step"] <= step]
        self.file.write_text("".join(json.dumps(line) + "\n" for line in kept), "utf-8")
        self.board = _board(run, step)

    def add(self, **facts: Any) -> None:
        """Write one line; ``step`` is among the facts."""
        with self.file.open("a", encoding="utf-8") as log:
            log.write(json.dumps(facts) + "\n")
            log.flush()
            os.fsync(log.fileno())
        if self.board:
            for name, value in facts.items():
                if name not in {"step", "epoch", "size"} and value is not None:
                    self.board.add_scalar(name, value, facts["step"])
            self.board.flush()

    def lines(self) -> list[dict[str, Any]]:
        """Return what has been written, but for a last line that was cut short."""
        if not self.file.exists():
            return []
        lines = self.file.read_text("utf-8").splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def epochs(self) -> list[dict[str, Any]]:
        """Return the lines that close an epoch."""
        return [line for line in self.lines() if "epoch" in line]

    def draw(self) -> None:
        """Draw loss, AUC, rate and speed against the step into ``curves.png``."""
        from matplotlib.figure import Figure  # noqa: PLC0415  (slow to import)

        steps = [line for line in self.lines() if "loss" in line]
        epochs = self.epochs()
        figure = Figure(figsize=(10, 6), layout="constrained")
        axes = figure.subplots(2, 2)
        panels = (
            (axes[0, 0], "loss", [("loss", steps)]),
            (axes[0, 1], "AUC", [("auc_views", epochs), ("auc_held_out", epochs)]),
            (axes[1, 0], "learning rate", [("rate", steps)]),
            (axes[1, 1], "images per second", [("images_per_second", steps)]),
        )
        for axis, title, curves in panels:
            for key, lines in curves:
                points = [(line["step"], line[key]) for line in lines if line.get(key) is not None]
                axis.plot(*zip(*points, strict=True) if points else ([], []), label=key, marker=".")
            axis.set_title(title)
            axis.set_xlabel("step")
            axis.grid(alpha=0.3)
            if len(curves) > 1:
                axis.legend()
        partial = self.curves.with_suffix(".part")
        figure.savefig(partial, format="png", dpi=110)
        partial.replace(self.curves)


def _board(run: Path, step: int) -> Any:
    """Return TensorBoard's writer, which forgets what came after ``step``; None without it."""
    try:
        from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415  (slow to import)
    except ImportError:
        return None
    return SummaryWriter(run / BOARD, purge_step=step + 1)
