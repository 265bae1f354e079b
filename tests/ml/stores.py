"""Small collections and the stores that the real ``ingest`` makes of them."""

import csv
from collections.abc import Iterable, Mapping
from itertools import product
from pathlib import Path

from PIL import Image

from ml.__main__ import main
from ml.data.store import Store
from tests.conftest import PHOTOS

Row = Mapping[str, object]
TILE = 160


def tiles() -> list[Image.Image]:
    """Return 24 pictures that show different things: the quarters of six photographs."""
    pictures = []
    for photo, left, top in product(PHOTOS, (20, 260), (20, 210)):
        with Image.open(photo) as image:
            pictures.append(image.convert("RGB").crop((left, top, left + TILE, top + TILE)))
    return pictures


def write_collection(folder: Path, rows: Iterable[tuple[Row, Image.Image]]) -> Path:
    """Write a folder with ``labels.csv`` and the pictures beside it."""
    folder.mkdir(parents=True)
    rows = list(rows)
    with (folder / "labels.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, list(rows[0][0]))
        table.writeheader()
        table.writerows(row for row, _ in rows)
    for row, picture in rows:
        picture.save(folder / f"{row['image']}.jpg", quality=92)
    return folder


def patients(prefix: str = "i") -> list[tuple[Row, Image.Image]]:
    """Return 24 labelled pictures of twelve patients, every third of them with a melanoma."""
    return [
        ({"image": f"{prefix}{i}", "target": int(i // 2 % 3 == 0), "patient": f"P{i // 2}"}, tile)
        for i, tile in enumerate(tiles())
    ]


def ingest(out: Path, *sources: Path) -> Store:
    """Return the store of some collections."""
    names = [str(source) for source in sources]
    assert main(["ingest", *names, "--out", str(out), "--processes", "1"]) == 0
    return Store(out)
