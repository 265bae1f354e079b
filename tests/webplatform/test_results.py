"""How results read."""

import pytest

from ml.contracts import Outcome, Prediction, Refusal
from tests.conftest import MODEL, answer
from webplatform.predictions import activation_map, queue
from webplatform.predictions.results import REFUSALS, WORDINGS, State, describe, per_1000

pytestmark = pytest.mark.django_db


def finish(photo, given: Prediction):
    """Give a photo its result and describe it."""
    (claim,) = queue.claim(1)
    assert queue.complete(claim, given, MODEL)
    return describe(photo.predictions.get())


def test_every_outcome_and_refusal_has_words():
    assert set(WORDINGS) == set(Outcome)
    assert set(REFUSALS) == set(Refusal)


@pytest.mark.parametrize("outcome", Outcome)
def test_no_outcome_reassures_or_diagnoses(outcome):
    words = f"{WORDINGS[outcome].headline} {WORDINGS[outcome].advice}".lower()
    for forbidden in ("benign", "harmless", "you have", "healthy", "nothing to worry", "safe"):
        assert forbidden not in words
    assert "all-clear" not in words or "not an all-clear" in words


def test_lower_concern_says_when_to_look_again(photo):
    result = finish(photo, answer(0.01, Outcome.LOWER_CONCERN))
    assert result.check_again is not None
    assert str(result.check_again.year) in result.advice
    assert (result.check_again - result.prediction.finished_at.date()).days == 90


def test_a_picture_that_cannot_be_judged_gets_no_number(photo):
    refused = Prediction(0.7, Outcome.CANNOT_ASSESS, Refusal.OUT_OF_DOMAIN, answer().activation_map)
    result = finish(photo, refused)
    assert result.per_1000 is None
    assert result.prediction.probability is None
    assert result.prediction.activation_map is None
    assert "does not look like" in result.reason


def test_states(photo):
    prediction = photo.predictions.get()
    assert describe(prediction).state is State.WAITING
    queue.claim(1)
    prediction.refresh_from_db()
    assert describe(prediction).state is State.ANALYSING
    assert not State.ANALYSING.terminal
    assert State.FAILED.terminal


@pytest.mark.parametrize(
    ("probability", "count"), [(0.0, 1), (0.0004, 1), (0.0346, 35), (0.5, 500), (1.0, 999)]
)
def test_natural_frequency_never_claims_certainty(probability, count):
    assert per_1000(probability) == count


def test_activation_map_is_drawn_where_it_belongs():
    import io

    from PIL import Image

    grid = [[0.0] * 7 for _ in range(7)]
    grid[6][0] = 1.0
    png = activation_map.render({"box": [0.25, 0.0, 0.75, 1.0], "grid": grid}, 400, 200)
    overlay = Image.open(io.BytesIO(png))
    assert overlay.size == (512, 256)
    opacity = overlay.getchannel("A")
    assert opacity.getpixel((140, 245)) > 100, "the lower left of the box"
    assert opacity.getpixel((100, 245)) == 0, "outside of the box"
    assert opacity.getpixel((370, 20)) == 0


def test_activation_map_in_words():
    grid = [[0.0] * 7 for _ in range(7)]
    assert "same everywhere" in activation_map.in_words({"box": [0, 0, 1, 1], "grid": grid})
    grid[3][3] = 0.5
    assert "in the centre of" in activation_map.in_words({"box": [0, 0, 1, 1], "grid": grid})
