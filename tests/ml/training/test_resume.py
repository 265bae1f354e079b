"""Stopped anywhere and gone on with, a run comes to the same weights, bit for bit."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from PIL import Image

from ml import runs
from ml.__main__ import main
from ml.training.history import BOARD, History
from ml.training.loop import Limits, train
from ml.training.recipe import Recipe
from tests.ml.made_up import made_up_picture
from tests.ml.stores import ingest, write_collection

pytestmark = pytest.mark.training

# Everything that has a state: dropout, mixing, progressive sizes, accumulation, balance.
SETTINGS = [
    "model=mobilenetv2_035",
    "size=64",
    "small_size=48",
    "smaller=0.4",
    "epochs=3",
    "batch=4",
    "accumulate=2",
    "target=9-class",
    "mixup=0.3",
    "cutmix=0.5",
    "balance=melanoma",
    "layer_decay=0.8",
    "freeze_epochs=1",
    "augmentation=randaugment",
    "label_smoothing=0.05",
    "dropout=0.3",
]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("resume")
    chance = np.random.default_rng(0)
    rows = [
        (
            {"image": f"i{i}", "diagnosis": ("melanoma", "nevus", "unknown")[i % 3]},
            made_up_picture(chance).resize((80, 80), Image.Resampling.BICUBIC),
        )
        for i in range(90)
    ]
    store = ingest(folder / "store", write_collection(folder / "set", rows))
    assert main(["folds", str(store.folder), "--folds", "5"]) == 0
    return store


@pytest.fixture(scope="module")
def undisturbed(store, tmp_path_factory):
    out = tmp_path_factory.mktemp("undisturbed") / "run"
    assert main(["train", "--store", str(store.folder), "--out", str(out), *SETTINGS]) == 0
    return out


def same(run, other) -> bool:
    """Compare what ships, and everything that would go on learning."""
    one, two = (torch.load(r / runs.CHECKPOINT, weights_only=True) for r in (run, other))
    parts = ("heads", "average")
    return (
        (run / runs.WEIGHTS).read_bytes() == (other / runs.WEIGHTS).read_bytes()
        and (run / runs.SCORES).read_bytes() == (other / runs.SCORES).read_bytes()
        and one["step"] == two["step"]
        and all(torch.equal(one[p][name], two[p][name]) for p in parts for name in one[p])
    )


def test_a_run_stopped_in_the_middle_of_an_epoch_goes_on_bit_for_bit(store, undisturbed, tmp_path):
    from ml.training import recipe

    wanted = recipe.read(None, SETTINGS)
    out = tmp_path / "run"
    for stop in (2, 3, 9, 10, 17):  # 6 steps an epoch
        limits = Limits(stop=lambda step, stop=stop: step >= stop)
        assert train(wanted, store, out, tmp_path / "cache", limits) is None
        assert torch.load(out / runs.CHECKPOINT, weights_only=True)["step"] == stop
        assert not (out / runs.FACTS).exists()
    assert train(wanted, store, out, tmp_path / "cache", Limits()) is not None
    assert same(out, undisturbed)


def start(store, out, *more: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "ml", "train", "--store", str(store.folder)]
    return subprocess.Popen([*command, "--out", str(out), *SETTINGS, *more])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_killed_goes_on_bit_for_bit(store, undisturbed, tmp_path, number):
    out = tmp_path / "run"
    process = start(store, out)
    deadline = time.monotonic() + 120
    while not (out / runs.CHECKPOINT).exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(number)
    assert process.wait(60) == (3 if number == signal.SIGTERM else -number)
    assert not (out / runs.FACTS).exists()
    assert start(store, out).wait(120) == 0
    assert same(out, undisturbed)


def test_time_that_is_up_ends_a_call_but_not_the_run(store, tmp_path, capsys):
    arguments = ["train", "--store", str(store.folder), "--out", str(tmp_path / "run"), *SETTINGS]
    assert main([*arguments, "--budget", "1e-9"]) == 3
    assert "goes on from here" in capsys.readouterr().err


def test_other_data_does_not_go_on(store, tmp_path, capsys):
    arguments = ["train", "--store", str(store.folder), "--out", str(tmp_path / "run"), *SETTINGS]
    assert main([*arguments, "--budget", "1e-9"]) == 3
    assert main([*arguments, "--limit", "40"]) == 2
    assert "another data" in capsys.readouterr().err
    assert main([*arguments, "--limit", "40", "--again", "--budget", "1e-9"]) == 3


def test_a_run_tells_how_it_went(undisturbed):
    facts = json.loads((undisturbed / runs.FACTS).read_text())
    assert facts["recipe"]["target"] == "9-class"
    assert [line["epoch"] for line in facts["history"]] == [1, 2, 3]
    assert [line["size"] for line in facts["history"]] == [48, 64, 64]
    for line in facts["history"]:
        assert line["loss"] > 0
        assert line["images_per_second"] > 0
        assert 0 <= line["waiting"] <= 1
        assert 0 <= line["auc_held_out"] <= 1
    assert facts["seconds"] > 0
    with Image.open(undisturbed / "curves.png") as curves:
        assert curves.format == "PNG"


def test_the_log_is_cut_back_to_where_a_run_goes_on(tmp_path):
    log = History(tmp_path, 0)
    for step in (10, 20, 30):
        log.add(step=step, loss=1.0)
    with log.file.open("a") as file:
        file.write('{"step": 40, "lo')
    assert [line["step"] for line in History(tmp_path, 20).lines()] == [10, 20]


def test_tensorboard_shows_the_same_curve_after_going_on(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    log = History(tmp_path, 0)
    for step in (10, 20, 30):
        log.add(step=step, loss=float(step))
    History(tmp_path, 20).add(step=25, loss=7.0, auc_held_out=None)
    shown = EventAccumulator(str(tmp_path / BOARD)).Reload()
    assert [(e.step, e.value) for e in shown.Scalars("loss")] == [(10, 10.0), (20, 20.0), (25, 7.0)]
    assert shown.Tags()["scalars"] == ["loss"]


def test_two_processes_train_one_network(store, tmp_path):
    """``torchrun`` with two processes on the CPU; both must end with the same weights."""
    out = tmp_path / "run"
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    arguments = ["--store", str(store.folder), "--out", str(out), "--cache", str(tmp_path / "c")]
    settings = ["model=mobilenetv2_035", "size=64", "epochs=1", "batch=4", "target=9-class"]
    result = subprocess.run(
        [*command, "--standalone", "-m", "ml", "train", *arguments, *settings],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    facts = json.loads((out / runs.FACTS).read_text())
    assert facts["processes"] == 2
    assert facts["trained_on"] // 8 == torch.load(out / runs.CHECKPOINT, weights_only=True)["step"]
    assert len(re.findall("held-out fold 0", result.stdout)) == 1


def test_defaults_are_the_recipe_of_no_file():
    from ml.training import recipe

    assert recipe.read(None) == Recipe()
