"""What every test may use: people, photos, a silent doorbell, a private disk."""

import io
import os
from pathlib import Path

import pytest
from PIL import Image

from ml.contracts import ActivationMap, ModelInfo, Outcome, Prediction

PHOTOS = sorted((Path(__file__).parent / "fixtures" / "photos").glob("*.jpg"))

MODEL = ModelInfo(
    name="test-model",
    version="1",
    bundle_sha256="0" * 64,
    setting="pictures that a test made up",
    prevalence=0.1,
)


def pytest_report_header(config) -> str:
    """Say what these tests run against."""
    database = os.environ.get("DATABASE_URL", "sqlite").partition(":")[0]
    broker = os.environ.get("BROKER_URL", "the embedded one").partition(":")[0]
    return f"database: {database}, broker: {broker}"


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory):
    """Test on a real SQLite file; one in memory has no WAL and no other processes."""
    from django.conf import settings

    database = settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3"):
        database.setdefault("TEST", {})["NAME"] = str(
            tmp_path_factory.mktemp("database") / "test.sqlite3"
        )


@pytest.fixture(autouse=True)
def private_disk(settings, tmp_path):
    """Store photos where no other test sees them."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT


@pytest.fixture(autouse=True)
def cheap_passwords(settings):
    """Hash passwords fast; there are no secrets here."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def empty_cache():
    """Forget the failed log-ins of other tests."""
    from django.core.cache import cache

    cache.clear()


@pytest.fixture(autouse=True)
def doorbell(request, monkeypatch):
    """Count the rings instead of publishing them; return the list of rings."""
    rings: list[str] = []
    if "real_doorbell" not in request.keywords:
        from webplatform.predictions import doorbell

        monkeypatch.setattr(doorbell, "ring", lambda: rings.append("ring") or True)
    return rings


@pytest.fixture
def alice(db):
    """Return the person whose photos the tests are about."""
    from webplatform.accounts.models import User

    return User.objects.create_user("alice@example.org", "correct horse battery")


@pytest.fixture
def charlie(db):
    """Return somebody else, who must never see Alice's photos."""
    from webplatform.accounts.models import User

    return User.objects.create_user("charlie@example.org", "correct horse battery")


@pytest.fixture
def admin_user(db):
    """Return an administrator."""
    from webplatform.accounts.models import User

    return User.objects.create_superuser("admin@example.org", "correct horse battery")


@pytest.fixture
def alice_client(client, alice):
    """Return a browser in which Alice is logged in."""
    client.force_login(alice)
    return client


@pytest.fixture
def charlie_client(charlie):
    """Return a browser in which Charlie is logged in."""
    from django.test import Client

    client = Client()
    client.force_login(charlie)
    return client


@pytest.fixture
def photo_file():
    """Return the bytes of a real photo of a mole."""
    return PHOTOS[0].read_bytes()


@pytest.fixture
def photo(alice, photo_file):
    """Return a photo of Alice's, queued."""
    from webplatform.photos.services import accept_photo

    return accept_photo(owner=alice, upload=io.BytesIO(photo_file))[0]


@pytest.fixture
def answered_photo(photo):
    """Return a photo of Alice's with a result."""
    from webplatform.predictions import queue

    (claim,) = queue.claim(1)
    assert queue.complete(claim, answer(), MODEL)
    return photo


def answer(probability: float = 0.123, outcome: Outcome = Outcome.NOT_SURE) -> Prediction:
    """Return a model's answer."""
    grid = [[0.0] * 7 for _ in range(7)]
    grid[0][6] = 1.0
    return Prediction(probability, outcome, None, ActivationMap((0.125, 0.0, 0.875, 1.0), grid))


def picture_file(kind: str = "JPEG", size: tuple[int, int] = (200, 150), **options) -> bytes:
    """Return the bytes of a small made-up picture."""
    out = io.BytesIO()
    picture = Image.radial_gradient("L").resize(size).convert(options.pop("mode", "RGB"))
    picture.save(out, kind, **options)
    return out.getvalue()


def in_ci() -> bool:
    """Return whether this is a run in which nothing may be skipped."""
    return os.environ.get("CI", "") not in {"", "0", "false"}
