"""Eight sides of a lesion, one answer."""

import numpy as np
import pytest
from PIL import Image

from ml import views
from ml.predictor import Predictor
from tests.conftest import PHOTOS


def test_the_views_are_the_eight_symmetries_of_a_square():
    picture = np.arange(2 * 2 * 3, dtype=np.uint8).reshape(1, 2, 2, 3)
    seen = {view.tobytes() for view in views.all_views(picture)}
    assert len(seen) == views.N
    assert picture.tobytes() in seen


def test_views_of_a_picture_stay_together():
    pictures = np.stack([np.full((4, 4, 3), value, np.uint8) for value in (1, 2)])
    assert views.all_views(pictures)[:, 0, 0, 0].tolist() == [1] * 8 + [2] * 8
    assert views.average(np.arange(16.0)).tolist() == [3.5, 11.5]


def test_maps_are_turned_back_to_where_they_belong():
    maps = np.random.default_rng(0).random((2, 6, 6, 3))
    seen = views.all_views(maps).transpose(0, 3, 1, 2)
    np.testing.assert_allclose(views.average_maps(seen), maps.transpose(0, 3, 1, 2))


@pytest.mark.parametrize("path", PHOTOS[:3], ids=lambda path: path.stem)
def test_turning_the_camera_does_not_change_the_answer(path):
    predictor = Predictor.load()
    picture = Image.open(path).convert("RGB")
    side = min(picture.size)
    picture = picture.crop((0, 0, side, side))
    turns = [picture, *(picture.transpose(turn) for turn in Image.Transpose)]
    answers = predictor.predict_batch(turns)
    assert len(turns) == 8
    spread = np.ptp([answer.probability for answer in answers])
    assert spread < 0.01
    assert len({answer.outcome for answer in answers}) == 1
