"""What is known of a person is added to what the picture says, and changes nothing else."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from ml import runs
from ml.__main__ import main
from ml.data import samples as data
from ml.training import distillation, metadata
from ml.training.batches import Batches
from ml.training.loop import Limits, train
from ml.training.recipe import Recipe, RecipeError
from ml.training.trainer import Trainer
from tests.ml.made_up import made_up_picture
from tests.ml.stores import ingest, write_collection
from tests.ml.training.made_up import SMALL, pictures

pytestmark = pytest.mark.training

PEOPLE = pd.DataFrame(
    {
        "age": [30.0, 50.0, None, None],
        "sex": ["female", None, "male", None],
        "site": ["torso", "back of beyond", None, None],
    }
)
RECIPE = Recipe(model="mobilenetv2_035", size=64, epochs=2, batch=6, metadata=True, mixup=0.3)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("people")
    chance = np.random.default_rng(0)
    rows = [
        (
            {
                "image": f"i{i}",
                "target": int(i % 3 == 0),
                "age": "" if i % 4 == 0 else 70 if i % 3 == 0 else 30,
                "sex": ("male", "female", "")[i % 3],
                "site": ("torso", "", "")[i % 3],
            },
            made_up_picture(chance).resize((80, 80), Image.Resampling.BICUBIC),
        )
        for i in range(60)
    ]
    store = ingest(folder / "store", write_collection(folder / "set", rows))
    assert main(["folds", str(store.folder), "--folds", "5"]) == 0
    return store


def test_people_become_numbers():
    encoding = metadata.fit(PEOPLE)
    assert (encoding.mean, encoding.sd) == (40.0, 10.0)
    table = pd.DataFrame(encoding.of(PEOPLE), columns=metadata.COLUMNS)
    assert table["age"].tolist() == [-1, 1, 0, 0]
    assert table["age missing"].tolist() == [0, 0, 1, 1]
    assert table["female"].tolist() == [1, 0, 0, 0]
    assert table["male"].tolist() == [0, 0, 1, 0]
    assert table["sex missing"].tolist() == [0, 1, 0, 1]
    assert table["torso"].tolist() == [1, 0, 0, 0]
    assert table["elsewhere"].tolist() == [0, 1, 0, 0]
    assert table["site missing"].tolist() == [0, 0, 1, 1]
    assert table[list(metadata.PLACES)].sum(axis=1).tolist() == [1, 1, 0, 0]
    told = encoding.told(PEOPLE)
    assert (told[3] == 0).all()
    assert np.array_equal(told[:3], encoding.of(PEOPLE)[:3])


def test_nobody_known_is_no_error():
    nobody = PEOPLE.iloc[3:]
    assert metadata.fit(nobody) == metadata.Encoding(0.0, 1.0)
    assert np.isfinite(metadata.fit(nobody).of(nobody)).all()


def test_samples_carry_what_the_store_knows(store):
    people = {sample.image: sample for sample in data.read(store, 64)}
    assert (people["i1"].age, people["i1"].sex, people["i1"].site) == (30, "female", None)
    assert (people["i0"].age, people["i0"].sex, people["i0"].site) == (None, "male", "torso")
    table = metadata.table(list(people.values()))
    assert table["age"].isna().sum() == 15
    assert np.isfinite(metadata.fit(table).told(table)).all()


def learnt(missing: bool) -> tuple[Trainer, np.ndarray, np.ndarray]:
    """Return a trainer that had nothing to go by but what it was told."""
    plain = pictures()
    grey = {size: np.full_like(pixels, 128) for size, pixels in plain.pixels.items()}
    people = np.zeros((50, len(metadata.COLUMNS)), np.float32)
    if not missing:
        people[:, 0] = np.where(plain.melanoma, 1, -1)
    recipe = replace(SMALL, epochs=15, lr=1e-2, ema=0.5, metadata=True, augmentation="none")
    batches = Batches(recipe, replace(plain, pixels=grey, people=people))
    trainer = Trainer(recipe, torch.device("cpu"), len(batches), 0)
    for step in range(len(batches)):
        trainer.learn(batches[step])
    return trainer, people, plain.melanoma


def test_it_learns_from_what_it_is_told():
    trainer, people, melanoma = learnt(missing=False)
    logits = metadata.judge(trainer.average.metadata, people)
    assert logits[melanoma == 1].min() > logits[melanoma == 0].max() + 1


def test_where_nothing_is_known_the_picture_alone_decides():
    heads = learnt(missing=False)[0].average.eval()
    images = torch.rand(3, 3, 64, 64) * 255
    nothing = torch.zeros(3, len(metadata.COLUMNS))
    with torch.no_grad():
        assert torch.equal(heads(images, nothing)[0], heads.network.judge(images)[0])
        told = heads(images, nothing + 1)[0] - heads.network.judge(images)[0]
    assert told.abs().min() > 0
    assert torch.allclose(told, told[:1])  # whatever the picture


def test_while_learning_some_people_count_as_unknown():
    judge = metadata.Judge()
    torch.nn.init.ones_(judge.outer.weight)
    people = torch.ones(2000, len(metadata.COLUMNS))
    torch.manual_seed(0)
    unknown = (judge(people) == 0).float().mean()
    assert unknown == pytest.approx(metadata.LEFT_OUT, abs=0.04)
    assert (judge.eval()(people) != 0).all()


def test_without_metadata_the_weights_are_drawn_as_before():
    plain, told = (Trainer(replace(SMALL, metadata=m), torch.device("cpu"), 9, 0) for m in (0, 1))
    assert not any(name.startswith("metadata") for name in plain.heads.state_dict())
    for name, weights in plain.heads.state_dict().items():
        assert torch.equal(weights, told.heads.state_dict()[name])


def test_a_run_with_metadata_goes_on_bit_for_bit_and_is_not_bundled(store, tmp_path, capsys):
    whole, parts, cache = tmp_path / "whole", tmp_path / "parts", tmp_path / "cache"
    facts = train(RECIPE, store, whole, cache, Limits())
    for stop in (2, 7):
        limits = Limits(stop=lambda step, stop=stop: step >= stop)
        assert train(RECIPE, store, parts, cache, limits) is None
    assert train(RECIPE, store, parts, cache, Limits()) is not None
    for name in (runs.WEIGHTS, runs.METADATA, runs.SCORES):
        assert (parts / name).read_bytes() == (whole / name).read_bytes()
    assert facts["metadata"]["age"]["sd"] > 0
    assert facts["auc_without_metadata"].keys() == facts["auc"].keys()
    assert json.loads((whole / runs.FACTS).read_text())["recipe"]["metadata"] is True
    assert main(["bundle", str(whole), "--out", str(tmp_path / "bundle")]) == 2
    assert "for which the app does not ask" in capsys.readouterr().err
    assert not (tmp_path / "bundle").exists()
    student = replace(RECIPE, metadata=False, teachers=(str(whole),))
    with pytest.raises(RecipeError, match="judges by age, sex and site too"):
        distillation.gather(student, store)


def test_other_metadata_does_not_go_on(store, tmp_path, monkeypatch):
    limits = Limits(stop=lambda step: step >= 1)
    assert train(RECIPE, store, tmp_path / "run", tmp_path / "cache", limits) is None
    monkeypatch.setattr(metadata, "fit", lambda people: metadata.Encoding(1.0, 2.0))
    with pytest.raises(ValueError, match="another data"):
        train(RECIPE, store, tmp_path / "run", tmp_path / "cache", limits)
