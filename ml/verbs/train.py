"""``train``: a store and a recipe in, a run folder out."""

import os
import shutil
import signal
import sys
import time
from argparse import ArgumentParser, Namespace
from pathlib import Path

HELP = "train a network; stopped at any time, the same command goes on to the same weights"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    add_data_arguments(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="RUN", help="the run's folder")
    parser.add_argument(
        "--budget", type=float, metavar="HOURS", help="stop after so long, safely saved"
    )
    parser.add_argument("--again", action="store_true", help="begin anew what RUN holds already")


def add_data_arguments(parser: ArgumentParser) -> None:
    """Declare what to learn from, and how."""
    parser.add_argument(
        "--store",
        type=Path,
        required=True,
        metavar="STORE",
        help="what `ingest` has made, with the folds that `folds` has frozen",
    )
    parser.add_argument("--recipe", type=Path, metavar="FILE", help="a recipe (TOML)")
    parser.add_argument(
        "overrides",  # not "settings", which Django's commands have already
        nargs="*",
        metavar="KEY=VALUE",
        help="settings that go before the recipe's, such as model=resnet18 epochs=20 lr=1e-3",
    )
    parser.add_argument("--limit", type=int, help="learn from so many pictures only, for a try")
    parser.add_argument("--cache", type=Path, help="folder of decoded pictures (RUN/../cache)")
    parser.add_argument(
        "--workers",
        type=int,
        default=0,
        help="processes that make the views (0: this one, which is best on a CPU)",
    )


def run(args: Namespace) -> int:
    """Train; return 0 at the end, 2 where data or recipe are wrong, 3 where it was stopped."""
    from ml.data.store import Store
    from ml.training import recipe
    from ml.training.loop import Limits, train

    began, asked = time.monotonic(), []
    budget = args.budget * 3600 if args.budget else float("inf")
    before = {
        number: signal.signal(number, lambda number, _: asked.append(number))
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    limits = Limits(
        stop=lambda _: bool(asked) or time.monotonic() - began > budget, workers=args.workers
    )
    try:
        if args.again:
            _forget(args.out)
        facts = train(
            recipe.read(args.recipe, args.overrides),
            Store(args.store),
            args.out,
            args.cache or args.out.parent / "cache",
            limits,
            args.limit,
        )
    except (OSError, ValueError) as error:
        print(f"train: {error}", file=sys.stderr)
        return 2
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if facts is None:
        print("train: stopped and saved; the same command goes on from here", file=sys.stderr)
        return 3
    if os.environ.get("RANK", "0") == "0":
        summarise(facts)
    return 0


def _forget(out: Path) -> None:
    from ml import runs
    from ml.training.history import BOARD, HISTORY

    shutil.rmtree(out / BOARD, ignore_errors=True)
    for name in (runs.CHECKPOINT, runs.FACTS, HISTORY):
        (out / name).unlink(missing_ok=True)


def summarise(facts: dict) -> None:
    """Print the AUC of each source that was held out."""
    parts = {f"held-out fold {fold}": figures for fold, figures in facts["auc"].items()}
    parts["not learnt from"] = facts.get("auc_without", {})
    for part, figures in parts.items():
        for source, figure in figures.items():
            auc = "{value:.3f} ({low:.3f}-{high:.3f})".format(**figure["auc"])
            print(f"{part}, {source}: AUC {auc}, {figure['melanomas']} melanomas")
