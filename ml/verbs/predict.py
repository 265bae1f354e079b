"""``predict``: pictures in, ``image_name,target`` out."""

import csv
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator
from pathlib import Path

HELP = "write the calibrated probability of melanoma for each picture"
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("paths", type=Path, nargs="+", metavar="PATH", help="a picture or a folder")
    parser.add_argument("--bundle", type=Path, metavar="DIR", help="the model (the shipped one)")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.csv")


def run(args: Namespace) -> int:
    """Write the file; return 2 if nothing can be done, 3 if some pictures were unreadable."""
    from PIL import Image

    from ml.bundle import DEFAULT, BundleError
    from ml.predictor import Predictor
    from ml.preprocess import FORMATS

    try:
        pictures = find_pictures(args.paths)
        predictor = Predictor.load(args.bundle or DEFAULT)
        if not args.out.parent.is_dir():
            raise ValueError(f"{args.out.parent} is no folder to write in")
    except (BundleError, ValueError) as error:
        print(f"predict: {error}", file=sys.stderr)
        return 2
    unreadable = 0
    partial = args.out.with_name(args.out.name + ".part")
    with partial.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["image_name", "target"])
        for picture in with_progress(pictures):
            try:
                with Image.open(picture, formats=FORMATS) as image:
                    (prediction,) = predictor.predict_batch([image])
            except Exception as error:  # readers raise whatever a broken file trips them over
                print(f"predict: {picture} cannot be read: {error}", file=sys.stderr)
                unreadable += 1
                continue
            table.writerow([picture.stem, f"{prediction.probability:.6f}"])
    partial.replace(args.out)
    return 3 if unreadable else 0


def find_pictures(paths: Iterable[Path]) -> list[Path]:
    """Return all pictures that the paths name, folders searched to the bottom.

    Raises ``ValueError`` for a path that does not exist, for two pictures of the
    same name (a row could not tell them apart), and if there is none at all.
    """
    found: dict[str, Path] = {}
    for path in paths:
        if not path.exists():
            raise ValueError(f"{path} does not exist")
        inside = sorted(path.rglob("*")) if path.is_dir() else [path]
        for picture in inside:
            if path.is_dir() and not (picture.is_file() and picture.suffix.lower() in SUFFIXES):
                continue
            other = found.setdefault(picture.stem, picture)
            if other.resolve() != picture.resolve():
                raise ValueError(f"{other} and {picture} would both be {picture.stem}")
    if not found:
        raise ValueError("there is no picture (jpg, jpeg, png, webp) in what was named")
    return list(found.values())


def with_progress(pictures: list[Path]) -> Iterator[Path]:
    """Yield the pictures and say on standard error, every two seconds, how far it is."""
    began = said = time.monotonic()
    for number, picture in enumerate(pictures):
        now = time.monotonic()
        if now - said >= 2:
            speed = number / (now - began)
            left = (len(pictures) - number) / speed
            print(
                f"{number}/{len(pictures)} pictures, {speed:.0f}/s, {left:.0f} s left",
                file=sys.stderr,
            )
            said = now
        yield picture
