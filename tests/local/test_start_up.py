"""``make run``: everything starts, a photo gets its answer, Ctrl-C leaves nothing behind."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error

import pytest
from PIL import Image

from tests.conftest import PHOTOS
from tests.local.running import ROOT, SETTINGS, free_port, is_alive, platform
from webplatform.local import broker


def assert_nothing_is_left(running) -> None:
    """Check that every process is gone and the port is free."""
    groups = running.groups()
    assert len(groups) == 3
    assert not [group for group in groups if is_alive(group)]
    with pytest.raises((urllib.error.URLError, ConnectionError)):
        running.call("GET", "/healthz")
    everything = subprocess.run(
        ["ps", "-axww", "-o", "args"], capture_output=True, text=True, check=True
    )
    assert "naevus-" not in "".join(
        line for line in everything.stdout.splitlines() if "broker.sock" in line
    )


@pytest.mark.parametrize("path", ["", os.environ["PATH"]], ids=["out of a wheel", "as installed"])
def test_a_photo_gets_the_models_own_answer_and_nothing_is_left(tmp_path, path):
    env = {"PATH": path} if "BROKER_URL" not in os.environ else {}
    with platform(tmp_path / "var", **env) as running:
        authorization = running.log_in()
        photo = running.upload(PHOTOS[0].read_bytes(), authorization)
        url = f"/api/v1/predictions/{photo['prediction']['id']}/?wait=20"
        prediction = running.call("GET", url, Authorization=authorization)
        assert prediction["state"] == "ready"
        assert running.stop() == 0
    assert_nothing_is_left(running)

    from ml.predictor import Predictor

    predictor = Predictor.load(ROOT / "ml" / "bundles" / "default")
    (expected,) = predictor.predict_batch([Image.open(PHOTOS[0])])
    result = prediction["result"]
    assert result["outcome"] == expected.outcome
    assert result["probability"] == pytest.approx(expected.probability, abs=0.01)
    assert result["model"]["bundle_sha256"] == predictor.info.bundle_sha256


def test_photos_of_the_last_time_are_still_there(tmp_path):
    """An upload whose worker never came is answered by the next start."""
    for round_ in (1, 2):
        with platform(tmp_path / "var") as running:
            authorization = running.log_in()
            if round_ == 1:
                running.upload(PHOTOS[0].read_bytes(), authorization)
                running.process.send_signal(signal.SIGTERM)
                running.process.wait(timeout=30)
            else:
                deadline = time.monotonic() + 30
                state = ""
                while state != "ready" and time.monotonic() < deadline:
                    (photo,) = running.call("GET", "/api/v1/photos/", Authorization=authorization)[
                        "results"
                    ][:1]
                    state = photo["prediction"]["state"]
                    time.sleep(0.1)
                assert state == "ready"
        assert_nothing_is_left(running)


def test_a_busy_port_is_named_with_the_way_out(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "manage.py", "local", "--port", str(port)],
            cwd=ROOT,
            env=os.environ | {"NAEVUS_VAR": str(tmp_path), "DJANGO_SETTINGS_MODULE": SETTINGS},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert done.returncode == 1
    assert f"Port {port}" in done.stderr
    assert f"make run PORT={port + 1}" in done.stderr
    assert "Traceback" not in done.stderr


class TestBroker:
    """Which Redis-protocol server a machine gets."""

    @pytest.fixture(autouse=True)
    def bare_machine(self, monkeypatch):
        """Start from a machine without a broker."""
        monkeypatch.delenv("BROKER_URL", raising=False)
        monkeypatch.setenv("PATH", "")

    def test_one_that_is_named(self, monkeypatch, tmp_path):
        monkeypatch.setenv("BROKER_URL", "redis://example:1/0")
        assert broker.choose(tmp_path) == broker.Broker(
            "the broker of BROKER_URL", "redis://example:1/0", None
        )

    def test_one_that_is_installed_goes_first(self, monkeypatch, tmp_path):
        server = tmp_path / "redis-server"
        server.touch(mode=0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        chosen = broker.choose(tmp_path)
        assert chosen.command is not None
        assert chosen.command[:3] == [str(server), "--port", "0"]

    def test_the_stand_in_comes_last_and_takes_messages(self, monkeypatch, tmp_path):
        monkeypatch.setattr(broker, "_from_wheel", lambda: None)
        chosen = broker.choose(tmp_path)
        assert chosen.command is not None
        with chosen.running():
            self.assert_takes_messages(chosen.url)

    def assert_takes_messages(self, url: str) -> None:
        """Publish a message and find it."""
        import redis
        from celery import Celery

        app = Celery(broker=url, set_as_current=False)
        deadline = time.monotonic() + 20
        while True:
            try:
                app.send_task("anything", queue="default", retry=False)
                break
            except Exception:
                assert time.monotonic() < deadline
                time.sleep(0.2)
        assert redis.Redis.from_url(url).llen("default") == 1


def test_free_ports_are_free():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", free_port()))
