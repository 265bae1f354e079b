"""``audit``: the leak gate of a store and its folds."""

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

HELP = "find whatever stands on both sides of a split; fails where there is anything"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("store", type=Path, metavar="STORE")


def run(args: Namespace) -> int:
    """Print each leak; return 0 where there is none, 1 where there are any, 2 without a store."""
    from ml.data.audit import audit
    from ml.data.store import Store
    from ml.progress import Progress

    try:
        store = Store(args.store)
        with Progress() as progress:
            progress.start("comparing", len(store.images()))
            findings = audit(store, progress.advance)
    except (OSError, ValueError) as error:
        print(f"audit: {error}", file=sys.stderr)
        return 2
    for finding in findings:
        print(finding)
    if findings:
        print(f"audit: {len(findings)} leaks in {args.store}", file=sys.stderr)
        return 1
    print(f"{args.store}: no leak found; folds {store.folds_sha256()}")
    return 0
