"""``manage.py sweep``."""

import datetime

import pytest
from django.core.management import call_command
from django.db import DatabaseError
from django.utils import timezone

from webplatform.predictions import queue
from webplatform.predictions.management.commands import sweep
from webplatform.predictions.models import Prediction

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def stamp(tmp_path, monkeypatch):
    """Keep the stamp of this test apart, and the test's connection open."""
    monkeypatch.setattr(sweep, "close_old_connections", lambda: None)
    monkeypatch.setattr(sweep, "STAMP", tmp_path / "stamp")
    return tmp_path / "stamp"


def test_one_turn_takes_back_expired_leases_and_orphans(photo, private_disk, stamp, monkeypatch):
    from webplatform.photos import services

    monkeypatch.setattr(services, "ORPHAN_AGE", datetime.timedelta(0))
    orphan = private_disk / "photos" / str(photo.owner_id) / "orphan.jpg"
    orphan.write_bytes(b"left by a crash")
    queue.claim(1)
    Prediction.objects.update(lease_until=timezone.now() - datetime.timedelta(hours=1))
    call_command("sweep")
    assert Prediction.objects.get().status == "queued"
    assert not orphan.exists()
    assert stamp.exists()


@pytest.mark.parametrize("error", [DatabaseError("gone"), OSError("no space left")])
def test_it_goes_on_when_database_or_storage_come_back(monkeypatch, stamp, error):
    turns = []

    def turn():
        turns.append(1)
        if len(turns) == 1:
            raise error
        return queue.Swept(0, 0, 0)

    def sleep(seconds):
        assert seconds == 7
        if len(turns) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(queue, "sweep", turn)
    monkeypatch.setattr(sweep.time, "sleep", sleep)
    with pytest.raises(KeyboardInterrupt):
        call_command("sweep", every=7)
    assert len(turns) == 3


def test_one_turn_reports_a_lost_database(monkeypatch):
    def gone():
        raise DatabaseError("gone")

    monkeypatch.setattr(queue, "sweep", gone)
    with pytest.raises(DatabaseError):
        call_command("sweep")
