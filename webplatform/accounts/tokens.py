"""Tokens for mobile apps: one a device, each to be taken back on its own."""

import hashlib
import secrets
from datetime import timedelta

from django.utils import timezone

from webplatform.accounts.models import ApiToken, User

LIFETIME = timedelta(days=90)


def _digest(token: str) -> str:
    # A token is 256 random bits, so a plain hash cannot be searched.
    return hashlib.sha256(token.encode()).hexdigest()


def issue(user: User, device: str = "") -> tuple[str, ApiToken]:
    """Return a new token, to be shown once, and its record."""
    token = secrets.token_urlsafe(32)
    record = ApiToken.objects.create(
        user=user,
        device=device,
        digest=_digest(token),
        password_digest=user.get_session_auth_hash(),
        expires_at=timezone.now() + LIFETIME,
    )
    return token, record


def find(token: str) -> ApiToken | None:
    """Return the record of a token that is valid now, with its user, or None."""
    valid = ApiToken.objects.select_related("user").filter(
        digest=_digest(token), expires_at__gt=timezone.now(), user__is_active=True
    )
    record = valid.first()
    if record is None or record.password_digest != record.user.get_session_auth_hash():
        return None
    return record
