"""The doorbell: a broker that is gone or frozen must not hold up an upload."""

import io
import socket
import time

import pytest

from webplatform.photos.services import accept_photo
from webplatform.predictions import doorbell
from webplatform.predictions.models import Prediction


@pytest.fixture
def ring(request, monkeypatch, settings):
    """Return a function that rings at an address, with a doorbell as new."""

    def ring_at(url: str) -> tuple[bool, float]:
        settings.CELERY_BROKER_URL = url
        began = time.monotonic()
        heard = doorbell.ring()
        return heard, time.monotonic() - began

    doorbell._publisher.cache_clear()
    monkeypatch.setattr(doorbell, "_quiet_until", 0.0)
    yield ring_at
    doorbell._publisher.cache_clear()


@pytest.mark.real_doorbell
def test_a_broker_that_is_gone(ring):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    heard, seconds = ring(f"redis://127.0.0.1:{port}/0")
    assert not heard
    assert seconds < 1.5


@pytest.mark.real_doorbell
def test_a_broker_that_is_frozen(ring):
    with socket.socket() as frozen:
        frozen.bind(("127.0.0.1", 0))
        frozen.listen()
        url = f"redis://127.0.0.1:{frozen.getsockname()[1]}/0"
        heard, seconds = ring(url)
        assert not heard
        assert seconds < 1.5
        heard, seconds = ring(url)
        assert not heard
        assert seconds < 0.1, "a frozen broker is left alone for a while"


@pytest.mark.real_doorbell
@pytest.mark.django_db(transaction=True)
def test_an_upload_is_accepted_without_a_broker(ring, alice, photo_file, settings, caplog):
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    accept_photo(owner=alice, upload=io.BytesIO(photo_file))
    assert Prediction.objects.get().status == "queued"
    assert "the doorbell does not answer" in caplog.text
