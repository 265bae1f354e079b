"""``explore``: a store in, a page of plots and pictures out."""

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

HELP = "make a page that shows what is in a store, and where it misleads"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("store", type=Path, metavar="STORE")
    parser.add_argument("--out", type=Path, required=True, metavar="HTML")


def run(args: Namespace) -> int:
    """Write the page; return 2 without a store."""
    from ml.atomic import write_text
    from ml.data.exploration.page import SECTIONS, render
    from ml.data.store import Store
    from ml.progress import Progress

    try:
        store = Store(args.store)
        with Progress() as progress:
            progress.start("sections", SECTIONS)
            write_text(args.out, render(store, progress.advance))
    except (OSError, ValueError) as error:
        print(f"explore: {error}", file=sys.stderr)
        return 2
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.1f} MB")
    return 0
