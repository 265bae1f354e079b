"""``fetch``: a competition's data from Kaggle, whole and verified."""

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

HELP = "get a competition's data from Kaggle; goes on where it was interrupted"
GO_ON = "the same command goes on from here"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument(
        "--competition",
        default="siim-isic-melanoma-classification",
        metavar="NAME",
        help="as in its address (siim-isic-melanoma-classification)",
    )
    parser.add_argument(
        "--file",
        nargs="+",
        action="extend",
        metavar="NAME",
        help="only these files, such as train.csv; else everything as one zip, as ingest takes it",
    )
    parser.add_argument(
        "--retries", type=int, default=10, help="how often to try in a row without a new byte (10)"
    )
    parser.add_argument(
        "--verify", action="store_true", help="compare the checksum of each member of a zip, too"
    )


def run(args: Namespace) -> int:
    """Fetch what is missing.

    Returns 0 when every file is whole, 2 when an argument, the client or the
    token is missing or wrong or Kaggle refuses, 3 when a file could not be
    completed, 130 when interrupted.
    """
    from ml.data.kaggle import Interrupted, Kaggle, Refused

    if args.retries < 0:
        return _fail("--retries is 0 or more", 2)
    try:
        args.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return _fail(error, 2)
    try:
        kaggle = Kaggle()
        return max(_fetch(kaggle, file, args) for file in args.file or [None])
    except Refused as error:
        return _fail(error, 2)
    except Interrupted as error:
        return _fail(error, 3)
    except KeyboardInterrupt:
        return _fail(f"interrupted; {GO_ON}", 130)


def _fetch(kaggle, file: str | None, args: Namespace) -> int:
    from ml.data.fetch import Fetcher, Incomplete
    from ml.progress import Progress

    def say(sentence: str) -> None:
        print(f"fetch: {sentence}", file=sys.stderr)

    try:
        with Progress() as progress:
            fetcher = Fetcher(
                kaggle, args.competition, args.out, progress, say, args.retries, args.verify
            )
            path = fetcher.fetch(file)
    except (Incomplete, OSError) as error:
        return _fail(f"{file or args.competition}: {error}; {GO_ON}", 3)
    print(f"{path}: {path.stat().st_size:,} bytes, complete")
    return 0


def _fail(why: object, status: int) -> int:
    print(f"fetch: {why}", file=sys.stderr)
    return status
