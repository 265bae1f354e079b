"""What load balancers ask."""

import pytest
from django.core.files.storage import default_storage
from django.db import DatabaseError


def test_healthz_touches_nothing(client):
    assert client.get("/healthz").json() == {"status": "ok"}


@pytest.mark.django_db
def test_readyz(client, private_disk):
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["checks"] == {"database": True, "storage": True}
    assert not [path for path in private_disk.rglob("*") if path.is_file()]


@pytest.mark.django_db
def test_readyz_without_storage(client, monkeypatch):
    def full(*args, **kwargs):
        raise OSError("no space left")

    monkeypatch.setattr(type(default_storage._wrapped), "save", full)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"] == {"database": True, "storage": False}


def test_readyz_without_database(client, monkeypatch):
    from webplatform.health import views

    class Gone:
        def cursor(self):
            raise DatabaseError("gone")

    monkeypatch.setattr(views, "connection", Gone())
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["database"] is False
