"""Doorbell in, results out, with a model made up for the test."""

import io
import os
import signal
import time

import pytest
from billiard.exceptions import SoftTimeLimitExceeded

from tests.conftest import MODEL, answer
from webplatform.photos.services import accept_photo
from webplatform.predictions import queue
from webplatform.predictions.models import Prediction
from worker import drain as module
from worker import model, stopping

pytestmark = pytest.mark.django_db


class FakePredictor:
    """Answers every picture, unless told which ones to choke on."""

    info = MODEL

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.poison: set[tuple[int, int]] = set()
        self.error: type[Exception] = RuntimeError

    def predict_batch(self, images):
        """Answer a batch of pictures."""
        self.batches.append(len(images))
        for image in images:
            image.load()
            if image.size in self.poison:
                raise self.error("poison")
        return [answer(0.2) for _ in images]


@pytest.fixture
def predictor(monkeypatch):
    """Put a made-up model into this process."""
    fake = FakePredictor()
    monkeypatch.setattr(stopping, "install", lambda: None)
    monkeypatch.setattr(model, "load", lambda: fake)
    return fake


@pytest.fixture
def queue_of_photos(alice):
    """Return a function that queues pictures of the given widths."""
    from tests.conftest import picture_file

    def fill(*widths: int) -> None:
        for width in widths:
            data = picture_file(size=(width, 80))
            accept_photo(owner=alice, upload=io.BytesIO(data))

    return fill


def statuses() -> list[str]:
    """Return the statuses of all predictions, oldest first."""
    return list(Prediction.objects.order_by("created_at").values_list("status", flat=True))


def drain_until_nothing_is_left() -> None:
    """Drain, and let the pause before each retry pass."""
    for _ in range(queue.MAX_ATTEMPTS):
        module.drain()
        queue.expire_leases()
        queue.sweep()


def test_everything_queued_is_answered(predictor, queue_of_photos, settings):
    settings.INFERENCE_BATCH = 4
    queue_of_photos(*[100] * 10)
    module.drain()
    assert statuses() == ["done"] * 10
    assert predictor.batches == [4, 4, 2]


def test_nothing_to_do(predictor):
    module.drain()
    assert predictor.batches == []


def test_a_poison_picture_does_not_take_its_neighbours_along(predictor, queue_of_photos, settings):
    settings.INFERENCE_BATCH = 4
    predictor.poison = {(90, 80)}
    queue_of_photos(100, 90, 100, 100)
    drain_until_nothing_is_left()
    assert statuses() == ["done", "failed", "done", "done"]
    rows = Prediction.objects.order_by("created_at")
    assert [row.attempts for row in rows] == [1, 3, 1, 1]
    assert rows[1].error == "RuntimeError: poison"


def test_a_file_that_is_gone_is_a_failure_and_no_crash(predictor, queue_of_photos, private_disk):
    queue_of_photos(100)
    for path in private_disk.rglob("*.jpg"):
        path.unlink()
    drain_until_nothing_is_left()
    assert statuses() == ["failed"]
    assert "FileNotFoundError" in Prediction.objects.get().error


def test_running_out_of_time_gives_the_photos_back(predictor, queue_of_photos):
    predictor.poison = {(100, 80)}
    predictor.error = SoftTimeLimitExceeded
    queue_of_photos(100, 100)
    with pytest.raises(SoftTimeLimitExceeded):
        module.drain()
    queue.expire_leases()
    queue.sweep()
    assert statuses() == ["queued", "queued"]
    assert all(row.attempts == 1 for row in Prediction.objects.all())


def test_a_drain_is_bounded_and_rings_for_the_next(
    predictor, doorbell, queue_of_photos, settings, monkeypatch
):
    monkeypatch.setattr(module, "DRAIN_S", 0.0)
    settings.INFERENCE_BATCH = 2
    queue_of_photos(*[100] * 6)
    module.drain()
    assert statuses().count("done") == 2
    assert len(doorbell) == 2, "one to wake a neighbour, one to go on"


def test_a_full_batch_wakes_the_next_worker_and_a_small_one_does_not(
    predictor, doorbell, queue_of_photos, settings
):
    settings.INFERENCE_BATCH = 4
    queue_of_photos(*[100] * 3)
    module.drain()
    assert len(doorbell) == 0
    queue_of_photos(*[100] * 9)
    module.drain()
    assert len(doorbell) == 1


def test_retries_are_not_starved_by_fresh_photos(predictor, queue_of_photos, settings):
    settings.INFERENCE_BATCH = 1
    queue_of_photos(*[100] * 8)
    (tried,) = queue.claim(1)
    queue.fail(tried, "bad luck")
    queue.expire_leases()
    queue.sweep()
    module.drain()
    assert set(statuses()) == {"done"}
    order = list(Prediction.objects.order_by("finished_at").values_list("attempts", flat=True))
    assert order.index(2) == module.RETRY_EVERY - 1


def test_a_stop_waits_for_the_batch_and_not_for_the_queue(predictor, queue_of_photos, settings):
    settings.INFERENCE_BATCH = 2
    queue_of_photos(*[100] * 6)
    answer_batch = predictor.predict_batch

    def predict_and_be_stopped(images):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.05)
        return answer_batch(images)

    predictor.predict_batch = predict_and_be_stopped
    before = signal.signal(signal.SIGTERM, stopping._on_sigterm)
    try:
        with pytest.raises(SystemExit):
            module.drain()
        assert statuses() == ["done"] * 2 + ["queued"] * 4
        with pytest.raises(SystemExit):  # and an idle child stops at once
            signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)
