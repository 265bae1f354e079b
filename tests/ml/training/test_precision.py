"""Half precision learns too, and what keeps its gradients from vanishing survives a stop."""

from dataclasses import replace

import pytest
import torch

from ml.training.batches import Batches
from ml.training.trainer import Trainer
from tests.ml.training.made_up import SMALL, pictures

pytestmark = [pytest.mark.training, pytest.mark.usefixtures("one_thread")]

FP16 = replace(SMALL, precision="fp16")
DATA = {"data": "made up"}


def start(recipe=FP16, scale: float | None = None) -> tuple[Trainer, Batches]:
    batches = Batches(recipe, pictures())
    trainer = Trainer(recipe, torch.device("cpu"), len(batches), 0)
    if scale:
        trainer.scaler = torch.amp.GradScaler("cpu", init_scale=scale)
    return trainer, batches


def weights(trainer: Trainer) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in trainer.heads.state_dict().items()}


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("precision", ["fp16", "bf16", "fp32"])
def test_every_precision_learns(precision):
    trainer, batches = start(replace(SMALL, precision=precision))
    before = weights(trainer)
    losses = [trainer.learn(batches[step])[0] for step in range(4)]
    assert torch.isfinite(torch.stack(losses)).all()
    after = weights(trainer)
    assert all(torch.isfinite(tensor).all() for tensor in after.values())
    assert not torch.equal(
        before["network.net.conv_stem.weight"], after["network.net.conv_stem.weight"]
    )
    assert trainer.scaler.is_enabled() == (precision == "fp16")


def test_a_run_in_half_precision_goes_on_bit_for_bit(tmp_path):
    # Another scale than a new run begins with, so that a lost one would show.
    undisturbed, batches = start(scale=512.0)
    for step in range(2):
        undisturbed.learn(batches[step])
    undisturbed.save(tmp_path / "checkpoint", DATA)
    undisturbed.learn(batches[2])

    again, batches = start()
    again.restore(tmp_path / "checkpoint", DATA)
    assert again.scaler.get_scale() == 512.0
    assert again.scaler.state_dict()["_growth_tracker"] == 2
    again.learn(batches[2])
    assert same(weights(again), weights(undisturbed))
    assert again.scaler.state_dict() == undisturbed.scaler.state_dict()


def test_gradients_that_overflow_are_left_out_and_the_scale_falls():
    trainer, batches = start(scale=2.0**100)
    before = {name: p.clone() for name, p in trainer.heads.named_parameters()}
    trainer.learn(batches[0])
    assert all(torch.equal(p, before[name]) for name, p in trainer.heads.named_parameters())
    assert trainer.scaler.get_scale() == 2.0**99
