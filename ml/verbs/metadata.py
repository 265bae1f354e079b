"""``metadata``: do age, sex and site tell of melanomas, or of the data set?"""

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

HELP = "measure whether a store's age, sex and site are biology or indicate the data set"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("store", type=Path, metavar="STORE", help="with the folds of `folds`")
    parser.add_argument(
        "--test-fold", type=int, default=0, metavar="FOLD", help="the fold to leave alone (0)"
    )


def run(args: Namespace) -> int:
    """Print the figures and a sentence; return 2 where the store does not allow it."""
    from ml.data.store import Store
    from ml.kpis.dataset_indicator import Finding, Pair, measure

    try:
        found: Finding = measure(Store(args.store), args.test_fold)
    except (OSError, ValueError) as error:
        print(f"metadata: {error}", file=sys.stderr)
        return 2

    def say(name: str, pair: Pair | None) -> None:
        if pair is None:
            print(f"  {name}: not to be said")
        else:
            print(f"  {name}: {pair.full}, missing-indicators alone {pair.missing}, ", end="")
            print(f"more by {pair.gain}")

    print(f"AUC of a logistic regression on age, sex and site, without fold {args.test_fold}")
    say("the source, one against the rest", found.source)
    say("melanoma, all sources pooled", found.pooled)
    say("melanoma, the same scores within sources", found.inside)
    for one in found.sources:
        print(
            f"{one.name}: {one.pictures:,} pictures, {one.melanomas:,} melanomas, "
            f"something known of {one.known:.0%}"
        )
        say("melanoma, learnt within", one.within)
        say("melanoma, learnt from the other sources", one.elsewhere)
    if found.too_few:
        print(f"too few melanomas or nothing known: {', '.join(found.too_few)}")
    print(found.verdict)
    return 0
