"""Wake a worker: the only place that publishes to the broker.

A message says no more than "there is work". The table of predictions is the
queue, so a message that is lost costs time (until the sweeper rings) and
nothing else; a request must therefore never wait for the broker or fail by it.
"""

import logging
import time
from functools import cache

from celery import Celery
from django.conf import settings

log = logging.getLogger(__name__)

# The task is known by name: nothing on this side imports the worker.
DRAIN = "inference.drain"
# After a failure the broker is left alone for a while, so that a frozen one
# costs a web process one second in ten and not one second a request.
PAUSE_S = 10.0

_quiet_until = 0.0


@cache
def _publisher() -> Celery:
    """Return a Celery app that gives up after a second, unlike a worker's."""
    app = Celery("doorbell", broker=settings.CELERY_BROKER_URL, set_as_current=False)
    app.conf.update(
        task_ignore_result=True,
        # More than there are threads, or they would wait for each other.
        broker_pool_limit=64,
        broker_connection_timeout=1,
        broker_pool_acquire_timeout=1,
        broker_transport_options={"socket_timeout": 1, "socket_connect_timeout": 1},
    )
    return app


def ring() -> bool:
    """Publish "there is work"; return whether the broker took it. Never raises.

    Returns after about a second at the most, also when the broker is frozen.
    """
    global _quiet_until  # noqa: PLW0603  one breaker a process is the point
    if time.monotonic() < _quiet_until:
        return False
    try:
        _publisher().send_task(
            DRAIN,
            queue=settings.INFERENCE_QUEUE,
            retry=True,
            # No retries, but through the retrying path: without it a frozen
            # broker is waited for several times over.
            retry_policy={
                "max_retries": 0,
                "interval_start": 0,
                "interval_step": 0,
                "interval_max": 0,
            },
        )
    except Exception:
        # Whatever the broker's client raises, the upload has succeeded.
        _quiet_until = time.monotonic() + PAUSE_S
        log.warning("the doorbell does not answer; the sweeper will ring later", exc_info=True)
        return False
    return True
