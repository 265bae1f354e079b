"""The account that a local start makes, so that nobody has to sign up first."""

from django.contrib.auth import get_user_model

EMAIL = "demo@naevus.local"
PASSWORD = "naevus-demo"  # noqa: S105  printed at every start; local set-up only


def ensure_account() -> None:
    """Make the demo account, an administrator, if there is none."""
    people = get_user_model().objects
    if not people.filter(email=EMAIL).exists():
        people.create_superuser(EMAIL, PASSWORD)
