"""A network learns what its teachers say, who must not know what it is measured on."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch.nn import functional

from ml import runs
from ml.__main__ import main
from ml.atomic import write_json
from ml.network import Network
from ml.training import distillation
from ml.training.batches import Batches, mix
from ml.training.loop import Limits, train
from ml.training.recipe import Recipe, RecipeError
from ml.training.trainer import Trainer, objective
from tests.ml.made_up import made_up_picture
from tests.ml.stores import ingest, write_collection
from tests.ml.training.made_up import SMALL, pictures

pytestmark = pytest.mark.training


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("taught")
    chance = np.random.default_rng(0)
    rows = [
        (
            {"image": f"i{i}", "target": int(i % 3 == 0)},
            made_up_picture(chance).resize((80, 80), Image.Resampling.BICUBIC),
        )
        for i in range(60)
    ]
    store = ingest(folder / "store", write_collection(folder / "set", rows))
    assert main(["folds", str(store.folder), "--folds", "5"]) == 0
    return store


def teacher(folder, store, says: float, held_out=(0, 1), folds: str = "") -> str:
    """Write a finished run that gives every picture the same logit; return its folder."""
    folder.mkdir(parents=True)
    network = Network("mobilenetv2_035", "imagenet")
    torch.nn.init.zeros_(network.net.get_classifier().weight)
    torch.nn.init.constant_(network.net.get_classifier().bias, says)
    weights = {name: t.contiguous() for name, t in network.net.state_dict().items()}
    save_file(weights, folder / runs.WEIGHTS)
    recipe = Recipe(model="mobilenetv2_035", size=96, held_out=held_out).plain()
    facts = {"recipe": recipe, "folds": {"sha256": folds or store.folds_sha256()}}
    write_json(folder / runs.FACTS, facts)
    return str(folder)


@pytest.fixture(scope="module")
def teachers(store, tmp_path_factory):
    folder = tmp_path_factory.mktemp("teachers")
    return (
        teacher(folder / "sure", store, 3.0),
        teacher(folder / "surer", store, 5.0, held_out=(0, 1, 2)),
    )


def student(teachers, **settings) -> Recipe:
    return Recipe(
        **{
            "model": "mobilenetv2_035",
            "size": 64,
            "epochs": 2,
            "batch": 6,
            "teachers": tuple(teachers),
            "mixup": 0.3,
            **settings,
        }
    )


def test_the_loss_is_shared_between_labels_and_teachers():
    logits, melanoma = torch.tensor([0.3, -1.2, 2.0]), torch.tensor([1.0, 0, 0.25])
    taught = torch.tensor([[0.2], [0.5], [0.9]])
    nothing = torch.zeros(3, 0)
    labels = functional.binary_cross_entropy_with_logits(logits, melanoma)
    answers = functional.binary_cross_entropy_with_logits(logits / 2, taught[:, 0])
    for weight in (0.0, 0.3, 1.0):
        loss = objective(logits, None, melanoma, nothing, 0.0, taught, weight, 2.0)
        assert torch.isclose(loss, (1 - weight) * labels + weight * 4 * answers)


def test_the_temperature_leaves_the_size_of_the_gradient():
    norms = []
    for temperature in (1.0, 4.0):
        logits = torch.tensor([0.2, -0.1, 0.05], requires_grad=True)
        taught = torch.sigmoid(torch.tensor([[0.4], [0.3], [-0.2]]) / temperature)
        objective(
            logits, None, torch.zeros(3), torch.zeros(3, 0), 0.0, taught, 1.0, temperature
        ).backward()
        norms.append(logits.grad.norm())
    assert torch.isclose(*norms, rtol=0.05)


@pytest.mark.parametrize("kind", ["mixup", "cutmix"])
def test_answers_are_mixed_as_the_pictures_are(kind):
    views = torch.arange(4.0)[:, None, None, None].expand(4, 3, 16, 16)
    recipe = replace(SMALL, **{kind: 1.0})
    mixed, melanoma, _, taught = mix(
        (views, torch.zeros(4), torch.eye(4), torch.arange(4.0)[:, None] / 4),
        recipe,
        np.random.default_rng(3),
    )
    assert torch.allclose(mixed.mean(dim=(1, 2, 3)) / 4, taught[:, 0], atol=1e-5)
    assert not torch.equal(taught[:, 0], torch.arange(4.0) / 4)
    assert (melanoma == 0).all()


@pytest.mark.parametrize(("weight", "follows_labels"), [(1.0, False), (0.0, True)])
def test_with_its_whole_weight_the_teacher_is_believed_against_the_labels(weight, follows_labels):
    data = pictures()
    contrary = (0.05 + 0.9 * (1 - data.melanoma)).astype(np.float32)[:, None]
    recipe = replace(
        SMALL, epochs=12, augmentation="none", lr=3e-3, teachers=("x",), teacher_weight=weight
    )
    batches = Batches(recipe, replace(data, taught=contrary))
    trainer = Trainer(recipe, torch.device("cpu"), len(batches), 0)
    for step in range(len(batches)):
        trainer.learn(batches[step])
    with torch.no_grad():
        logits = trainer.average.network.eval()(torch.from_numpy(data.pixels[64]))[0].numpy()
    agreement = np.corrcoef(logits, data.melanoma)[0, 1]
    assert agreement > 0.5 if follows_labels else agreement < -0.5


def test_the_mean_logit_is_taught_and_computed_once(store, teachers, tmp_path, monkeypatch):
    asked = []
    ask = distillation._ask
    monkeypatch.setattr(distillation, "_ask", lambda *a: asked.append(a[0].run) or ask(*a))
    stop = Limits(stop=lambda step: step >= 1)
    out, cache = tmp_path / "run", tmp_path / "cache"
    assert train(student(teachers), store, out, cache, stop) is None
    assert len(asked) == 2
    logits = sorted(float(np.load(file).mean()) for file in cache.glob("teacher-*.npy"))
    assert logits == pytest.approx([3.0, 5.0], abs=1e-4)
    assert train(student(teachers[::-1]), store, out, cache, stop) is None
    assert len(asked) == 2
    found = distillation.gather(student(teachers, temperature=2.0), store)
    assert [one.sha256 for one in found] == sorted(one.sha256 for one in found)


def test_a_student_of_sure_teachers_is_sure(store, teachers, tmp_path):
    recipe = student(teachers, teacher_weight=1.0, epochs=5, lr=1e-2, mixup=0.0, ema=0.5)
    facts = train(recipe, store, tmp_path / "run", tmp_path / "cache", Limits())
    text = (tmp_path / "run" / runs.FACTS).read_text()
    assert json.loads(text)["recipe"]["teachers"] == sorted(
        one.sha256 for one in distillation.gather(recipe, store)
    )
    assert "teachers" in facts["recipe"]
    assert str(teachers[0]) not in text
    scores = np.loadtxt(tmp_path / "run" / runs.SCORES, delimiter=",", skiprows=1, usecols=5)
    assert np.median(scores) > 1.5  # a third of the labels are melanomas


def test_a_taught_run_goes_on_bit_for_bit(store, teachers, tmp_path):
    cache = tmp_path / "cache"
    assert train(student(teachers), store, tmp_path / "whole", cache, Limits()) is not None
    for stop in (2, 7):
        limits = Limits(stop=lambda step, stop=stop: step >= stop)
        assert train(student(teachers), store, tmp_path / "parts", cache, limits) is None
    for file in cache.glob("teacher-*.npy"):
        file.unlink()
    moved = shutil.copytree(teachers[0], tmp_path / "moved")
    last = student([teachers[1], str(moved)])
    assert train(last, store, tmp_path / "parts", cache, Limits()) is not None
    for name in (runs.WEIGHTS, runs.SCORES):
        assert (tmp_path / "parts" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    with pytest.raises(ValueError, match="another recipe"):
        train(student(teachers[:1]), store, tmp_path / "parts", cache, Limits())


def test_a_teacher_that_knows_what_is_held_out_is_refused(store, teachers, tmp_path, capsys):
    knows = teacher(tmp_path / "knows", store, 0.0, held_out=(0, 3))
    with pytest.raises(RecipeError, match="knows has learnt from fold 1, which this run holds out"):
        distillation.gather(student([teachers[0], knows]), store)
    other = teacher(tmp_path / "other", store, 0.0, folds="0" * 64)
    with pytest.raises(RecipeError, match="other was trained with other folds"):
        distillation.gather(student([other]), store)
    with pytest.raises(RecipeError, match="same weights"):
        distillation.gather(student([teachers[0], teachers[0]]), store)
    command = ["train", "--store", str(store.folder), "--out", str(tmp_path / "run")]
    assert main([*command, f"teachers=[{json.dumps(knows)}]"]) == 2
    assert "has learnt from fold 1" in capsys.readouterr().err
    assert main([*command, f'teachers=["{tmp_path / "gone"}"]']) == 2
    assert "gone" in capsys.readouterr().err


def test_a_run_from_before_there_were_teachers_goes_on(tmp_path):
    trainer = Trainer(SMALL, torch.device("cpu"), 10, 0)
    trainer.save(tmp_path / "old.pt", {})
    state = torch.load(tmp_path / "old.pt", weights_only=True)
    for key in ("metadata", "teachers", "teacher_weight", "temperature"):
        del state["recipe"][key]
    torch.save(state, tmp_path / "old.pt")
    trainer.restore(tmp_path / "old.pt", {})
    taught = Trainer(replace(SMALL, teachers=("a" * 64,)), torch.device("cpu"), 10, 0)
    with pytest.raises(ValueError, match=r"another recipe: \{'teachers': \[\]\}"):
        taught.restore(tmp_path / "old.pt", {})
