"""Requests of people who are logged in, for the type checker."""

from django.http import HttpRequest
from rest_framework.request import Request

from webplatform.accounts.models import User


class SignedInRequest(HttpRequest):
    """A request behind ``login_required``."""

    user: User


class SignedInApiRequest(Request):
    """A request to an API view that asks for a log-in."""

    user: User
