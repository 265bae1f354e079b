"""A run that begins with another's weights knows what that one has learnt from."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

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


@pytest.fixture(scope="module")
def second(store, first, tmp_path_factory):
    out = tmp_path_factory.mktemp("second") / "run"
    assert train(store, out, f"init={first / runs.WEIGHTS}", "lr=1e-3") == 0
    return out


def average(out, *runs_, size=64) -> int:
    return main(["average", *map(str, runs_), "--out", str(out), "--size", str(size)])


def test_the_mean_of_two_runs_is_a_run_that_judges_at_a_size_of_its_own(first, second, tmp_path):
    assert average(tmp_path / "mean", second, first, size=96) == 0
    one, other, mean = (load_file(run / runs.WEIGHTS) for run in (first, second, tmp_path / "mean"))
    middle = "conv_head.weight"
    assert not torch.equal(one[middle], other[middle])
    assert torch.allclose(mean[middle], (one[middle] + other[middle]) / 2)
    statistics = "bn1.running_mean"  # of the pictures at this size, not of the two runs
    assert not torch.allclose(mean[statistics], (one[statistics] + other[statistics]) / 2)
    learnt = runs.read_facts(tmp_path / "mean")
    assert runs.judged_at(learnt) == 96
    assert learnt["averaged"] == [2, 1]
    steps = [line for line in _commands(learnt, "name", "1").splitlines() if "RUN" in line]
    assert [" train " in step for step in steps] == [True, True, False, False]
    assert steps[2] == "python -m ml average RUN-2 RUN-1 --out RUN-3 --size 96"
    assert " bundle RUN-3 " in steps[3]


def test_a_run_and_itself_are_the_run_but_for_the_statistics(first, second, tmp_path):
    assert average(tmp_path / "mean", second) == 0
    before, after = (load_file(run / runs.WEIGHTS) for run in (second, tmp_path / "mean"))
    for name, tensor in before.items():
        assert torch.equal(tensor, after[name]) or "running" in name or "num_batches" in name


def test_what_begins_with_a_mean_remembers_how_it_was_made(store, first, second, tmp_path):
    assert average(tmp_path / "mean", second, first) == 0
    assert train(store, tmp_path / "third", f"init={tmp_path / 'mean' / runs.WEIGHTS}") == 0
    learnt = runs.read_facts(tmp_path / "third")
    steps = [line for line in _commands(learnt, "name", "1").splitlines() if "--out RUN" in line]
    assert steps[2].startswith("python -m ml average RUN-2 RUN-1 --out RUN-3 ")
    assert "RUN-3/model.safetensors" in steps[3]
    assert average(tmp_path / "again", tmp_path / "third", tmp_path / "mean") == 0


@pytest.mark.parametrize("kept", ["true", "false"])
def test_a_head_begins_anew_unless_it_is_kept(store, first, tmp_path, kept):
    out, weights = tmp_path / "run", first / runs.WEIGHTS
    # At this rate the weights stay where they began.
    assert train(store, out, f"init={weights}", "lr=1e-12", f"keep_head={kept}") == 0
    before, after = (load_file(run / runs.WEIGHTS) for run in (first, out))
    assert torch.allclose(before["conv_stem.weight"], after["conv_stem.weight"])
    same = torch.allclose(before["classifier.weight"], after["classifier.weight"])
    assert same == (kept == "true")


def test_runs_that_do_not_build_on_one_another_have_no_mean(first, second, tmp_path, capsys):
    assert average(tmp_path / "mean", first, second) == 2
    assert "did not begin with the weights of" in capsys.readouterr().err
    assert not (tmp_path / "mean").exists()


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
