"""Nobody sees another person's photo: every address, asked by everybody else."""

import uuid

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.test import APIClient

from webplatform.photos.models import Photo

pytestmark = pytest.mark.django_db


def addresses_of_objects(resolver=None, prefix: str = "") -> list[str]:
    """Return every address of the site that names an object by UUID."""
    found = []
    for entry in (resolver or get_resolver()).url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            found += addresses_of_objects(entry, route)
        elif isinstance(entry, URLPattern) and "<uuid:" in route and not route.startswith("admin/"):
            found.append("/" + route)
    return found


def fill(address: str, photo: Photo) -> str:
    """Put a photo's ids into an address."""
    prediction = photo.predictions.get()
    filled = address.replace("<uuid:photo_id>", str(photo.id))
    return filled.replace("<uuid:prediction_id>", str(prediction.id))


ADDRESSES = addresses_of_objects()


def test_the_list_of_addresses_is_not_empty():
    assert "/photos/<uuid:photo_id>/image/" in ADDRESSES
    assert "/api/v1/predictions/<uuid:prediction_id>/" in ADDRESSES
    assert len(ADDRESSES) >= 9


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("method", ["get", "post", "delete", "put", "head"])
def test_other_people_get_a_404(address, method, answered_photo, charlie_client):
    answer = getattr(charlie_client, method)(fill(address, answered_photo))
    assert answer.status_code in {404, 405}
    if method in {"get", "head"}:
        assert answer.status_code == 404
    assert Photo.objects.filter(pk=answered_photo.pk).exists()


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_id_that_does_not_exist_looks_the_same(address, answered_photo, charlie_client):
    real = charlie_client.get(fill(address, answered_photo))
    made_up = address.replace("<uuid:photo_id>", str(uuid.uuid4()))
    made_up = made_up.replace("<uuid:prediction_id>", str(uuid.uuid4()))
    assert charlie_client.get(made_up).status_code == real.status_code == 404


@pytest.mark.parametrize("address", ADDRESSES)
def test_strangers_are_sent_to_the_log_in(address, answered_photo):
    answer = Client().get(fill(address, answered_photo))
    if address.startswith("/api/"):
        assert answer.status_code == 401
    else:
        assert answer.status_code == 302
        assert answer["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("address", ADDRESSES)
def test_the_owner_sees_it(address, answered_photo, alice_client):
    assert alice_client.get(fill(address, answered_photo)).status_code == 200


def test_lists_hold_only_ones_own(answered_photo, charlie_client):
    assert str(answered_photo.id) not in charlie_client.get("/photos/").content.decode()
    assert charlie_client.get("/api/v1/photos/").json()["results"] == []


@pytest.mark.parametrize("name", ["image", "thumbnail"])
def test_the_admins_pictures_are_for_admins(name, answered_photo, alice_client, admin_user):
    url = f"/admin/photos/photo/{answered_photo.id}/{name}/"
    assert alice_client.get(url).status_code == 302
    assert Client().get(url).status_code == 302
    staff = Client()
    admin_user.is_superuser = False
    admin_user.save()
    staff.force_login(admin_user)
    assert staff.get(url).status_code == 404, "staff without the permission to view photos"
    admin_user.is_superuser = True
    admin_user.save()
    assert staff.get(url).status_code == 200


@pytest.mark.parametrize("path", ["/media/", "/var/media/", "/private/", "/static/../var/"])
def test_no_address_leads_to_the_files(path, answered_photo, alice_client):
    assert alice_client.get(path + answered_photo.image.name).status_code == 404


def test_the_api_takes_no_cookie_without_a_csrf_token(alice, answered_photo):
    browser = APIClient(enforce_csrf_checks=True)
    browser.force_login(alice)
    assert browser.delete(f"/api/v1/photos/{answered_photo.id}/").status_code == 403
    assert Photo.objects.exists()
