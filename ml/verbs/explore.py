"""``explore``: a store as one page to look at."""

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

HELP = "show what is in a store: counts, patients, shortcuts, copies and pictures, on one page"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("store", type=Path, metavar="STORE")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.html")


def run(args: Namespace) -> int:
    """Write the page; return 2 where the store cannot be read or the page not be written."""
    from ml.data.exploration import page
    from ml.data.store import Store
    from ml.progress import Progress

    try:
        with Progress() as progress:
            page.write(Store(args.store), args.out, progress.start, progress.advance)
    except (OSError, ValueError) as error:
        print(f"explore: {error}", file=sys.stderr)
        return 2
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.1f} MB")
    return 0
