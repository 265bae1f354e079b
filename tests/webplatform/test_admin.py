"""The admin watches; it does not change results."""

import pytest

from webplatform.photos.models import Photo
from webplatform.predictions.models import Prediction

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin_page(client, admin_user):
    """Return a function that opens a page as the administrator."""
    client.force_login(admin_user)

    def page(path: str) -> str:
        answer = client.get(path)
        assert answer.status_code == 200, path
        return answer.content.decode()

    return page


@pytest.mark.parametrize(
    "path",
    [
        "/admin/",
        "/admin/accounts/user/",
        "/admin/accounts/user/add/",
        "/admin/accounts/apitoken/",
        "/admin/photos/photo/",
        "/admin/predictions/modelversion/",
        "/admin/predictions/prediction/",
        "/admin/predictions/prediction/?outcome=not_sure&status=done",
        "/admin/predictions/prediction/?q=alice",
        "/admin/photos/photo/?predictions__outcome=not_sure",
    ],
)
def test_lists_open(admin_page, answered_photo, path):
    admin_page(path)


def test_predictions_are_listed_with_the_picture(admin_page, answered_photo):
    page = admin_page("/admin/predictions/prediction/?q=alice")
    assert f"/admin/photos/photo/{answered_photo.id}/thumbnail/" in page
    assert "not_sure" in page
    assert "alice@example.org" in page


def test_one_prediction_and_one_photo_open(admin_page, answered_photo):
    prediction = answered_photo.predictions.get()
    assert "0.123" in admin_page(f"/admin/predictions/prediction/{prediction.id}/change/")
    page = admin_page(f"/admin/photos/photo/{answered_photo.id}/change/")
    assert f"/admin/photos/photo/{answered_photo.id}/image/" in page


def test_results_cannot_be_changed(client, admin_user, answered_photo):
    client.force_login(admin_user)
    prediction = answered_photo.predictions.get()
    url = f"/admin/predictions/prediction/{prediction.id}/change/"
    assert client.post(url, {"probability": "0.9"}).status_code == 403
    assert Prediction.objects.get().probability == 0.123


def test_deleting_photos_in_the_admin_deletes_their_files(
    client, admin_user, answered_photo, private_disk, django_capture_on_commit_callbacks
):
    client.force_login(admin_user)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(
            "/admin/photos/photo/",
            {
                "action": "delete_selected",
                "_selected_action": [str(answered_photo.id)],
                "post": "yes",
            },
        )
    assert not Photo.objects.exists()
    assert not list(private_disk.rglob("*.jpg"))


def test_admin_log_in_is_the_sites_own(client):
    assert client.get("/admin/login/")["Location"].startswith("/accounts/login/")


def test_users_are_made_by_e_mail(client, admin_user):
    client.force_login(admin_user)
    answer = client.post(
        "/admin/accounts/user/add/",
        {
            "email": "dora@example.org",
            "usable_password": "true",
            "password1": "correct horse battery",
            "password2": "correct horse battery",
        },
    )
    assert answer.status_code == 302


def test_deleting_a_person_deletes_everything_of_theirs(
    client, admin_user, answered_photo, private_disk, django_capture_on_commit_callbacks
):
    alice = answered_photo.owner
    client.force_login(admin_user)
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(f"/admin/accounts/user/{alice.id}/delete/", {"post": "yes"})
    assert answer.status_code == 302
    assert not Photo.objects.exists()
    assert not type(alice).objects.filter(pk=alice.pk).exists()
    assert not list(private_disk.rglob("*.jpg"))
