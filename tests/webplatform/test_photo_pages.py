"""The pages around a photo, without a browser."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.conftest import picture_file
from webplatform.photos import services
from webplatform.photos.models import Photo
from webplatform.predictions.models import Prediction

pytestmark = pytest.mark.django_db


def upload(client, data: bytes, name: str = "mole.jpg"):
    """Send a file through the form."""
    return client.post("/photos/new/", {"photo": SimpleUploadedFile(name, data)})


def test_upload_stores_and_queues_and_rings(
    alice_client, photo_file, doorbell, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        answer = upload(alice_client, photo_file)
    photo = Photo.objects.get()
    assert answer.status_code == 302
    assert answer["Location"] == f"/photos/{photo.id}/"
    assert photo.predictions.get().status == Prediction.Status.QUEUED
    assert len(doorbell) == 1
    assert "waiting for its turn" in alice_client.get(answer["Location"]).content.decode()


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [
        (b"a letter", 400, "not a picture"),
        (picture_file("GIF"), 415, "not supported"),
        (picture_file(size=(40, 40)), 400, "too small"),
    ],
)
def test_a_refused_file_is_named_and_not_stored(alice_client, private_disk, data, status, words):
    answer = upload(alice_client, data)
    assert answer.status_code == status
    assert words in answer.content.decode()
    assert not Photo.objects.exists()
    assert not list(private_disk.rglob("*.jpg"))


def test_no_file_at_all(alice_client):
    answer = alice_client.post("/photos/new/")
    assert answer.status_code == 400
    assert "No photo was chosen" in answer.content.decode()


def test_a_body_too_large_is_heard_out_and_refused(alice_client):
    answer = upload(alice_client, b"x" * 22 * 1024 * 1024)
    assert answer.status_code == 413
    assert "20 MB" in answer.content.decode()


def test_a_body_far_too_large_is_refused_before_it_is_read(alice_client):
    answer = alice_client.generic("POST", "/photos/new/", CONTENT_LENGTH=str(201 * 1024 * 1024))
    assert answer.status_code == 413
    assert "20 MB" in answer.content.decode()


def test_waiting_page_turns_by_itself_without_javascript(alice_client, photo):
    page = alice_client.get(f"/photos/{photo.id}/").content.decode()
    assert '<meta http-equiv="refresh"' in page


def test_result_page(alice_client, answered_photo):
    page = alice_client.get(f"/photos/{answered_photo.id}/").content.decode()
    assert "not a medical device" in page
    assert "123" in page
    assert "1,000" in page
    assert "pictures that a test made up" in page
    assert "test-model" in page
    assert "upper right" in page
    assert '<meta http-equiv="refresh"' not in page


def test_history_is_newest_first(alice, alice_client, photo_file):
    photos = [
        services.accept_photo(owner=alice, upload=io.BytesIO(photo_file))[0] for _ in range(3)
    ]
    page = alice_client.get("/photos/").content.decode()
    places = [page.index(str(photo.id)) for photo in photos]
    assert places == sorted(places, reverse=True)


def test_history_takes_few_queries(alice, alice_client, photo_file, django_assert_max_num_queries):
    for _ in range(5):
        services.accept_photo(owner=alice, upload=io.BytesIO(photo_file))
    with django_assert_max_num_queries(6):
        alice_client.get("/photos/")


def test_delete_removes_row_result_and_files(
    alice_client, answered_photo, private_disk, django_capture_on_commit_callbacks
):
    assert len(list(private_disk.rglob("*.jpg"))) == 2
    assert alice_client.get(f"/photos/{answered_photo.id}/delete/").status_code == 200
    assert Photo.objects.exists()
    with django_capture_on_commit_callbacks(execute=True):
        alice_client.post(f"/photos/{answered_photo.id}/delete/")
    assert not Photo.objects.exists()
    assert not Prediction.objects.exists()
    assert not list(private_disk.rglob("*.jpg"))


def test_media_is_private_and_not_kept_by_caches(alice_client, answered_photo):
    for name in ("image", "thumbnail", "activation-map"):
        answer = alice_client.get(f"/photos/{answered_photo.id}/{name}/")
        assert answer.status_code == 200
        assert answer["Cache-Control"] == "private, no-store"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer.getvalue()[:4] in (b"\xff\xd8\xff\xe0", b"\x89PNG")


def test_behind_nginx_only_the_name_is_sent(alice_client, photo, settings):
    settings.ACCEL_REDIRECT_PREFIX = "/private/"
    answer = alice_client.get(f"/photos/{photo.id}/image/")
    assert answer["X-Accel-Redirect"] == f"/private/{photo.image.name}"
    assert answer.content == b""


def test_a_photo_whose_file_is_gone_is_a_404(alice_client, photo, private_disk):
    (private_disk / photo.image.name).unlink()
    assert alice_client.get(f"/photos/{photo.id}/image/").status_code == 404


def test_orphans_are_removed_and_others_kept(photo, private_disk, monkeypatch):
    import datetime

    orphan = private_disk / photo.image.name.replace(str(photo.id), "orphan")
    orphan.write_bytes(b"left by a crash")
    assert services.remove_orphans() == 0, "a young file may belong to an upload under way"
    monkeypatch.setattr(services, "ORPHAN_AGE", datetime.timedelta(0))
    assert services.remove_orphans() == 1
    assert not orphan.exists()
    assert len(list(private_disk.rglob("*.jpg"))) == 2


def test_pages_have_the_security_headers(alice_client, photo):
    answer = alice_client.get(f"/photos/{photo.id}/")
    policy = answer["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "same-origin"
