"""``ingest``: collections in, a store of a few files out."""

import os
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

HELP = "make a store of small pictures out of folders, zips, DICOM or TFRecords"

MEGABYTE = 1_000_000
# Some places take no file of a gigabyte and more.
LARGEST_SHARD = 1000


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "sources",
        type=Path,
        nargs="*",
        metavar="SOURCE",
        help="a folder or a zip (read in place) in a known layout: SIIM-ISIC 2020, ISIC 2019, "
        "2018, 2017, HAM10000, or any folder with labels.csv (image,target)",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="STORE")
    parser.add_argument(
        "--size",
        type=int,
        action="append",
        metavar="PIXELS",
        help="side of the pictures kept (256); may be repeated for several sizes",
    )
    parser.add_argument(
        "--form",
        choices=["files", "dicom", "tfrecord"],
        help="which pictures to take where a source has them in several forms",
    )
    parser.add_argument(
        "--shard-mb", type=int, default=LARGEST_SHARD, help="most megabytes of a shard (1000)"
    )
    parser.add_argument(
        "--shard-images", type=int, default=1_000_000, help="most images of a shard"
    )
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--verify", action="store_true", help="check the files of a finished or copied store only"
    )


def run(args: Namespace) -> int:
    """Make or check a store.

    Returns 0 when it is finished and sound, 1 when ``--verify`` found it
    damaged, 2 when a source or an argument is wrong, 130 when interrupted.
    """
    if args.verify:
        return _verify(args.out)
    sizes = tuple(sorted(set(args.size or [256]), reverse=True))
    wrong = (
        (not args.sources and "name at least one SOURCE")
        or (min(sizes) < 32 and "a picture needs 32 pixels a side at least")
        or (not 1 <= args.shard_mb <= LARGEST_SHARD and f"--shard-mb is 1 to {LARGEST_SHARD}")
        or (min(args.shard_images, args.processes) < 1 and "counts begin at 1")
    )
    if wrong:
        print(f"ingest: {wrong}", file=sys.stderr)
        return 2
    return _ingest(args, sizes)


def _ingest(args: Namespace, sizes: tuple[int, ...]) -> int:
    from concurrent.futures.process import BrokenProcessPool

    from ml.data.ingestion import Settings, ingest, open_source
    from ml.data.presets import Form
    from ml.data.store import Store
    from ml.progress import Progress

    try:
        sources = []
        for path in args.sources:
            source = open_source(path, Form(args.form) if args.form else None)
            print(f"{source.preset.name}: {source.count:,} images in the tables of {path}")
            sources.append(source)
        settings = Settings(sizes, args.shard_mb * MEGABYTE, args.shard_images)
        with Progress() as progress:
            progress.start("images", sum(source.count for source in sources))
            ingest(sources, args.out, settings, args.processes, progress.advance)
    except (OSError, ValueError) as error:
        print(f"ingest: {error}", file=sys.stderr)
        return 2
    except (KeyboardInterrupt, BrokenProcessPool) as error:
        why = "interrupted" if isinstance(error, KeyboardInterrupt) else "a process was killed"
        print(f"ingest: {why}; the same command goes on from here", file=sys.stderr)
        return 130
    _summarise(Store(args.out))
    return 0


def _summarise(store) -> None:
    from ml.data import store as files

    manifest, problems = store.manifest(), store.problems()
    for source, images in manifest.groupby("source", sort=False):
        melanomas = int(images["target"].sum())
        print(f"{source}: {len(images):,} pictures, {melanomas:,} melanomas")
    for (source, missing), images in problems.groupby(
        ["source", problems["reason"] == "missing"], sort=False
    ):
        state = "have no picture" if missing else "cannot be read"
        print(f"{source}: {len(images):,} images {state} (see {store.folder / files.PROBLEMS})")
    shards = sorted(store.folder.glob("shard-*.tar"))
    size = sum(shard.stat().st_size for shard in shards) / MEGABYTE
    print(f"{store.folder}: {len(shards)} shards, {size:,.0f} MB")


def _verify(folder: Path) -> int:
    from ml.data.store import verify
    from ml.progress import Progress

    files = [file for file in folder.glob("*") if file.is_file()]
    with Progress() as progress:
        progress.start("bytes", sum(file.stat().st_size for file in files))
        wrong = verify(folder, progress.advance)
    for sentence in wrong:
        print(f"{folder}: {sentence}", file=sys.stderr)
    if not wrong:
        print(f"{folder}: every file is as it was made")
    return 1 if wrong else 0
