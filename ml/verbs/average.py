"""``average``: runs that build on one another in, one run of their mean weights out."""

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

HELP = "make one network of a run and of runs that it began with: the mean of their weights"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "runs", type=Path, nargs="+", metavar="RUN", help="the latest run, and earlier ones"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="RUN", help="the new run")
    parser.add_argument("--size", type=int, help="side in pixels of what it judges (the latest's)")


def run(args: Namespace) -> int:
    """Average; return 2 where the runs do not belong together."""
    from ml.training.averaging import average
    from ml.verbs.train import summarise

    try:
        summarise(average(args.runs, args.out, args.size))
    except (OSError, ValueError) as error:
        print(f"average: {error}", file=sys.stderr)
        return 2
    return 0
