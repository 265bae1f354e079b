"""The worker's sign of life."""

import os
import time

import pytest

from worker import health, heartbeat


@pytest.fixture
def stamp(tmp_path, monkeypatch):
    """Keep the stamp of this test apart."""
    path = tmp_path / "stamp"
    monkeypatch.setattr(heartbeat, "stamp_path", lambda: path)
    return path


def test_health_follows_the_stamp(stamp):
    assert health.main() == 1
    heartbeat.beat()
    assert health.main() == 0
    long_ago = time.time() - heartbeat.STALE_S - 1
    os.utime(stamp, (long_ago, long_ago))
    assert health.main() == 1


class FakeApp:
    """A broker that takes heartbeats, or does not."""

    def __init__(self, hears: bool, broker_is_gone: bool = False) -> None:
        self.hears, self.broker_is_gone, self.sent = hears, broker_is_gone, 0

    def send_task(self, name, **options):
        """Deliver a heartbeat."""
        self.sent += 1
        if self.sent > 40:
            raise SystemExit
        if self.broker_is_gone:
            raise ConnectionError
        if self.hears:
            stamp = heartbeat.stamp_path()
            stamp.touch()
            os.utime(stamp, (self.sent, self.sent))


@pytest.mark.parametrize(
    ("app", "gives_up_after"),
    [
        (FakeApp(hears=False), heartbeat.UNHEARD_LIMIT),
        (FakeApp(hears=True), None),
        (FakeApp(hears=False, broker_is_gone=True), None),
    ],
    ids=["hung", "alive", "without a broker"],
)
def test_a_hung_worker_gives_up_and_others_do_not(stamp, monkeypatch, app, gives_up_after):
    class GaveUp(Exception):
        pass

    def give_up(status):
        raise GaveUp

    monkeypatch.setattr(heartbeat, "EVERY_S", 0)
    monkeypatch.setattr(os, "_exit", give_up)
    if gives_up_after is None:
        with pytest.raises(SystemExit):
            heartbeat._send_for_ever(app, "host")
    else:
        with pytest.raises(GaveUp):
            heartbeat._send_for_ever(app, "host")
        assert app.sent == gives_up_after
