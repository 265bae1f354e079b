"""Many workers at one queue, in processes of their own."""

import collections
import io
import os
import subprocess
import sys
import textwrap

import pytest
from django.db import connection

from webplatform.photos.services import accept_photo
from webplatform.predictions.models import Prediction

WORKER = textwrap.dedent(
    """
    import os, signal, sys, time
    import django
    django.setup()
    from tests.conftest import MODEL, answer
    from webplatform.predictions import queue
    claims_to_live = int(sys.argv[1])
    while claims := queue.claim(3):
        time.sleep(0.002)
        claims_to_live -= 1
        if claims_to_live == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        for claim in claims:
            print(claim.prediction_id, queue.complete(claim, answer(), MODEL), flush=True)
    """
)


def work(number: int, claims_to_live: int = -1) -> list[str]:
    """Run workers against the test database until the queue is empty or they are dead."""
    name = connection.settings_dict["NAME"]
    url = (
        f"sqlite:///{name}"
        if connection.vendor == "sqlite"
        else os.environ["DATABASE_URL"].rpartition("/")[0] + f"/{name}"
    )
    env = os.environ | {
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "worker.settings",
        "PYTHONPATH": ".",
    }
    command = [sys.executable, "-c", WORKER, str(claims_to_live)]
    workers = [
        subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) for _ in range(number)
    ]
    return [line for worker in workers for line in worker.communicate(timeout=120)[0].splitlines()]


@pytest.fixture
def sixty_photos(transactional_db, alice, photo_file):
    """Queue sixty photos."""
    from tests.conftest import picture_file

    for _ in range(60):
        accept_photo(owner=alice, upload=io.BytesIO(picture_file(size=(64, 64))))


def test_four_workers_share_the_queue_without_a_photo_done_twice(sixty_photos):
    lines = work(4)
    done = collections.Counter(line.split()[0] for line in lines)
    assert len(done) == 60
    assert set(done.values()) == {1}
    assert all(line.endswith("True") for line in lines)
    assert Prediction.objects.filter(status="done").count() == 60


def test_workers_that_are_killed_lose_nothing(sixty_photos):
    from webplatform.predictions import queue

    for claims_to_live in (1, 2, 4, -1):
        work(2, claims_to_live)
        queue.expire_leases()
        queue.sweep()
    rows = Prediction.objects.all()
    assert rows.count() == 60
    assert rows.filter(status="done").count() == 60
    assert rows.filter(attempts__gt=1).count() >= 12, "two workers died three times over"
