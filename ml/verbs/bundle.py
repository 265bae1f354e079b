"""``bundle``: a finished run in, a model bundle out."""

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

HELP = "calibrate, measure and pack a finished run for serving"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run_folder", type=Path, metavar="RUN", help="what `train` wrote")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="the bundle's folder"
    )
    parser.add_argument("--name", default="naevus-mobilenetv2")
    parser.add_argument("--release", default="1", help="the model's version, as people see it")
    parser.add_argument(
        "--remark", default="", help="what else the card has to say of how the model was chosen"
    )


def run(args: Namespace) -> int:
    """Make the bundle; return 2 where the run or its data are not whole."""
    from ml.bundling import make

    try:
        facts = make(args.run_folder, args.out, args.name, args.release, args.remark)
    except (OSError, ValueError) as error:
        print(f"bundle: {error}", file=sys.stderr)
        return 2
    for source, figures in facts["kpis"]["test"].items():
        auc = "{value:.3f} ({low:.3f}-{high:.3f})".format(**figures["auc"])
        print(f"test fold, {source}: AUC {auc}, {figures['melanomas']} melanomas")
    size = sum(file.stat().st_size for file in args.out.iterdir())
    print(f"{args.out}: {size / 1e6:.1f} MB")
    return 0
