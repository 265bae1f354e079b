"""Is the process alive, and can it accept a photo?

The broker is left out on purpose: a photo is accepted and kept without it.
"""

import logging

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse

from webplatform.ids import uuid7

log = logging.getLogger(__name__)


def healthz(request: HttpRequest) -> JsonResponse:
    """Answer, without touching anything else."""
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200 if the database and the storage do what an upload asks of them."""
    checks = {"database": _database(), "storage": _storage()}
    ready = all(checks.values())
    return JsonResponse(
        {"status": "ok" if ready else "unavailable", "checks": checks}, status=200 if ready else 503
    )


def _database() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        log.exception("the database does not answer")
        return False
    return True


def _storage() -> bool:
    name = f"ready/{uuid7()}"
    try:
        default_storage.delete(default_storage.save(name, ContentFile(b"ready")))
    except OSError:
        log.exception("the storage does not answer")
        return False
    return True
