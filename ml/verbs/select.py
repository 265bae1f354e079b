"""``select``: finished runs in, the one to take out, with the reason."""

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

HELP = "take the cheapest of several runs that chance cannot tell from the best"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="what `train` wrote")


def run(args: Namespace) -> int:
    """Print the runs with error bars, and which to take; return 2 where they cannot be compared."""
    from ml.kpis.selection import select

    try:
        selection = select(args.runs)
    except (OSError, ValueError) as error:
        print(f"select: {error}", file=sys.stderr)
        return 2
    sources = ", ".join(selection.sources)
    print(f"Mean AUC over {sources}; {selection.pictures:,} pictures, none of the test fold")
    best = selection.candidates[0]
    for one in selection.candidates:
        print(f"  {one.run}: {one.auc}, {one.gmac:.2f} GMAC, {one.parameters / 1e6:.1f} M weights")
    for one in selection.candidates[1:]:
        alike = one.behind.low <= 0 <= one.behind.high
        sign = "≈" if alike else ">"
        print(f"  {best.run} {sign} {one.run}: {one.behind}, p = {one.p:.3f}")
    print(f"take {selection.taken.run}: the least work within one standard error of the best")
    return 0
