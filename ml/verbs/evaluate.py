"""``evaluate``: a finished run in, every figure of it out, as a page and as JSON."""

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

HELP = "measure a finished run on its out-of-fold scores: a page for people, JSON for the rest"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run_folder", type=Path, metavar="RUN", help="what `train` wrote")
    parser.add_argument(
        "--store", type=Path, metavar="STORE", help="where its pictures are (as the run says)"
    )
    parser.add_argument(
        "--against", type=Path, metavar="RUN", help="the runner-up, on the same pictures"
    )
    parser.add_argument(
        "--bundle",
        type=Path,
        metavar="DIR",
        help="the run's bundle, for activation maps, altered pictures and speed",
    )
    parser.add_argument(
        "--free-pictures",
        action="store_true",
        help="show only pictures that anybody may pass on (CC0)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="FILE.html",
        help="the page; the JSON goes beside it",
    )


def run(args: Namespace) -> int:
    """Write page and JSON; return 2 where run, store, rival or bundle do not allow it."""
    from ml.atomic import write_json, write_text
    from ml.kpis import page, report
    from ml.progress import Progress

    if args.out.suffix != ".html":
        print("evaluate: --out is the page, FILE.html", file=sys.stderr)
        return 2
    try:
        with Progress() as progress:
            made = report.make(
                args.run_folder,
                progress,
                args.store,
                args.against,
                args.bundle,
                args.free_pictures,
            )
        args.out.parent.mkdir(parents=True, exist_ok=True)
        write_json(args.out.with_suffix(".json"), made.facts)
        write_text(args.out, page.render(made))
    except (OSError, ValueError) as error:
        print(f"evaluate: {error}", file=sys.stderr)
        return 2
    for cohort in made.facts["cohorts"]:
        figures = cohort["discrimination"]
        said = f"AUC {page.interval(figures['auc'])}" if figures else page.TOO_FEW
        print(f"{cohort['name']}: {said}, {cohort['melanomas']} melanomas")
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.1f} MB")
    return 0
