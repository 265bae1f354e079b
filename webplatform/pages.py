"""The pages that belong to no app: the front page, about, and "something broke"."""

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render

from webplatform.api.problems import problem_response
from webplatform.predictions.selectors import newest_model


def home(request: HttpRequest) -> HttpResponse:
    """Say what Naevus is, or, to someone logged in, ask for the photo."""
    if request.user.is_authenticated:
        return redirect("photo_new")
    return render(request, "home.html")


def about(request: HttpRequest) -> HttpResponse:
    """Say how results come about, what they mean and what they do not."""
    return render(request, "about.html", {"model": newest_model()})


def server_error(request: HttpRequest) -> HttpResponseBase:
    """Answer for a bug of ours, to each door in its own language."""
    if request.path.startswith("/api/"):
        return problem_response(500, "Something went wrong on our side. Please try again.")
    return render(request, "500.html", status=500)
