"""The whole way of a data scientist, verb after verb, in miniature.

The competition's zip goes in, a checked submission by a network that has learnt
from it comes out. What each verb does in detail is tested where it lives.
"""

import csv
import json
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ml.__main__ import main
from tests.ml.data import competition
from tests.ml.made_up import made_up_picture

pytestmark = [pytest.mark.training, pytest.mark.usefixtures("one_thread")]

PICTURES, HELD_OUT = 132, 12
RECIPE = ("model=mobilenetv2_035", "size=64", "epochs=2", "batch=8", "target=4-class", "seed=1")


@pytest.fixture
def archive(tmp_path) -> Path:
    """Return a zip as Kaggle's: a table and JPEGs for training, others to be answered."""
    folder = tmp_path / "set"
    folder.mkdir()
    chance = np.random.default_rng(0)
    pictures = {f"ISIC_{i:07}": jpeg(made_up_picture(chance, 96)) for i in range(PICTURES)}
    competition.write_tables(folder, list(pictures), HELD_OUT)
    competition.write_files(folder, pictures, HELD_OUT)
    asked = list(pictures)[-HELD_OUT:][::-1]
    rows = "".join(f"{name},0\n" for name in asked)
    (folder / "sample_submission.csv").write_text(f"image_name,target\n{rows}")
    return competition.zipped(folder, tmp_path / "set.zip")


def jpeg(picture: Image.Image) -> bytes:
    out = BytesIO()
    picture.save(out, "JPEG", quality=92)
    return out.getvalue()


def run(*words: object) -> None:
    assert main([str(word) for word in words]) == 0, words


def test_from_a_small_zip_over_a_training_to_a_validated_submission(archive, tmp_path, capsys):
    store, learnt, bundle = (tmp_path / name for name in ("store", "runs/one", "bundle"))
    run("ingest", archive, "--out", store, "--size", 72, "--processes", 1)
    run("clean", store)
    run("folds", store, "--folds", 5)
    run("audit", store)
    run("train", "--store", store, "--out", learnt, *RECIPE)
    run("bundle", learnt, "--out", bundle, "--name", "tiny")
    run("evaluate", learnt, "--bundle", bundle, "--out", tmp_path / "report.html")
    out, sample = tmp_path / "submission.csv", archive.parent / "set" / "sample_submission.csv"
    run("submit", archive, "--bundle", bundle, "--out", out, "--processes", 1)
    run("submit", "--check", out, "--sample", sample)

    assert "calibrated probabilities by tiny 1" in capsys.readouterr().out
    facts = json.loads((learnt / "run.json").read_text())
    assert [epoch["epoch"] for epoch in facts["history"]] == [1, 2]
    assert (tmp_path / "report.html").stat().st_size > 10_000
    (asked, *wanted), (header, *answers) = (
        list(csv.reader(file.read_text().splitlines())) for file in (sample, out)
    )
    assert header == asked
    assert [name for name, _ in answers] == [name for name, _ in wanted]
    probabilities = [float(probability) for _, probability in answers]
    assert all(0 < probability < 1 for probability in probabilities)
    assert len(set(probabilities)) > 1
