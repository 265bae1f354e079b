"""Run the whole platform as ``make run`` does, for tests and for the benchmark."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from webplatform.local import demo

ROOT = Path(__file__).parents[2]
SETTINGS = "webplatform.config.settings"


@dataclass
class Platform:
    """A platform that runs, and its output so far."""

    url: str
    process: subprocess.Popen
    log: Path

    def groups(self) -> list[int]:
        """Return the process groups that were started."""
        return [int(pid) for pid in re.findall(r"started \(pid=(\d+)\)", self.log.read_text())]

    def stop(self) -> int:
        """Press Ctrl-C and return the exit status."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=30)

    def call(self, method: str, path: str, body: bytes | None = None, **headers) -> dict:
        """Make an API call and return the JSON."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.url + path, body, names, method=method)  # noqa: S310
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            return json.loads(answer.read() or b"null")

    def log_in(self) -> str:
        """Return the header that a logged-in phone sends."""
        body = json.dumps({"email": demo.EMAIL, "password": demo.PASSWORD}).encode()
        answer = self.call("POST", "/api/v1/tokens/", body, Content_Type="application/json")
        return f"Bearer {answer['token']}"

    def upload(self, photo: bytes, authorization: str) -> dict:
        """Upload a photo and return it."""
        body, kind = multipart(photo)
        return self.call(
            "POST", "/api/v1/photos/", body, Content_Type=kind, Authorization=authorization
        )


def multipart(photo: bytes) -> tuple[bytes, str]:
    """Return a form with one photo, and its content type."""
    head = b'--x\r\nContent-Disposition: form-data; name="photo"; filename="a.jpg"\r\n\r\n'
    return head + photo + b"\r\n--x--\r\n", "multipart/form-data; boundary=x"


def free_port() -> int:
    """Return a port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_alive(group: int) -> bool:
    """Return whether any process of a group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@contextlib.contextmanager
def platform(var: Path, **env: str) -> Iterator[Platform]:
    """Start everything with its data in ``var``; stop it at the end."""
    port = free_port()
    log = var / "log"
    var.mkdir(parents=True, exist_ok=True)
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "local", "--port", str(port)],
            cwd=ROOT,
            env=os.environ
            | {"NAEVUS_VAR": str(var), "DJANGO_SETTINGS_MODULE": "webplatform.config.settings"}
            | env,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    running = Platform(f"http://127.0.0.1:{port}", process, log)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                running.call("GET", "/readyz")
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(log.read_text()) from None
                time.sleep(0.1)
        yield running
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
