"""Refuse a request whose body is far too large before any of it is parsed."""

from collections.abc import Callable
from contextlib import suppress

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render

from webplatform.api.problems import problem_response
from webplatform.photos.sanitise import MAX_BYTES, TooManyBytes

# A form adds a little around the photo. Files between the two limits reach
# `sanitise`, which refuses them in the same words.
MAX_BODY_BYTES = MAX_BYTES + 1024 * 1024
# A client that is still sending does not listen; up to here it is heard out.
MAX_DRAINED_BYTES = 10 * MAX_BYTES


class BodyLimitMiddleware:
    """Answers 413 by the length that the request declares."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        try:
            length = int(request.META.get("CONTENT_LENGTH") or 0)
        except ValueError:
            length = 0
        if length <= MAX_BODY_BYTES:
            return self.get_response(request)
        if length <= MAX_DRAINED_BYTES:
            with suppress(OSError):  # the client has gone
                while request.read(1024 * 1024):
                    pass
        error = TooManyBytes()
        if request.path.startswith("/api/"):
            return problem_response(error.status, error.message, error.code)
        return render(request, "refused.html", {"error": error}, status=error.status)
