"""The shipped bundle and what it answers."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from ml import bundle as bundles
from ml import strangers
from ml.contracts import Outcome, Refusal
from ml.predictor import Predictor, activation
from tests.conftest import PHOTOS


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return Predictor.load(device="cpu")


def opened() -> list[Image.Image]:
    return [Image.open(photo) for photo in PHOTOS]


@pytest.fixture
def copy(tmp_path):
    return shutil.copytree(bundles.DEFAULT, tmp_path / "bundle")


def test_real_moles_get_an_answer(predictor):
    for prediction in predictor.predict_batch(opened()):
        assert 0 < prediction.probability < 1
        assert prediction.outcome is not Outcome.CANNOT_ASSESS
        assert prediction.refusal is None


def test_the_outcome_follows_the_thresholds(predictor):
    policy = bundles.read(bundles.DEFAULT).thresholds
    for prediction in predictor.predict_batch(opened()):
        assert prediction.outcome is policy.outcome(prediction.probability)


def test_a_batch_says_what_each_picture_alone_does(predictor):
    together = predictor.predict_batch(opened())
    assert together == [predictor.predict_batch([image])[0] for image in opened()]
    assert predictor.predict_batch([]) == []


def test_the_map_covers_the_square_that_was_seen(predictor):
    (prediction,) = predictor.predict_batch([Image.open(PHOTOS[0])])
    width, height = Image.open(PHOTOS[0]).size
    left, top, right, bottom = prediction.activation_map.box
    assert (right - left) * width == pytest.approx((bottom - top) * height)
    grid = np.array(prediction.activation_map.grid)
    assert grid.ndim == 2
    assert grid.min() >= 0
    assert grid.max() in (0, 1)


def test_a_map_is_the_head_s_view_of_the_features():
    feature_map = np.array([[[1.0, 0], [0, 2]], [[0, 3], [0, 1]]])
    assert activation(feature_map, np.array([1.0, -1])) == [[1, 0], [0.75, 1]]
    assert activation(feature_map, np.array([2.0, 1])) == [[0.4, 0.6], [0, 1]]
    assert activation(feature_map, np.zeros(2)) == [[0, 0], [0, 0]]


@pytest.mark.parametrize("colour", ["black", "white", (200, 160, 140)])
def test_a_blank_picture_is_refused(predictor, colour):
    (prediction,) = predictor.predict_batch([Image.new("RGB", (300, 200), colour)])
    assert prediction.outcome is Outcome.CANNOT_ASSESS
    assert prediction.refusal is Refusal.BLANK
    assert 0 <= prediction.probability <= 1


def test_pictures_of_something_else_are_refused(predictor):
    pictures = [one for _, one in strangers.made_up(predictor.size, seed=7)]
    refused = [one.refusal is not None for one in predictor.predict_batch(pictures)]
    assert np.mean(refused) > 0.9


def test_an_unreadable_picture_raises_oserror(predictor, tmp_path):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(PHOTOS[0].read_bytes()[:5000])
    with pytest.raises(OSError, match="truncated"):
        predictor.predict_batch([Image.open(broken)])


@pytest.mark.training
def test_torch_and_onnx_give_the_same_answer(predictor):
    torch = Predictor.load(device="torch-cpu")
    for ours, theirs in zip(
        predictor.predict_batch(opened()), torch.predict_batch(opened()), strict=True
    ):
        assert ours.probability == pytest.approx(theirs.probability, abs=1e-4)
        assert ours.outcome is theirs.outcome
        assert np.array(ours.activation_map.grid) == pytest.approx(
            np.array(theirs.activation_map.grid), abs=2e-3
        )


@pytest.mark.parametrize("name", [bundles.ONNX, bundles.WEIGHTS, bundles.GATE])
def test_a_changed_file_is_refused(copy, name):
    data = bytearray((copy / name).read_bytes())
    data[-1] ^= 1
    (copy / name).write_bytes(data)
    with pytest.raises(bundles.BundleError, match=name):
        Predictor.load(copy)


def test_a_missing_file_is_refused(copy):
    (copy / bundles.ONNX).unlink()
    with pytest.raises(bundles.BundleError, match=bundles.ONNX):
        Predictor.load(copy)


def test_another_schema_is_refused(copy):
    facts = json.loads((copy / bundles.FACTS).read_text()) | {"schema": 99}
    (copy / bundles.FACTS).write_text(json.dumps(facts))
    with pytest.raises(bundles.BundleError, match="schema 99"):
        Predictor.load(copy)


def test_no_bundle_and_no_such_device(tmp_path):
    with pytest.raises(bundles.BundleError, match=r"bundle\.json"):
        Predictor.load(tmp_path)
    with pytest.raises(ValueError, match="unknown device"):
        Predictor.load(device="abacus")
