"""How much of the bare engine's speed arrives as stored results."""

import contextlib
import io
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import PHOTOS
from tests.local.running import ROOT

PICTURES = 240
ROUNDS = 5


@dataclass(frozen=True)
class Round:
    """Images a second of both, measured one right after the other."""

    worker: float
    engine: float

    @property
    def ratio(self) -> float:
        """Return the worker's share of the bare engine's speed."""
        return self.worker / self.engine


def measure_throughput(var: Path, cores: int) -> Iterator[Round]:
    """Yield rounds of worker and engine in turn, on the same stored photos.

    The worker runs as in ``make run``: it claims rows of the database, opens
    stored photos, predicts and writes results. The engine is the same predictor
    over the same files in as many processes, and nothing else.
    """
    os.environ |= {
        "NAEVUS_VAR": str(var),
        "DJANGO_SETTINGS_MODULE": "webplatform.config.settings",
    }
    with _broker() as url:
        os.environ["BROKER_URL"] = url
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        files = _store_photos()
        _engine(files, cores)  # warms the files' cache for both
        with _worker(cores):
            for number in range(ROUNDS):
                # Whoever goes second finds the machine as the first left it.
                order = (_drain, _engine) if number % 2 else (_engine, _drain)
                speed = {one: one(files, cores) for one in order}
                yield Round(worker=speed[_drain], engine=speed[_engine])


@contextlib.contextmanager
def _broker() -> Iterator[str]:
    from webplatform.local import broker

    with tempfile.TemporaryDirectory(prefix="naevus-") as folder:
        chosen = broker.choose(Path(folder))
        with chosen.running():
            yield chosen.url


@contextlib.contextmanager
def _worker(cores: int) -> Iterator[None]:
    command = [sys.executable, "-m", "celery", "--quiet", "-A", "worker.app", "worker"]
    command += ["--concurrency", str(cores), "--queues", "default", "--loglevel", "error"]
    env = os.environ | {"DJANGO_SETTINGS_MODULE": "worker.settings"}
    with subprocess.Popen(command, cwd=ROOT, env=env) as worker:
        time.sleep(5)  # until its children have loaded the model
        yield
        worker.terminate()


def _store_photos() -> list[str]:
    from webplatform.accounts.models import User
    from webplatform.photos.models import Photo
    from webplatform.photos.services import accept_photo
    from webplatform.predictions.models import Prediction

    owner = User.objects.create_user("bench@example.org")
    originals = [path.read_bytes() for path in PHOTOS]
    photos: list[Photo] = []
    for number in range(PICTURES):
        photo, _ = accept_photo(owner=owner, upload=io.BytesIO(originals[number % len(originals)]))
        photos.append(photo)
    Prediction.objects.all().delete()
    return [photo.image.path for photo in photos]


def _drain(files: list[str], cores: int) -> float:
    """Queue every photo, ring, and return images a second from first claim to last result."""
    from django.db.models import Max, Min

    from webplatform.photos.models import Photo
    from webplatform.predictions import doorbell
    from webplatform.predictions.models import Prediction

    Prediction.objects.all().delete()
    Prediction.objects.bulk_create(Prediction(photo=photo) for photo in Photo.objects.all())
    for _ in range(cores):
        doorbell.ring()
    while Prediction.objects.exclude(status="done").exists():
        time.sleep(0.05)
    times = Prediction.objects.aggregate(Min("claimed_at"), Max("finished_at"))
    seconds = (times["finished_at__max"] - times["claimed_at__min"]).total_seconds()
    return len(files) / seconds


def _engine(files: list[str], cores: int) -> float:
    """Return images a second of the predictor alone."""
    context = multiprocessing.get_context("spawn")
    ready = context.Barrier(cores + 1)
    shares = [files[core::cores] for core in range(cores)]
    processes = [context.Process(target=_predict_all, args=(share, ready)) for share in shares]
    for process in processes:
        process.start()
    ready.wait()
    began = time.perf_counter()
    for process in processes:
        process.join()
    return len(files) / (time.perf_counter() - began)


def _predict_all(files: list[str], ready) -> None:
    from PIL import Image

    from ml.predictor import Predictor

    predictor = Predictor.load(ROOT / "ml" / "bundles" / "default")
    predictor.predict_batch([Image.open(files[0])])
    ready.wait()
    for file in files:
        with Image.open(file) as image:
            predictor.predict_batch([image])
