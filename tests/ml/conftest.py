"""Made-up pictures, and a tiny model that the real verbs make of them."""

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ml.__main__ import main

PHOTOS = sorted((Path(__file__).parents[1] / "fixtures" / "photos").glob("*.jpg"))
TINY = ["--size", "64", "--batch", "8", "--folds", "3", "--epochs", "1"]


def made_up_picture(chance: np.random.Generator, size: int = 64) -> Image.Image:
    """Return a dark spot on something like skin, no two alike."""
    rows, columns = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    spot = (rows / chance.uniform(0.3, 0.8)) ** 2 + (columns / chance.uniform(0.3, 0.8)) ** 2 < 1
    pixels = np.empty((size, size, 3))
    pixels[:] = np.array([220, 170, 150]) + chance.normal(0, 10, 3)
    pixels[spot] = np.array([110, 70, 50]) + chance.normal(0, 20, 3)
    pixels += chance.normal(0, 8, pixels.shape)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def write_table(file: Path, header: list[str], rows: list[list]) -> None:
    """Write a CSV file."""
    with file.open("w", newline="") as opened:
        csv.writer(opened).writerows([header, *rows])


@pytest.fixture(scope="session")
def ham(tmp_path_factory) -> Path:
    """Return a folder in HAM10000's layout: 240 pictures of 160 lesions."""
    folder = tmp_path_factory.mktemp("data") / "ham"
    (folder / "images").mkdir(parents=True)
    chance = np.random.default_rng(7)
    rows = []
    for i in range(240):
        lesion = i if i < 160 else i - 160
        rows.append([f"lesion{lesion}", f"ISIC_{i:04}", "mel" if lesion % 4 == 0 else "nv"])
        made_up_picture(chance).save(folder / "images" / f"ISIC_{i:04}.jpg", quality=90)
    write_table(folder / "HAM10000_metadata.csv", ["lesion_id", "image_id", "dx"], rows)
    return folder


@pytest.fixture(scope="session")
def tiny_run(ham, tmp_path_factory) -> Path:
    """Return a run of one epoch that began with random weights."""
    run = tmp_path_factory.mktemp("runs") / "tiny"
    assert main(["train", "--data", str(ham), "--out", str(run), *TINY]) == 0
    return run


@pytest.fixture(scope="session")
def tiny_bundle(tiny_run, tmp_path_factory) -> Path:
    """Return the bundle of that run."""
    folder = tmp_path_factory.mktemp("bundles") / "tiny"
    assert main(["bundle", str(tiny_run), "--out", str(folder), "--name", "tiny"]) == 0
    return folder
