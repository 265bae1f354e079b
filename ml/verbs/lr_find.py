"""``lr_find``: which learning rate to take, from a short try."""

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from ml.verbs.train import add_data_arguments

HELP = "find a learning rate: the loss while the rate grows, with a plot"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    add_data_arguments(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="PNG", help="the plot")
    parser.add_argument("--steps", type=int, default=100)


def run(args: Namespace) -> int:
    """Search; return 2 where data or recipe are wrong."""
    from ml.data.store import Store
    from ml.progress import Progress
    from ml.training import finder, recipe
    from ml.training.preparation import prepare

    try:
        wanted, store = recipe.read(args.recipe, args.overrides), Store(args.store)
        with Progress() as progress:
            cache = args.cache or args.out.parent / "cache"
            prepared = prepare(wanted, store, cache, progress, most=args.limit)
            progress.start("learning rates", args.steps)
            found = finder.search(prepared.trainer, prepared.batches, args.steps, progress.advance)
        finder.draw(found, args.out)
    except (OSError, ValueError) as error:
        print(f"lr_find: {error}", file=sys.stderr)
        return 2
    print(f"steepest: {found.steepest:.1e}, valley: {found.valley:.1e} (see {args.out})")
    return 0
