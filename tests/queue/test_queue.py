"""The queue of record: claims, leases, tokens, attempts, results written once."""

import datetime
import io
import uuid

import pytest
from django.core.files.storage import default_storage
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ml.contracts import ModelInfo
from tests.conftest import MODEL, answer
from webplatform.photos.services import accept_photo, delete_photo
from webplatform.predictions import queue
from webplatform.predictions.models import ModelVersion, Prediction
from webplatform.predictions.services import request_prediction

pytestmark = pytest.mark.django_db

Status = Prediction.Status
LONG_AGO = datetime.timedelta(hours=1)


@pytest.fixture
def photos(alice, photo_file):
    """Return six queued photos, oldest first."""
    return [accept_photo(owner=alice, upload=io.BytesIO(photo_file))[0] for _ in range(6)]


def test_claims_are_oldest_first_and_never_overlap(photos):
    first, second = queue.claim(4), queue.claim(4)
    claimed = [claim.prediction_id for claim in first + second]
    assert claimed == [photo.predictions.get().id for photo in photos]
    assert queue.claim(4) == []
    assert {claim.attempt for claim in first} == {1}
    assert default_storage.exists(first[0].image_name)
    assert first[0].open_image().read(2) == b"\xff\xd8"


def test_a_claim_is_leased(photo):
    queue.claim(1)
    row = Prediction.objects.get()
    assert row.status == Status.RUNNING
    assert row.lease_until - row.claimed_at == queue.LEASE


def test_result_is_written_once(photo):
    (claim,) = queue.claim(1)
    assert queue.complete(claim, answer(0.3), MODEL)
    assert not queue.complete(claim, answer(0.9), MODEL)
    row = Prediction.objects.get()
    assert (row.status, row.probability, row.token) == (Status.DONE, 0.3, None)
    assert row.finished_at >= row.claimed_at
    assert row.model.bundle_sha256 == MODEL.bundle_sha256


def test_a_late_answer_is_refused_by_its_token(photo):
    (late,) = queue.claim(1)
    queue.expire_leases()
    assert queue.sweep() == queue.Swept(requeued=1, given_up=0, unheard=0)
    (retry,) = queue.claim(1)
    assert retry.attempt == 2
    assert not queue.complete(late, answer(0.9), MODEL)
    queue.fail(late, "too late to matter")
    assert queue.complete(retry, answer(0.2), MODEL)
    assert Prediction.objects.get().probability == 0.2


def test_leases_that_run_out_three_times_end_it(photo, doorbell):
    for attempt in (1, 2, 3):
        (claim,) = queue.claim(1)
        assert claim.attempt == attempt
        queue.expire_leases()
        swept = queue.sweep()
    assert swept.given_up == 1
    row = Prediction.objects.get()
    assert (row.status, row.attempts) == (Status.FAILED, 3)
    assert row.error
    assert queue.claim(1) == []


def test_leases_that_hold_are_left_alone(photo):
    queue.claim(1)
    assert queue.sweep() == queue.Swept(0, 0, 0)
    assert Prediction.objects.get().status == Status.RUNNING


def test_failing_queues_again_until_the_last_attempt(photo):
    for attempt in (1, 2, 3):
        (claim,) = queue.claim(1)
        queue.fail(claim, "no luck")
        assert queue.claim(1) == [], "the next attempt follows after a pause"
        assert queue.sweep().requeued == 0
        row = Prediction.objects.get()
        if attempt < 3:
            assert row.lease_until - row.claimed_at < queue.LEASE
        queue.expire_leases()
        queue.sweep()
    assert (row.status, row.error) == (Status.FAILED, "no luck")


def test_tried_photos_come_alone(photos):
    for claim in queue.claim(3):
        queue.fail(claim, "poison, or next to it")
    queue.expire_leases()
    queue.sweep()
    assert len(queue.claim(4, retry=True)) == 1
    assert len(queue.claim(4)) == 3, "fresh ones go first unless a retry is asked for"
    assert len(queue.claim(4)) == 1, "and retries when nothing is fresh"


def test_asking_for_a_retry_takes_fresh_ones_when_there_is_none(photos):
    assert len(queue.claim(4, retry=True)) == 4


def test_unheard_photos_are_rung_for(photo, doorbell):
    assert queue.sweep().unheard == 0
    Prediction.objects.update(created_at=timezone.now() - LONG_AGO)
    doorbell.clear()
    assert queue.sweep().unheard == 1
    assert len(doorbell) == 1


def test_a_deleted_photo_takes_its_result_along(photo):
    (claim,) = queue.claim(1)
    delete_photo(photo)
    assert not queue.complete(claim, answer(), MODEL)
    assert not Prediction.objects.exists()


def test_one_result_a_photo_and_model(photo):
    (claim,) = queue.claim(1)
    queue.complete(claim, answer(0.3), MODEL)
    request_prediction(photo)
    (again,) = queue.claim(1)
    assert not queue.complete(again, answer(0.4), MODEL)
    assert [row.probability for row in photo.predictions.filter(status=Status.DONE)] == [0.3]
    assert photo.predictions.filter(status=Status.FAILED).count() == 1
    request_prediction(photo)
    (other,) = queue.claim(1)
    newer = ModelInfo("test-model", "2", "1" * 64, "other pictures", 0.2)
    assert queue.complete(other, answer(0.5), newer)
    assert ModelVersion.objects.count() == 2


def test_the_doorbell_rings_only_after_the_commit(
    photo, doorbell, django_capture_on_commit_callbacks
):
    queue.claim(1)
    Prediction.objects.all().delete()
    doorbell.clear()
    with django_capture_on_commit_callbacks() as callbacks:
        request_prediction(photo)
        assert doorbell == []
    assert len(callbacks) == 1


class TestConstraints:
    """Each refuses the row it is named after."""

    @pytest.fixture
    def row(self, photo):
        """Return a queued prediction."""
        return photo.predictions.get()

    @pytest.fixture
    def done(self, row):
        """Return a finished prediction."""
        (claim,) = queue.claim(1)
        queue.complete(claim, answer(), MODEL)
        row.refresh_from_db()
        return row

    def refuses(self, row, name, **changes):
        """Check that the database refuses changes, and by which constraint."""
        with pytest.raises(IntegrityError) as refused, transaction.atomic():
            Prediction.objects.filter(pk=row.pk).update(**changes)
        assert name in str(refused.value)

    def test_running_without_a_lease(self, row):
        self.refuses(row, "a_running_prediction_is_leased", status="running")
        self.refuses(row, "a_running_prediction_is_leased", status="running", token=uuid.uuid4())

    def test_done_without_an_outcome(self, row):
        self.refuses(row, "a_done_prediction_has_an_outcome", status="done")

    def test_an_outcome_before_it_is_done(self, done):
        self.refuses(done, "only_a_done_prediction_has_an_outcome", status="queued")

    def test_impossible_probabilities(self, done):
        self.refuses(done, "a_probability_is_between_0_and_1", probability=1.01)
        self.refuses(done, "a_probability_is_between_0_and_1", probability=-0.01)

    def test_a_number_for_a_refused_photo(self, done):
        self.refuses(done, "a_refused_photo_has_no_probability", outcome="cannot_assess")

    def test_no_number_for_a_judged_photo(self, done):
        self.refuses(done, "a_judged_photo_has_a_probability", probability=None)

    def test_two_open_predictions(self, row):
        with pytest.raises(IntegrityError) as refused, transaction.atomic():
            Prediction.objects.create(photo=row.photo)
        assert "photo" in str(refused.value)


def test_claiming_asks_the_database_to_skip_locked_rows(photo):
    """SQLite has no row locks; there a claim takes the whole database's write lock."""
    with CaptureQueriesContext(connection) as queries:
        queue.claim(1)
    locking = [query["sql"] for query in queries if "SKIP LOCKED" in query["sql"]]
    assert len(locking) == (1 if connection.vendor == "postgresql" else 0)
