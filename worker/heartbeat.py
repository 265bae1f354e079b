"""Prove, again and again, that a message still makes this worker do something.

A worker that answers pings may have stopped taking tasks, and one that is busy
may not answer them. So the parent process sends itself a task through the
broker, into a queue of its own, and a child stamps a file. Whoever wants to
know whether the worker lives looks at the stamp (``worker.health``).
"""

import logging
import os
import tempfile
import threading
import time
from pathlib import Path

from celery import Celery

log = logging.getLogger(__name__)

TASK = "worker.heartbeat"
EVERY_S = 15.0
# Busy children stamp late, but none is busy for longer than a drain's hard
# time limit of 90 s.
STALE_S = 150.0
# Heartbeats in a row that were sent and never stamped, after which the worker
# is hung and gives way to a fresh one. A number, not a time: a laptop that
# wakes up has not missed any.
UNHEARD_LIMIT = 12


def stamp_path() -> Path:
    """Return the file whose modification time is the last heartbeat."""
    return Path(tempfile.gettempdir()) / f"naevus-worker-heartbeat-{os.getuid()}"


def queue_of(hostname: str) -> str:
    """Return the name of a worker's own queue."""
    return f"heartbeat.{hostname}"


def beat() -> None:
    """Stamp the file; the body of the task."""
    stamp_path().touch()


def _last_beat() -> int:
    """Return the stamp's time in nanoseconds, 0 if there is none."""
    return stamp_path().stat().st_mtime_ns if stamp_path().exists() else 0


def start(app: Celery, hostname: str) -> None:
    """Send heartbeats from a thread of the parent process from now on."""
    beat()
    threading.Thread(target=_send_for_ever, args=(app, hostname), daemon=True).start()


def _send_for_ever(app: Celery, hostname: str) -> None:
    unheard = 0
    while True:
        before = _last_beat()
        try:
            app.send_task(TASK, queue=queue_of(hostname), expires=EVERY_S, retry=False)
            sent = True
        except Exception:
            # Without a broker nothing can be heard; a fresh worker would be no
            # better off.
            log.warning("the broker does not answer")
            sent = False
        time.sleep(EVERY_S)
        unheard = unheard + 1 if sent and _last_beat() == before else 0
        if unheard >= UNHEARD_LIMIT:
            log.critical("no task has run for %d heartbeats; this worker gives up", unheard)
            os._exit(70)
