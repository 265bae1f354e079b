"""Sign up, log in, log out."""

import pytest

from webplatform.accounts.models import User

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"


def test_sign_up_log_out_log_in(client):
    signed_up = client.post(
        "/accounts/signup/", {"email": "Eve@Example.org", "password1": PASSWORD}
    )
    assert signed_up.status_code == 302
    assert client.get("/photos/").status_code == 200
    client.post("/accounts/logout/")
    assert client.get("/photos/").status_code == 302
    client.post("/accounts/login/", {"login": "eve@example.org", "password": PASSWORD})
    assert client.get("/photos/").status_code == 200


def test_an_address_has_one_account_in_any_case(client, alice):
    client.post("/accounts/signup/", {"email": "ALICE@example.org", "password1": PASSWORD})
    assert User.objects.filter(email__iexact="alice@example.org").count() == 1


@pytest.mark.parametrize("password", ["short", "password123", "alice@example.org"])
def test_weak_passwords_are_refused(client, password):
    client.post("/accounts/signup/", {"email": "alice@example.org", "password1": password})
    assert not User.objects.exists()


def test_wrong_passwords_lock_the_log_in(client, alice):
    for _ in range(6):
        client.post("/accounts/login/", {"login": alice.email, "password": "wrong"})
    client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    assert client.get("/photos/").status_code == 302


def test_log_out_needs_a_post(alice_client):
    alice_client.get("/accounts/logout/")
    assert alice_client.get("/photos/").status_code == 200


def test_pages_without_an_account(client, alice_client):
    from django.test import Client

    assert Client().get("/").status_code == 200
    assert Client().get("/about/").status_code == 200
    assert alice_client.get("/")["Location"] == "/photos/new/"
