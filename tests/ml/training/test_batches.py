"""What a step shows depends on the recipe and the step's number, and on nothing else."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from ml.training import camera
from ml.training.augmentation import AUGMENTATIONS, augment
from ml.training.batches import Batches, mix, view
from tests.ml.training.made_up import SMALL, pictures

pytestmark = pytest.mark.training


def test_an_epoch_shows_every_picture_once_and_another_one_in_another_order():
    batches = Batches(SMALL, pictures(48))
    first, second = batches.order(0), batches.order(1)
    assert sorted(first) == sorted(second) == list(range(48))
    assert (first != second).any()
    assert len(batches) == 2 * 6


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_views_depend_on_the_seed_alone(name):
    pixels = torch.from_numpy(pictures(4).pixels[64])
    torch.manual_seed(1)
    one = augment(name, pixels, 48, seed=5)
    state = torch.get_rng_state()
    torch.manual_seed(2)
    same, other = augment(name, pixels, 48, seed=5), augment(name, pixels, 48, seed=6)
    assert one.shape == (4, 3, 48, 48)
    assert one.dtype == torch.float32
    assert 0 <= one.min() < one.max() <= 255
    assert torch.equal(one, same)
    assert torch.equal(one, other) == (name == "none")
    torch.manual_seed(1)
    assert torch.equal(state, torch.get_rng_state())


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_views_keep_the_colour_of_the_picture_roughly(name):
    pixels = torch.from_numpy(pictures(12).pixels[64])
    means = augment(name, pixels, 48, seed=1).mean()
    assert abs(means - pixels.float().mean()) < 45


def test_gentle_changes_colours_half_as_much_as_light():
    plain = torch.full((200, 64, 64, 3), 120, dtype=torch.uint8)
    light, gentle = (
        (augment(name, plain, 32, 0).mean(dim=(2, 3)) - 120).abs().mean().item()
        for name in ("light", "gentle")
    )
    assert gentle == pytest.approx(light / 2, rel=0.1)


def test_other_cameras_add_grain_and_compression_to_about_half_of_the_pictures():
    plain = torch.full((200, 3, 32, 32), 120.0)
    edge = torch.full((200, 3, 32, 32), 60.0)
    edge[..., 15:] = 180
    grain = camera.noise(plain, torch.Generator().manual_seed(0)).std(dim=(1, 2, 3))
    assert 0.4 < (grain > 0).float().mean() < 0.6
    assert grain.max() == pytest.approx(camera.NOISE, rel=0.1)
    assert torch.equal(camera.sharpen(plain, torch.Generator().manual_seed(0)), plain)
    sharper = camera.sharpen(edge, torch.Generator().manual_seed(0)).amax(dim=(1, 2, 3))
    softer = camera.sharpen(edge, torch.Generator().manual_seed(0))[..., 15].mean(dim=(1, 2))
    assert 0.15 < (sharper > 181).float().mean() < 0.35
    assert 0.15 < (softer < 179).float().mean() < 0.35
    squeezed = camera.compress(edge.clone(), torch.Generator().manual_seed(0))
    lost = (squeezed - edge).abs().amax(dim=(1, 2, 3))
    assert 0.4 < (lost > 0).float().mean() < 0.6
    assert (squeezed - edge).abs().mean() < 5


def test_hairs_are_dark_lines():
    plain = torch.full((8, 64, 64, 3), 200, dtype=torch.uint8)
    assert (augment("light", plain, 48, 0).std(dim=(2, 3)) < 1).all()
    haired = augment("hair", plain, 48, 0)
    assert haired.std(dim=(2, 3)).max() > 10
    assert haired.mean() < augment("light", plain, 48, 0).mean()


@pytest.mark.parametrize("workers", [0, 2])
def test_steps_are_the_same_from_whatever_process(workers):
    batches = Batches(replace(SMALL, augmentation="randaugment"), pictures())
    loader = torch.utils.data.DataLoader(
        batches, batch_size=None, sampler=range(3, 6), num_workers=workers
    )
    for step, loaded in zip(range(3, 6), loader, strict=True):
        for one, other in zip(batches[step][0], loaded[0], strict=True):
            assert torch.equal(one, other)


def test_processes_that_train_together_share_a_step():
    alone = Batches(replace(SMALL, batch=16, augmentation="none"), pictures(48))
    parts = [
        Batches(replace(SMALL, augmentation="none"), pictures(48), rank, 2) for rank in range(2)
    ]
    assert len(alone) == len(parts[0]) == len(parts[1])
    together = torch.cat([part[1][0][0] for part in parts]).sum(dim=(1, 2, 3)).sort()[0]
    assert torch.equal(together, alone[1][0][0].sum(dim=(1, 2, 3)).sort()[0])


def test_accumulation_divides_a_step():
    whole = Batches(replace(SMALL, augmentation="none"), pictures())
    halves = Batches(replace(SMALL, batch=4, accumulate=2, augmentation="none"), pictures())
    assert len(halves[2]) == 2
    whole_sum = whole[2][0][0].sum(dim=(1, 2, 3)).sort()[0]
    halves_sum = torch.cat([part[0] for part in halves[2]]).sum(dim=(1, 2, 3)).sort()[0]
    assert torch.equal(whole_sum, halves_sum)


@pytest.mark.parametrize(("balance", "of"), [("melanoma", "melanoma"), ("source", "source")])
def test_balance_draws_the_rare_ones_as_often(balance, of):
    data = pictures(2000, size=32)
    order = Batches(replace(SMALL, balance=balance), data).order(0)
    assert getattr(data, of).mean() < 0.4
    assert getattr(data, of)[order].mean() == pytest.approx(0.5, abs=0.04)


def test_small_pictures_come_first():
    batches = Batches(replace(SMALL, smaller=0.5), pictures())
    assert [batches.size(step) for step in range(12)] == [32] * 6 + [64] * 6
    assert batches[0][0][0].shape[-1] == view(32, SMALL.view_share)
    assert batches[11][0][0].shape[-1] == view(64, SMALL.view_share)


def test_views_can_be_as_large_as_what_is_judged_later():
    batches = Batches(replace(SMALL, view_share=1.0), pictures())
    assert batches[0][0][0].shape[-1] == batches.size(0)


def test_mixup_blends_pictures_and_labels_alike():
    views = torch.arange(4.0)[:, None, None, None].expand(4, 3, 8, 8)
    labels, classes = torch.tensor([0.0, 0, 1, 1]), torch.eye(4)
    recipe = replace(SMALL, mixup=0.4)
    mixed, melanoma, diagnosis = mix((views, labels, classes), recipe, np.random.default_rng(2))
    assert (mixed == mixed[:, :1, :1, :1]).all()
    assert torch.allclose(mixed[:, 0, 0, 0], diagnosis @ torch.arange(4.0))
    assert torch.allclose(melanoma, diagnosis @ labels)
    assert torch.allclose(diagnosis.sum(dim=1), torch.ones(4))
    assert not torch.equal(mixed, views)


def test_cutmix_weighs_labels_by_the_area():
    views = torch.arange(4.0)[:, None, None, None].expand(4, 3, 16, 16)
    recipe = replace(SMALL, cutmix=1.0)
    for seed in range(8):
        mixed, _, diagnosis = mix(
            (views, torch.zeros(4), torch.eye(4)), recipe, np.random.default_rng(seed)
        )
        assert set(mixed.unique().tolist()) <= {0, 1, 2, 3}
        assert torch.allclose(mixed.mean(dim=(1, 2, 3)), diagnosis @ torch.arange(4.0), atol=1e-5)


def test_too_few_pictures_for_a_step_are_refused():
    with pytest.raises(ValueError, match="7 pictures to learn from do not fill a step of 8"):
        Batches(SMALL, pictures(7))
