"""``Authorization: Bearer TOKEN`` for mobile apps."""

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed

from webplatform.accounts import tokens


class TokenAuthentication(BaseAuthentication):
    """Accepts the tokens that ``POST /api/v1/tokens/`` hands out."""

    def authenticate(self, request):
        """Return the user and the token's record, or None without such a header."""
        scheme, _, token = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        record = tokens.find(token.decode("latin-1").strip())
        if record is None:
            raise AuthenticationFailed("This token is unknown or has expired. Log in again.")
        return record.user, record

    def authenticate_header(self, request) -> str:
        """Return what a 401 answer asks for."""
        return "Bearer"


class TokenScheme(OpenApiAuthenticationExtension):
    """Describes the tokens in the OpenAPI schema."""

    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema) -> dict:
        """Return the OpenAPI security scheme."""
        return {"type": "http", "scheme": "bearer"}
