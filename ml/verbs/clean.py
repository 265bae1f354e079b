"""``clean``: take out of a store what would leak, with the reason for each image."""

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

HELP = "remove copies and contradictions from a store, with the reason for each image"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("store", type=Path, metavar="STORE")


def run(args: Namespace) -> int:
    """Write ``removed.csv`` and say how many went for which reason; return 2 without a store."""
    from ml.data.cleaning import clean
    from ml.data.store import REMOVED, Store
    from ml.progress import Progress

    try:
        store = Store(args.store)
        with Progress() as progress:
            progress.start("comparing", len(store.manifest()))
            removed = clean(store, progress.advance)
    except (OSError, ValueError) as error:
        print(f"clean: {error}", file=sys.stderr)
        return 2
    for (source, reason), images in removed.groupby(["source", "reason"]):
        print(f"{source}: {len(images):,} removed, {reason}")
    print(f"{args.store}: {len(removed):,} removed in all (see {args.store / REMOVED})")
    return 0
