"""Every error of the API in one shape: RFC 9457 problem details with a code."""

import logging
from http import HTTPStatus

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from webplatform.errors import UserError

log = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"

# The codes of errors that do not come from our own `UserError`s.
_CODES = {
    400: "invalid_request",
    401: "not_authenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    415: "unsupported_media_type",
    429: "too_many_requests",
    500: "server_error",
    503: "unavailable",
}


def problem(status: int, code: str, detail: str, **extra) -> dict:
    """Return the body of an error."""
    return {
        "type": f"urn:naevus:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        **extra,
    }


def exception_handler(error: Exception, context: dict) -> Response | None:
    """Turn an exception of a view into a problem; bugs stay unhandled."""
    headers = {}
    extra = {}
    if isinstance(error, UserError):
        status, code, detail = error.status, error.code, error.message
    elif isinstance(error, Http404):
        status, code, detail = 404, _CODES[404], "There is nothing here."
    elif isinstance(error, SuspiciousOperation):
        status, code, detail = 400, _CODES[400], "This request cannot be read."
    elif isinstance(error, PermissionDenied):
        status, code, detail = 403, _CODES[403], "You may not do this."
    elif isinstance(error, exceptions.APIException):
        status = error.status_code
        code = _CODES.get(status, "invalid_request")
        detail = str(error.detail)
        if isinstance(error, exceptions.ValidationError):
            detail = "Some fields are missing or wrong."
            extra["fields"] = error.detail
        if header := getattr(error, "auth_header", None):
            headers["WWW-Authenticate"] = header
        if wait := getattr(error, "wait", None):
            headers["Retry-After"] = str(int(wait) + 1)
    else:
        return None
    set_rollback()
    return Response(
        problem(status, code, detail, **extra),
        status=status,
        headers=headers,
        content_type=CONTENT_TYPE,
    )


def problem_response(status: int, detail: str, code: str | None = None) -> JsonResponse:
    """Return a problem from outside of the API's own views."""
    body = problem(status, code or _CODES[status], detail)
    return JsonResponse(body, status=status, content_type=CONTENT_TYPE)


def not_found(request: HttpRequest, *args, **kwargs) -> JsonResponse:
    """Answer every address below /api/ that does not exist."""
    return problem_response(404, "There is nothing here.")
