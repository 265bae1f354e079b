"""``train``: labelled pictures in, a run folder out."""

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

HELP = "train a network on labelled pictures"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the arguments; the defaults are the shipped model's recipe."""
    parser.add_argument(
        "--store",
        type=Path,
        required=True,
        metavar="STORE",
        help="what `ingest` has made, with the folds that `folds` has frozen",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="RUN", help="the run's folder")
    parser.add_argument("--model", default="mobilenetv2_100", help="timm's name of the backbone")
    start = parser.add_mutually_exclusive_group()
    start.add_argument("--pretrained", action="store_true", help="begin with timm's weights")
    start.add_argument("--init", type=Path, metavar="FILE", help="begin with a safetensors file")
    parser.add_argument(
        "--normalisation",
        choices=["imagenet", "inception"],
        default="imagenet",
        help="what the first weights expect: ImageNet's mean and deviation, or -1 to 1",
    )
    parser.add_argument("--size", type=int, default=192, help="side of the pictures, in pixels")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--lr", type=float, default=5e-4, help="peak learning rate")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=int, help="train on so many pictures only, for a try")
    parser.add_argument("--cache", type=Path, help="folder of decoded pictures (RUN/../cache)")
    parser.add_argument("--stop-after", type=int, metavar="N", help="end after so many epochs")
    parser.add_argument("--resume", action="store_true", help="go on after the last whole epoch")


def run(args: Namespace) -> int:
    """Train; return 2 where the data or the weights are not what they should be."""
    from ml.data.store import Store
    from ml.training import Recipe, train

    recipe = Recipe(
        model=args.model,
        normalisation=args.normalisation,
        pretrained=args.pretrained,
        init=args.init,
        size=args.size,
        epochs=args.epochs,
        batch=args.batch,
        lr=args.lr,
        seed=args.seed,
    )
    try:
        facts = train(
            recipe,
            Store(args.store),
            args.out,
            args.cache or args.out.parent / "cache",
            resume=args.resume,
            limit=args.limit,
            stop_after=args.stop_after,
        )
    except (OSError, ValueError) as error:
        print(f"train: {error}", file=sys.stderr)
        return 2
    for name, figures in facts["auc"].items():
        for source, figure in figures.items():
            auc = "{value:.3f} ({low:.3f}-{high:.3f})".format(**figure["auc"])
            print(f"{name} fold, {source}: AUC {auc}, {figure['melanomas']} melanomas")
    return 0
