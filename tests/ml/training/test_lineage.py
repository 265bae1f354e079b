"""A run that begins with another's weights knows what that one has learnt from."""

import json

import numpy as np
import pytest
from PIL import Image

from ml import runs
from ml.__main__ import main
from ml.bundling import _commands
from ml.card import _before
from tests.ml.made_up import made_up_picture
from tests.ml.stores import ingest, write_collection

pytestmark = pytest.mark.training

SETTINGS = ["model=mobilenetv2_035", "size=64", "epochs=1", "batch=4", "augmentation=none"]


SETS = {"near": 40, "far": 12}


def lesions(name: str, n: int, chance: np.random.Generator):
    return [
        (
            {"image": f"{name}{i}", "target": i % 2},
            made_up_picture(chance).resize((80, 80), Image.Resampling.BICUBIC),
        )
        for i in range(n)
    ]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lineage")
    chance = np.random.default_rng(0)
    sets = [write_collection(folder / name, lesions(name, n, chance)) for name, n in SETS.items()]
    store = ingest(folder / "store", *sets)
    assert main(["folds", str(store.folder), "--folds", "4"]) == 0
    return store


def train(store, out, *settings) -> int:
    return main(["train", "--store", str(store.folder), "--out", str(out), *SETTINGS, *settings])


@pytest.fixture(scope="module")
def first(store, tmp_path_factory):
    out = tmp_path_factory.mktemp("first") / "run"
    assert train(store, out) == 0
    return out


def test_a_run_remembers_the_one_that_it_began_with(store, first, tmp_path):
    out = tmp_path / "second"
    assert train(store, out, f"init={first / runs.WEIGHTS}", "lr=1e-4") == 0
    learnt = json.loads((out / runs.FACTS).read_text())
    before = learnt["began_with"]
    assert (before["recipe"]["lr"], before["epochs"], before["began_with"]) == (5e-4, 1, None)
    assert len(before["sha256"]) == 64
    trainings = [line for line in _commands(learnt, "name", "1").splitlines() if " train " in line]
    assert "--out RUN-1 " in trainings[0]
    assert "init" not in trainings[0]
    assert "--out RUN-2 " in trainings[1]
    assert "lr=0.0001" in trainings[1]
    assert "RUN-1/model.safetensors" in trainings[1]
    assert "a run of 1 epochs" in _before(before)
    assert str(tmp_path) not in json.dumps(before)


def test_weights_that_know_what_is_held_out_are_refused(store, first, tmp_path, capsys):
    weights = f"init={first / runs.WEIGHTS}"
    assert train(store, tmp_path / "run", weights, "held_out=[0,2]") == 2
    assert "has learnt from fold 2, which this run holds out" in capsys.readouterr().err
    assert train(store, tmp_path / "run", weights, "held_out=[1,0]") == 0


def test_weights_of_other_folds_are_refused(store, first, tmp_path, capsys):
    other = tmp_path / "first"
    other.mkdir()
    (other / runs.WEIGHTS).write_bytes((first / runs.WEIGHTS).read_bytes())
    facts = runs.read_facts(first)
    facts["folds"]["sha256"] = "0" * 64
    (other / runs.FACTS).write_text(json.dumps(facts))
    assert train(store, tmp_path / "run", f"init={other / runs.WEIGHTS}") == 2
    assert "other folds" in capsys.readouterr().err


def test_of_weights_without_a_run_nothing_is_known(store, first, tmp_path):
    weights = tmp_path / runs.WEIGHTS
    weights.write_bytes((first / runs.WEIGHTS).read_bytes())
    out = tmp_path / "run"
    assert train(store, out, f"init={weights}", "held_out=[2,3]") == 0
    assert runs.read_facts(out)["began_with"] is None


@pytest.fixture(scope="module")
def near_alone(store, tmp_path_factory):
    out = tmp_path_factory.mktemp("near") / "run"
    assert train(store, out, 'without=["far"]') == 0
    return out


def test_a_source_that_a_run_does_without_is_measured_whole(near_alone, first):
    with_it, without = runs.read_facts(first), runs.read_facts(near_alone)
    assert with_it["trained_on"] > without["trained_on"]
    assert list(without["auc_without"]) == ["far"]
    assert without["auc_without"]["far"]["pictures"] == SETS["far"]
    assert "auc_without" not in with_it
    assert {row.split(",")[4] for row in (near_alone / runs.SCORES).read_text().split()[1:]} == {
        "0",
        "1",
    }


def test_a_run_that_does_without_a_source_begins_with_no_weights_that_know_it(
    store, first, near_alone, tmp_path, capsys
):
    knows, does_not = (f"init={run / runs.WEIGHTS}" for run in (first, near_alone))
    assert train(store, tmp_path / "run", knows, 'without=["far"]') == 2
    assert "has learnt from far" in capsys.readouterr().err
    assert train(store, tmp_path / "run", does_not, 'without=["far"]') == 0


def test_a_source_that_is_not_there_cannot_be_done_without(store, tmp_path, capsys):
    assert train(store, tmp_path / "run", 'without=["nowhere"]') == 2
    assert "no source nowhere" in capsys.readouterr().err
