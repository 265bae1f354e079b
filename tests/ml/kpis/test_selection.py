"""The cheapest of those that chance cannot tell apart is taken; the test fold has no say."""

import json

import numpy as np
import pandas as pd
import pytest

from ml import runs
from ml.__main__ import main
from ml.kpis.selection import select

pytestmark = pytest.mark.training

CHEAP, DEAR = "mobilenetv2_035", "mobilenetv2_100"
N = 1500


def run(folder, model: str, skill: float, seed: int, test_skill: float = 1.5, folds: str = "f"):
    """Write a run that tells melanomas so well, and another skill on the test fold."""
    folder.mkdir()
    truth = np.random.default_rng(7)
    group = np.sort(truth.integers(0, N // 2, N))
    target = (truth.random(N) < 0.2).astype(int)
    fold = group % 3
    noise = np.random.default_rng(seed).normal(0, 0.2, N) + truth.normal(0, 1, N)
    strength = np.where(fold == 0, test_skill, skill)
    table = {
        "image": [f"i{i}" for i in range(N)],
        "source": np.where(group % 2, "one", "two"),
        "group": [f"g{g}" for g in group],
        "target": target,
        "fold": fold,
        "logit": target * strength + noise,
    }
    pd.DataFrame(table).to_csv(folder / runs.SCORES, index=False)
    facts = {
        "recipe": {"model": model, "normalisation": "imagenet", "size": 64},
        "folds": {"sha256": folds, "test": 0, "calibration": 1},
        "seconds": 1.0,
        "trained_on": 1,
        "history": [],
        "device": "cpu",
    }
    (folder / runs.FACTS).write_text(json.dumps(facts))
    return folder


def test_of_equals_the_cheapest_is_taken(tmp_path, capsys):
    dear = run(tmp_path / "dear", DEAR, 1.5, seed=1)
    cheap = run(tmp_path / "cheap", CHEAP, 1.49, seed=2)
    for order in ([dear, cheap], [cheap, dear]):
        selection = select(order)
        assert selection.taken.run == cheap
        worse = selection.candidates[1]
        assert worse.behind.low <= 0 <= worse.behind.high
        assert worse.p > 0.05
    assert main(["select", str(dear), str(cheap)]) == 0
    said = capsys.readouterr().out
    assert "≈" in said
    assert f"take {cheap}" in said
    assert "Mean AUC over one, two" in said


def test_the_better_one_is_worth_its_price(tmp_path, capsys):
    dear = run(tmp_path / "dear", DEAR, 2.2, seed=1)
    cheap = run(tmp_path / "cheap", CHEAP, 1.2, seed=2)
    selection = select([cheap, dear])
    assert selection.taken.run == dear
    assert selection.candidates[1].p < 0.01
    assert main(["select", str(cheap), str(dear)]) == 0
    assert f"{dear} > {cheap}" in capsys.readouterr().out


def test_the_test_fold_has_no_say(tmp_path):
    dear = run(tmp_path / "dear", DEAR, 1.5, seed=1, test_skill=5)
    cheap = run(tmp_path / "cheap", CHEAP, 1.5, seed=2, test_skill=-5)
    selection = select([dear, cheap])
    assert selection.taken.run == cheap
    assert selection.pictures < N


def test_runs_with_other_folds_are_not_compared(tmp_path, capsys):
    one = run(tmp_path / "one", CHEAP, 1.5, seed=1)
    other = run(tmp_path / "other", CHEAP, 1.5, seed=2, folds="g")
    assert main(["select", str(one), str(other)]) == 2
    assert "other folds" in capsys.readouterr().err


def test_one_run_is_no_choice(tmp_path, capsys):
    assert main(["select", str(run(tmp_path / "one", CHEAP, 1.5, seed=1))]) == 2
    assert "two runs" in capsys.readouterr().err


def test_a_run_that_is_not_finished_is_an_error(tmp_path, capsys):
    one = run(tmp_path / "one", CHEAP, 1.5, seed=1)
    (tmp_path / "two").mkdir()
    assert main(["select", str(one), str(tmp_path / "two")]) == 2
    assert "run.json" in capsys.readouterr().err
