"""The REST API as a mobile client sees it."""

import threading
import time
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from redis.exceptions import RedisError
from rest_framework.test import APIClient

from tests.conftest import MODEL, answer, picture_file
from webplatform.accounts.models import ApiToken
from webplatform.photos.models import Photo
from webplatform.predictions import queue
from webplatform.predictions.models import Prediction

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"


def log_in(user) -> APIClient:
    """Return a phone that is logged in."""
    phone = APIClient()
    given = phone.post("/api/v1/tokens/", {"email": user.email, "password": PASSWORD})
    assert given.status_code == 201
    phone.credentials(HTTP_AUTHORIZATION=f"Bearer {given.json()['token']}")
    return phone


@pytest.fixture
def phone(alice):
    """Return Alice's phone."""
    return log_in(alice)


def upload(phone, data: bytes, **headers):
    """Send a photo."""
    return phone.post(
        "/api/v1/photos/",
        {"photo": SimpleUploadedFile("mole.jpg", data)},
        format="multipart",
        **headers,
    )


def assert_problem(response, status: int, code: str) -> dict:
    """Check that an answer is an error in the one format."""
    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    assert body["code"] == code
    assert body["status"] == status
    assert body["type"] == f"urn:naevus:problem:{code}"
    assert body["detail"]
    return body


def test_upload_wait_read_delete(phone, photo_file):
    sent = upload(phone, photo_file)
    assert sent.status_code == 201
    photo = sent.json()
    assert photo["prediction"]["state"] == "waiting"
    assert photo["prediction"]["result"] is None
    (claim,) = queue.claim(1)
    queue.complete(claim, answer(0.25), MODEL)
    got = phone.get(f"/api/v1/predictions/{photo['prediction']['id']}/?wait=20").json()
    assert got["state"] == "ready"
    result = got["result"]
    assert result["probability"] == 0.25
    assert result["per_1000"] == 250
    assert result["outcome"] == "not_sure"
    assert "not a medical device" in result["notice"]
    assert result["model"]["name"] == "test-model"
    assert len(result["activation_map"]["grid"]) == 7
    listed = phone.get("/api/v1/photos/").json()["results"]
    assert [one["id"] for one in listed] == [photo["id"]]
    assert phone.get(photo["image_url"]).getvalue()[:2] == b"\xff\xd8"
    assert phone.get(photo["thumbnail_url"]).status_code == 200
    assert phone.delete(f"/api/v1/photos/{photo['id']}/").status_code == 204
    assert_problem(phone.get(f"/api/v1/photos/{photo['id']}/"), 404, "not_found")


def test_log_in_is_refused_and_then_locked(alice):
    phone = APIClient()
    wrong = {"email": alice.email, "password": "wrong"}
    assert_problem(phone.post("/api/v1/tokens/", wrong), 401, "wrong_credentials")
    for _ in range(8):
        last = phone.post("/api/v1/tokens/", wrong)
    assert_problem(last, 429, "too_many_log_ins")
    right = {"email": alice.email, "password": PASSWORD}
    assert_problem(phone.post("/api/v1/tokens/", right), 429, "too_many_log_ins")


def test_only_the_hash_of_a_token_is_kept(phone):
    token = phone._credentials["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
    assert token not in str(ApiToken.objects.values())


def test_log_out_and_expiry(alice, phone):
    other = log_in(alice)
    assert phone.delete("/api/v1/tokens/current/").status_code == 204
    assert_problem(phone.get("/api/v1/me/"), 401, "not_authenticated")
    assert other.get("/api/v1/me/").json()["email"] == alice.email
    ApiToken.objects.update(expires_at="2020-01-01T00:00:00Z")
    assert_problem(other.get("/api/v1/me/"), 401, "not_authenticated")


def test_inactive_people_are_out(alice, phone):
    alice.is_active = False
    alice.save()
    assert_problem(phone.get("/api/v1/me/"), 401, "not_authenticated")
    credentials = {"email": alice.email, "password": PASSWORD}
    assert_problem(APIClient().post("/api/v1/tokens/", credentials), 401, "wrong_credentials")


def test_without_log_in_the_answer_names_the_scheme():
    refused = APIClient().get("/api/v1/photos/")
    assert_problem(refused, 401, "not_authenticated")
    assert refused["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"", 400, "not_an_image"),
        (b"a letter", 400, "not_an_image"),
        (b"%PDF-1.7", 415, "unsupported_kind"),
        (picture_file()[:300], 400, "broken_image"),
        (picture_file(size=(20, 200)), 400, "too_small"),
        (b"\0" * (20 * 1024 * 1024 + 1), 413, "too_many_bytes"),
    ],
)
def test_refused_photos(phone, private_disk, data, status, code):
    assert_problem(upload(phone, data), status, code)
    assert not Photo.objects.exists()
    assert not list(private_disk.rglob("*.jpg"))


def test_a_body_far_too_large(phone):
    assert_problem(upload(phone, b"x" * 22 * 1024 * 1024), 413, "too_many_bytes")


def test_malformed_requests(phone):
    body = assert_problem(
        phone.post("/api/v1/photos/", {}, format="multipart"), 400, "invalid_request"
    )
    assert "photo" in body["fields"]
    assert_problem(phone.post("/api/v1/photos/", {"a": 1}), 415, "unsupported_media_type")
    assert_problem(phone.put("/api/v1/photos/", {}), 405, "method_not_allowed")
    assert_problem(phone.get("/api/v1/nothing/"), 404, "not_found")
    assert_problem(phone.get("/api/v1/photos/not-a-uuid/"), 404, "not_found")
    broken = phone.generic("POST", "/api/v1/tokens/", "{", content_type="application/json")
    assert_problem(broken, 400, "invalid_request")


def test_requests_that_cannot_be_read(phone):
    deep = phone.generic("POST", "/api/v1/tokens/", "[" * 100_000, content_type="application/json")
    assert_problem(deep, 400, "invalid_request")
    many = {f"f{number}": SimpleUploadedFile("a.jpg", b"x") for number in range(101)}
    sent = phone.post("/api/v1/photos/", many, format="multipart")
    assert_problem(sent, 400, "invalid_request")
    phone.raise_request_exception = False
    assert_problem(phone.get("/api/v1/me/", HTTP_HOST="evil.example"), 400, "invalid_request")
    assert phone.options("/api/docs/").status_code == 405


def test_idempotency_key(phone, photo_file):
    first = upload(phone, photo_file, HTTP_IDEMPOTENCY_KEY="k1")
    again = upload(phone, photo_file, HTTP_IDEMPOTENCY_KEY="k1")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    assert Prediction.objects.count() == 1
    other = upload(phone, picture_file(), HTTP_IDEMPOTENCY_KEY="k1")
    assert_problem(other, 409, "idempotency_conflict")
    assert upload(phone, photo_file).status_code == 201
    too_long = upload(phone, photo_file, HTTP_IDEMPOTENCY_KEY="k" * 201)
    assert_problem(too_long, 400, "invalid_request")


def test_idempotency_keys_are_a_persons_own(phone, charlie, photo_file):
    assert upload(phone, photo_file, HTTP_IDEMPOTENCY_KEY="k1").status_code == 201
    assert upload(log_in(charlie), photo_file, HTTP_IDEMPOTENCY_KEY="k1").status_code == 201


def test_etag(phone, photo):
    url = f"/api/v1/predictions/{photo.predictions.get().id}/"
    first = phone.get(url)
    assert first["Retry-After"] == "1"
    assert phone.get(url, HTTP_IF_NONE_MATCH=first["ETag"]).status_code == 304
    (claim,) = queue.claim(1)
    queue.complete(claim, answer(), MODEL)
    changed = phone.get(url, HTTP_IF_NONE_MATCH=first["ETag"])
    assert changed.status_code == 200
    assert "Retry-After" not in changed


@pytest.mark.parametrize("wait", ["soon", "-1", "nan", "inf"])
def test_wait_must_be_a_number(phone, photo, wait):
    url = f"/api/v1/predictions/{photo.predictions.get().id}/?wait={wait}"
    assert_problem(phone.get(url), 400, "invalid_request")


def test_waiting_ends_with_its_time(phone, photo):
    began = time.monotonic()
    url = f"/api/v1/predictions/{photo.predictions.get().id}/?wait=0.4"
    assert phone.get(url).json()["state"] == "waiting"
    assert 0.4 <= time.monotonic() - began < 3


@pytest.mark.django_db(transaction=True)
def test_waiting_ends_with_the_result(phone, photo):
    def work():
        from django.db import connection

        time.sleep(0.5)
        (claim,) = queue.claim(1)
        queue.complete(claim, answer(), MODEL)
        connection.close()

    worker = threading.Thread(target=work)
    worker.start()
    began = time.monotonic()
    url = f"/api/v1/predictions/{photo.predictions.get().id}/?wait=20"
    assert phone.get(url).json()["state"] == "ready"
    assert time.monotonic() - began < 5
    worker.join()


def test_pages_are_stable_while_photos_are_added(alice, phone, photo_file, monkeypatch):
    from webplatform.api.views import PhotoPages

    monkeypatch.setattr(PhotoPages, "page_size", 2)
    ids = [upload(phone, photo_file).json()["id"] for _ in range(4)]
    first = phone.get("/api/v1/photos/").json()
    upload(phone, photo_file)
    second = phone.get(first["next"]).json()
    assert [one["id"] for one in first["results"] + second["results"]] == ids[::-1]


def test_bugs_are_problems_too(phone, monkeypatch):
    from webplatform.api import views

    phone.raise_request_exception = False
    monkeypatch.setattr(views, "photos_of", lambda user: 1 / 0)
    assert_problem(phone.get("/api/v1/photos/"), 500, "server_error")


@pytest.mark.parametrize("error", [OperationalError("gone"), RedisError("gone")])
@pytest.mark.parametrize("path", ["/api/v1/photos/", "/photos/"])
def test_a_database_that_is_away_is_a_503_and_no_bug(alice_client, monkeypatch, path, error):
    from webplatform.api import views as api_views
    from webplatform.photos import views

    def away(user):
        raise error

    alice_client.raise_request_exception = False
    monkeypatch.setattr(api_views, "photos_of", away)
    monkeypatch.setattr(views, "photos_of", away)
    refused = alice_client.get(path)
    assert refused.status_code == 503
    assert refused["Retry-After"] == "10"
    if path.startswith("/api/"):
        assert_problem(refused, 503, "unavailable")


def test_unknown_prediction(phone):
    assert_problem(phone.get(f"/api/v1/predictions/{uuid.uuid4()}/?wait=5"), 404, "not_found")


def test_schema_and_docs_are_open(client):
    import yaml

    schema = yaml.safe_load(client.get("/api/schema/").content)
    assert schema["openapi"].startswith("3.1")
    assert "/api/v1/predictions/{prediction_id}/" in schema["paths"]
    assert client.get("/api/docs/").status_code == 200


@pytest.mark.parametrize("cursor", ["cD1hYmM=", "cD0xMjM=", "!!", "cj0xJnA9"])
def test_a_cursor_that_is_not_ours(phone, photo, cursor):
    assert phone.get(f"/api/v1/photos/?cursor={cursor}").status_code in {200, 404}


def test_a_new_password_logs_every_app_out(alice, phone):
    alice.set_password("another horse battery")
    alice.save()
    assert_problem(phone.get("/api/v1/me/"), 401, "not_authenticated")


def test_an_unverified_address_gets_no_token_where_that_is_asked_for(alice, settings):
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    credentials = {"email": alice.email, "password": PASSWORD}
    refused = APIClient().post("/api/v1/tokens/", credentials)
    assert_problem(refused, 403, "unverified_address")
