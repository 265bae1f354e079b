"""The pages that belong to no app: the front page, about, and "something broke"."""

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from redis.exceptions import RedisError

from webplatform.api.problems import problem_response
from webplatform.predictions.selectors import model_in_use


def home(request: HttpRequest) -> HttpResponse:
    """Say what Naevus is, or, to someone logged in, ask for the photo."""
    if request.user.is_authenticated:
        return redirect("photo_new")
    return render(request, "home.html")


def about(request: HttpRequest) -> HttpResponse:
    """Say how results come about, what they mean and what they do not."""
    return render(request, "about.html", {"model": model_in_use()})


# What database and cache raise when they are away, as opposed to a bug of ours.
AWAY = (OperationalError, InterfaceError, RedisError)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Answer a request that Django refuses to read: too many fields, a wrong host."""
    if request.path.startswith("/api/"):
        return problem_response(400, "This request cannot be read.")
    return HttpResponse("This request cannot be read.", status=400, content_type="text/plain")


def server_error(request: HttpRequest) -> HttpResponseBase:
    """Answer when something broke, to each door in its own language.

    503 asks the sender to try again, because a service of ours is away; 500 is
    a bug.
    """
    status = 503 if isinstance(sys.exc_info()[1], AWAY) else 500
    response: HttpResponseBase
    if request.path.startswith("/api/"):
        response = problem_response(status, "Something went wrong on our side. Please try again.")
    else:
        response = render(request, "500.html", status=status)
    if status == 503:
        response["Retry-After"] = "10"
    return response
