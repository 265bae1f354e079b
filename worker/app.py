"""The worker's Celery app: ``celery -A worker.app worker``."""

import logging
import os

from celery import Celery, signals

from worker import heartbeat, model

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "worker.settings")

app = Celery("worker", include=["worker.drain"], set_as_current=True)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.task(name=heartbeat.TASK, time_limit=10, soft_time_limit=5)(heartbeat.beat)

log = logging.getLogger(__name__)


@signals.celeryd_after_setup.connect
def _listen_to_own_heart(sender: str, instance, **kwargs) -> None:
    instance.app.amqp.queues.select_add(heartbeat.queue_of(sender), auto_delete=True)


@signals.worker_ready.connect
def _start(sender, **kwargs) -> None:
    from webplatform.predictions import queue  # noqa: PLC0415  Django is set up only now

    heartbeat.start(app, sender.hostname)
    # Whatever was queued while no worker ran is waiting for a doorbell.
    queue.wake_a_worker()


@signals.worker_process_init.connect
def _load_model(**kwargs) -> None:
    """Load the model before the first photo asks for it.

    A failure is only logged: a child that cannot start is replaced at once and
    for ever, while a drain that fails says why, and its photos stay queued.
    """
    try:
        model.load()
    except Exception:
        log.exception("the model cannot be loaded")
