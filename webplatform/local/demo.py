"""The account that a local start makes, so that nobody has to sign up first."""

from webplatform.accounts.models import User

EMAIL = "demo@naevus.local"
PASSWORD = "naevus-demo"  # noqa: S105  printed at every start; local set-up only


def ensure_account() -> User:
    """Return the demo account, an administrator, made if there is none."""
    user = User.objects.filter(email=EMAIL).first()
    return user or User.objects.create_superuser(EMAIL, PASSWORD)
