"""``submit``: a test set in, a checked submission for Kaggle out."""

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

HELP = "answer a competition's test set, check the answers, and send them when asked to"
COMPETITION = "siim-isic-melanoma-classification"
SAMPLE = "sample_submission.csv"
GO_ON = "the same command goes on from here"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "source",
        type=Path,
        nargs="?",
        metavar="SOURCE",
        help="a folder or zip with official test images, as ingest takes it, or a store",
    )
    parser.add_argument("--out", type=Path, metavar="FILE.csv", help="the submission")
    parser.add_argument(
        "--bundle",
        type=Path,
        nargs="+",
        action="extend",
        metavar="DIR",
        help="the models (the shipped one); several are averaged",
    )
    parser.add_argument(
        "--mean",
        choices=["rank", "logit"],
        default="rank",
        help="of what several models are averaged: ranks (no probability any more) or logits",
    )
    parser.add_argument(
        "--sample",
        type=Path,
        metavar="FILE.csv",
        help=f"which ids to answer, in which order (SOURCE's {SAMPLE}, else its test table)",
    )
    parser.add_argument(
        "--fill-missing",
        type=float,
        metavar="PRIOR",
        help="the value for images without a readable picture, such as the share of melanomas: "
        "Kaggle demands a row for every id",
    )
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--send", metavar="MESSAGE", help="send what passes the check, so described"
    )
    parser.add_argument(
        "--competition", default=COMPETITION, metavar="NAME", help=f"to which ({COMPETITION})"
    )
    parser.add_argument(
        "--check", type=Path, metavar="FILE.csv", help="only check this file against --sample"
    )
    parser.add_argument(
        "--offline",
        type=Path,
        metavar="DIR",
        help="only make a folder of code and models that does this without internet",
    )


def run(args: Namespace) -> int:
    """Write, check, send or pack.

    Returns 0 when all is well, 2 when an argument, a source, a bundle or the
    log-in to Kaggle is missing or wrong, 3 when the file does not pass the check
    or Kaggle cannot be reached, 130 when interrupted.
    """
    from concurrent.futures.process import BrokenProcessPool

    from ml.data.kaggle import Interrupted, Refused

    try:
        if args.offline:
            return _pack(args)
        if args.check:
            return _check_only(args)
        return _submit(args)
    except (OSError, ValueError, Refused) as error:
        return _fail(error, 2)
    except Interrupted as error:
        return _fail(error, 3)
    except (KeyboardInterrupt, BrokenProcessPool) as error:
        why = "interrupted" if isinstance(error, KeyboardInterrupt) else "a process was killed"
        return _fail(f"{why}; {GO_ON}", 130)


def _pack(args: Namespace) -> int:
    from ml.bundle import DEFAULT
    from ml.offline import SCRIPT, make

    make(args.bundle or [DEFAULT], args.offline)
    print(f"{args.offline}: run {SCRIPT} in it, with SOURCE and --out")
    return 0


def _check_only(args: Namespace) -> int:
    from ml.submission import Sender, read_sample

    if not args.sample:
        raise ValueError(f"--check needs --sample {SAMPLE}")
    sender = Sender() if args.send else None
    return _check_and_send(args.check, read_sample(args.sample), sender, args)


def _submit(args: Namespace) -> int:
    from ml.atomic import write_csv
    from ml.bundle import DEFAULT, read
    from ml.scoring import Panel, best_device, open_journal, score
    from ml.submission import Sender, combine

    _refuse_nonsense(args)
    # Hours of work are not to end at a log-in that is lacking.
    sender = Sender() if args.send else None
    panel = Panel(tuple(read(folder) for folder in args.bundle or [DEFAULT]), best_device())
    test, sample = _open(args, max(panel.sizes))
    with closing(open_journal(args.out, test, panel)) as journal:
        with _bar(len(test.images) - len(test.lacking)) as tick:
            answers = score(test, panel, journal, args.processes, tick)
        values = combine(answers, args.mean)
        # What the sample does not ask for goes last, so that the check finds it.
        images = list(dict.fromkeys([*sample.images, *test.images]))
        for image in images:
            if image not in values:
                print(f"submit: {image}: {answers.get(image, 'in no test table')}", file=sys.stderr)
        rows = [(image, values.get(image, args.fill_missing)) for image in images]
        rows = [(image, f"{value:.6f}") for image, value in rows if value is not None]
        write_csv(args.out, sample.header, rows)
        print(f"{args.out}: {len(rows):,} rows, {_meaning(args, panel.bundles)}")
        status = _check_and_send(args.out, sample, sender, args)
        # What does not pass, or does not arrive, is not worked out again.
        if status == 0:
            journal.file.unlink()
    return status


def _refuse_nonsense(args: Namespace) -> None:
    prior = args.fill_missing
    wrong = (
        (not (args.source and args.out) and "name a SOURCE and --out, or --check, or --offline")
        or (not args.out.parent.is_dir() and f"{args.out.parent} is no folder to write in")
        or (args.processes < 1 and "counts begin at 1")
        or (prior is not None and not 0 <= prior <= 1 and "--fill-missing is 0 to 1")
    )
    if wrong:
        raise ValueError(wrong)


def _open(args: Namespace, size: int):
    """Return the test set, and the sample: the one named, the source's own, or one made up."""
    from ml.data.tables import open_root
    from ml.scoring import open_test_set
    from ml.submission import HEADER, Sample, read_sample

    sample = read_sample(args.sample) if args.sample else None
    test = open_test_set(args.source, size, sample.images if sample else ())
    own = open_root(args.source) / SAMPLE
    if not sample and own.exists():
        sample = read_sample(own)
    return test, sample or Sample(HEADER, test.images)


@contextmanager
def _bar(total: int) -> Iterator[Callable[[int], object]]:
    """Yield what moves a bar; a notebook without rich has the bar that comes with timm."""
    from importlib import import_module
    from importlib.util import find_spec

    if not find_spec("rich"):
        with import_module("tqdm").tqdm(total=total, unit=" images") as bar:
            yield bar.update
        return
    from ml.progress import Progress

    with Progress() as progress:
        progress.start("images", total)
        yield progress.advance


def _meaning(args: Namespace, models) -> str:
    if len(models) == 1:
        return f"calibrated probabilities by {models[0].info.name} {models[0].info.version}"
    if args.mean == "logit":
        return f"probabilities of the mean logit of {len(models)} models"
    return f"mean ranks by {len(models)} models: good for the AUC, but no probability any more"


def _check_and_send(file: Path, sample, sender, args: Namespace) -> int:
    from ml.submission import faults

    found = faults(file, sample)
    for fault in found:
        print(f"submit: {file}: {fault}", file=sys.stderr)
    if found:
        hint = "; --fill-missing PRIOR answers for what has no picture" if args.out else ""
        return _fail(f"{file} does not pass the check{', not sent' if sender else ''}{hint}", 3)
    print(f"{file}: passes the check")
    if sender:
        print(f"{file}: sent; Kaggle says: {sender.send(file, args.send, args.competition)}")
    return 0


def _fail(why: object, status: int) -> int:
    print(f"submit: {why}", file=sys.stderr)
    return status
