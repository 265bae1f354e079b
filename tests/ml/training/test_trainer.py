"""A step does what the recipe says."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional

from ml.training.batches import Batches
from ml.training.finder import search, suggest
from ml.training.trainer import Trainer, objective
from tests.ml.training.made_up import SMALL, pictures

pytestmark = pytest.mark.training


def trainer_of(recipe, freeze_steps: int = 0) -> tuple[Trainer, Batches]:
    batches = Batches(recipe, pictures())
    return Trainer(recipe, torch.device("cpu"), len(batches), freeze_steps), batches


def test_the_loss_is_cross_entropy():
    logits, melanoma = torch.tensor([0.3, -1.2, 2.0]), torch.tensor([1.0, 0, 0.25])
    expected = functional.binary_cross_entropy_with_logits(logits, melanoma)
    assert torch.isclose(objective(logits, None, melanoma, torch.zeros(3, 0), 0.0), expected)
    classes, known = torch.randn(3, 4), torch.tensor([2, 0, -100])
    one_hot = (known[:, None] == torch.arange(4)).float()
    expected = expected + functional.cross_entropy(classes, known, ignore_index=-100)
    assert torch.isclose(objective(logits, classes, melanoma, one_hot, 0.0), expected)


def test_labels_are_smoothed_as_torch_does():
    classes, known = torch.randn(3, 4), torch.tensor([2, 0, 1])
    one_hot = functional.one_hot(known, 4).float()
    logits, melanoma = torch.randn(3), torch.tensor([1.0, 0, 0])
    pairs = torch.stack([torch.zeros(3), logits], dim=1)
    expected = functional.cross_entropy(pairs, melanoma.long(), label_smoothing=0.1)
    expected += functional.cross_entropy(classes, known, label_smoothing=0.1)
    assert torch.isclose(objective(logits, classes, melanoma, one_hot, 0.1), expected)


def test_nothing_known_is_no_loss():
    loss = objective(torch.zeros(2), torch.randn(2, 3), torch.zeros(2), torch.zeros(2, 3), 0.1)
    assert torch.isclose(loss, torch.tensor(np.log(2), dtype=torch.float32))


def test_each_layer_has_its_share_of_the_rate():
    trainer, batches = trainer_of(replace(SMALL, layer_decay=0.5, target="3-class"))
    trainer.learn(batches[0])
    rates = {}
    names = {id(p): name for name, p in trainer.heads.named_parameters()}
    for group in trainer.optimizer.param_groups:
        for parameter in group["params"]:
            rates[names[id(parameter)]] = group["lr"]
            assert group["weight_decay"] == (0.05 if parameter.ndim > 1 else 0.0)
    assert rates.keys() == set(names.values())
    top = trainer.rate(0)
    assert rates["network.net.classifier.weight"] == rates["diagnosis.weight"] == top
    assert rates["network.net.conv_stem.weight"] < 0.01 * top
    assert rates["network.net.blocks.1.0.conv_pw.weight"] < rates["network.net.conv_head.weight"]


def test_only_the_heads_move_while_the_rest_is_frozen():
    trainer, batches = trainer_of(replace(SMALL, target="3-class"), freeze_steps=2)
    before = {name: p.clone() for name, p in trainer.heads.named_parameters()}
    trainer.learn(batches[0])
    trainer.learn(batches[1])
    moved = {n for n, p in trainer.heads.named_parameters() if not torch.equal(p, before[n])}
    assert moved == {n for n in before if "classifier" in n or n.startswith("diagnosis")}
    trainer.learn(batches[2])
    moved = {n for n, p in trainer.heads.named_parameters() if not torch.equal(p, before[n])}
    assert "network.net.conv_stem.weight" in moved


def test_halves_of_a_batch_sum_up_to_it(monkeypatch):
    """Without dropout and batch statistics, accumulation is exact but for rounding."""
    whole = replace(SMALL, dropout=0.0, augmentation="none", lr=1e-3)
    halves = replace(whole, batch=4, accumulate=2)
    weights = []
    for recipe in (whole, halves):
        trainer, batches = trainer_of(recipe)
        trainer.model.eval()
        monkeypatch.setattr(trainer.model, "train", lambda: None)
        trainer.learn(batches[0])
        weights.append(trainer.heads.network.net.classifier.weight.clone())
    assert torch.allclose(*weights, atol=1e-5)


def test_the_average_follows_slowly():
    trainer, batches = trainer_of(replace(SMALL, ema=0.5))
    first = trainer.heads.network.net.conv_head.weight.clone()
    trainer.learn(batches[0])
    moved = trainer.heads.network.net.conv_head.weight
    average = trainer.average.network.net.conv_head.weight
    assert torch.allclose(average, 0.1 * first + 0.9 * moved)  # (1 + 0) / (10 + 0) at first


def test_the_average_reaches_as_far_back_as_it_is_told():
    trainer, batches = trainer_of(replace(SMALL, ema=0.9999, ema_ramp=1.0))
    seen = [trainer.heads.network.net.conv_head.weight.clone()]
    for step in range(3):
        trainer.learn(batches[step])
        seen.append(trainer.heads.network.net.conv_head.weight.clone())
    average = trainer.average.network.net.conv_head.weight
    assert torch.allclose(average, torch.stack(seen).mean(dim=0), atol=1e-6)  # all alike


def test_it_learns():
    # Gentle enough to learn whatever the number of threads, on which the sums' rounding depends.
    plain = {"augmentation": "none", "dropout": 0.0, "lr": 1e-3}
    recipe = replace(SMALL, epochs=16, target="3-class", **plain)
    trainer, batches = trainer_of(recipe)
    losses = [trainer.learn(batches[step])[0].item() for step in range(len(batches))]
    assert np.mean(losses[-12:]) < 0.8 * np.mean(losses[:12])


def test_gradient_checkpointing_changes_nothing():
    weights = []
    for saves in (False, True):
        trainer, batches = trainer_of(replace(SMALL, gradient_checkpointing=saves, dropout=0.0))
        trainer.learn(batches[0])
        weights.append(trainer.heads.network.net.classifier.weight.clone())
    assert torch.allclose(*weights, atol=1e-6)


def test_a_search_finds_where_the_loss_falls():
    rates = np.geomspace(1e-6, 1, 60).tolist()
    losses = [0.7 - 0.5 / (1 + (1e-3 / r) ** 2) + (r / 0.1) ** 2 for r in rates]
    found = suggest(rates, losses)
    assert 2e-4 < found.steepest < 2e-3
    assert 5e-4 < found.valley < 5e-3


def test_a_search_stops_when_the_loss_is_out_of_hand():
    found = search(*trainer_of(SMALL), steps=40)
    assert 5 < len(found.rates) <= 40
    assert all(np.isfinite(found.losses))
    assert found.rates[0] < found.valley < 1
