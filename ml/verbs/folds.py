"""``folds``: split the images of a store by patient and lesion, once and for all."""

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

HELP = "split the labelled images into folds by patient and lesion, and freeze them"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "source",
        type=Path,
        metavar="STORE",
        help="a store; or a collection as ingest takes it, whose tables are then split as they are",
    )
    parser.add_argument("--folds", type=int, default=5, help="how many (5); two do not train")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, metavar="FILE", help="where to freeze them (in STORE)")
    parser.add_argument("--replace", action="store_true", help="put new folds in the place of old")


def run(args: Namespace) -> int:
    """Freeze the folds and show how even they are; return 2 where that cannot be."""
    from ml.data import folds, store

    try:
        images = folds.labelled(_images(args.source))
        assigned = folds.assign(images, args.folds, args.seed)
        is_store = (args.source / store.SETTINGS).is_file()
        file = args.out or (args.source / store.FOLDS if is_store else None)
        print(folds.balance(images, assigned).T.to_string(float_format="{:g}".format))
        if file:
            digest = folds.freeze(assigned, file, replace=args.replace)
            print(f"{file}: SHA-256 {digest}")
    except (OSError, ValueError) as error:
        print(f"folds: {error}", file=sys.stderr)
        return 2
    return 0


def _images(path: Path):
    """Return the images of a store, or all that the tables of a collection name."""
    from dataclasses import asdict

    import pandas as pd

    from ml.data.store import SETTINGS, Store
    from ml.data.tables import open_root, recognise, rows

    if (path / SETTINGS).is_file():
        return Store(path).images()
    root = open_root(path)
    preset = recognise(root)
    table = pd.DataFrame([asdict(row) for _, row in rows(root, preset)])
    return table.assign(source=preset.key)
