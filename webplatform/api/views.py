"""The API's views: parse, call the service, answer."""

import uuid

from allauth.account.adapter import get_adapter
from allauth.account.utils import has_verified_email
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http.response import HttpResponseBase
from django.utils.dateparse import parse_datetime
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import exceptions, permissions, status
from rest_framework.pagination import CursorPagination
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from webplatform.accounts import tokens
from webplatform.accounts.models import ApiToken
from webplatform.accounts.requests import SignedInApiRequest
from webplatform.api import serializers
from webplatform.api.waiting import MAX_WAIT_S, wait_until_terminal
from webplatform.errors import UserError
from webplatform.photos import media, services
from webplatform.photos.selectors import photo_of, photos_of
from webplatform.predictions.models import Prediction
from webplatform.predictions.results import STATES
from webplatform.predictions.selectors import prediction_of

PROBLEM = OpenApiResponse(serializers.ProblemSerializer, description="The reason, with its code.")
IMAGE = OpenApiResponse(bytes, description="A JPEG.")


class WrongCredentials(UserError):
    """An e-mail address and a password that do not belong together."""

    code = "wrong_credentials"
    status = 401
    message = "The e-mail address or the password is wrong."


class TooManyLogIns(UserError):
    """Log-ins that failed too often."""

    code = "too_many_log_ins"
    status = 429
    message = "There were too many failed log-ins. Please try again in a few minutes."


class UnverifiedAddress(UserError):
    """A person who has not shown that the e-mail address is theirs."""

    code = "unverified_address"
    status = 403
    message = "Please confirm your e-mail address first. The link is in our e-mail to you."


class TokensView(APIView):
    """Log in."""

    authentication_classes = []
    permission_classes = [permissions.AllowAny]

    @extend_schema(
        operation_id="log_in",
        request=serializers.LogInSerializer,
        responses={
            201: serializers.TokenSerializer,
            400: PROBLEM,
            401: PROBLEM,
            403: PROBLEM,
            429: PROBLEM,
        },
    )
    def post(self, request: Request) -> Response:
        """Log in and get a token for this device, to send as `Authorization: Bearer …`.

        It is valid for 90 days. Too many wrong passwords lock the address for a while.
        """
        credentials = serializers.LogInSerializer(data=request.data)
        credentials.is_valid(raise_exception=True)
        try:
            # allauth's own check, with its limit on failed log-ins.
            user = get_adapter().authenticate(
                request._request,
                email=credentials.validated_data["email"],
                password=credentials.validated_data["password"],
            )
        except ValidationError as error:
            raise TooManyLogIns from error
        if user is None or not user.is_active:
            raise WrongCredentials
        if settings.ACCOUNT_EMAIL_VERIFICATION == "mandatory" and not has_verified_email(user):
            raise UnverifiedAddress
        token, record = tokens.issue(user, credentials.validated_data["device"])
        body = serializers.TokenSerializer({"token": token, "expires_at": record.expires_at})
        return Response(body.data, status=status.HTTP_201_CREATED)


class CurrentTokenView(APIView):
    """Log out."""

    @extend_schema(operation_id="log_out", responses={204: None, 401: PROBLEM})
    def delete(self, request: SignedInApiRequest) -> Response:
        """Take back the token that this request is made with."""
        if isinstance(request.auth, ApiToken):
            request.auth.delete()
        return Response(status=status.HTTP_204_NO_CONTENT)


class MeView(APIView):
    """The person who is logged in."""

    @extend_schema(operation_id="me", responses={200: serializers.MeSerializer, 401: PROBLEM})
    def get(self, request: SignedInApiRequest) -> Response:
        """Return the account."""
        return Response(serializers.MeSerializer(request.user).data)


class PhotoPages(CursorPagination):
    """Newest first, and stable while photos are added."""

    ordering = ("-created_at", "-id")
    page_size = 24

    def decode_cursor(self, request: Request):
        """Refuse a cursor that names no moment, which the base class lets through."""
        cursor = super().decode_cursor(request)
        if cursor is not None and cursor.position is not None:
            try:
                is_moment = parse_datetime(str(cursor.position)) is not None
            except ValueError:
                is_moment = False
            if not is_moment:
                raise exceptions.NotFound("This cursor is not one of ours.")
        return cursor


class PhotosView(APIView):
    """All photos of a person."""

    parser_classes = [MultiPartParser]

    @extend_schema(
        operation_id="list_photos",
        parameters=[OpenApiParameter("cursor", str, description="From `next` or `previous`.")],
        responses={200: serializers.PhotoSerializer(many=True), 401: PROBLEM},
    )
    def get(self, request: SignedInApiRequest) -> Response:
        """List your photos with their newest results, newest first, 24 a page."""
        pages = PhotoPages()
        page = pages.paginate_queryset(photos_of(request.user), request, view=self)
        body = serializers.PhotoSerializer(page, many=True, context={"request": request})
        return pages.get_paginated_response(body.data)

    @extend_schema(
        operation_id="upload_photo",
        request={"multipart/form-data": serializers.UploadSerializer},
        parameters=[
            OpenApiParameter(
                "Idempotency-Key",
                str,
                OpenApiParameter.HEADER,
                description="A key of your own making for this photo. Sending it again with the "
                "same key gives the same photo and does not analyse it twice.",
            )
        ],
        responses={
            201: serializers.PhotoSerializer,
            200: OpenApiResponse(
                serializers.PhotoSerializer, description="This key had been accepted before."
            ),
            400: PROBLEM,
            401: PROBLEM,
            409: PROBLEM,
            413: PROBLEM,
            415: PROBLEM,
        },
    )
    def post(self, request: SignedInApiRequest) -> Response:
        """Upload a photo. Its `prediction` is queued; wait for it at `predictions/{id}/`.

        Refusals have the codes `not_an_image`, `unsupported_kind`, `broken_image`,
        `animated_image`, `too_many_bytes`, `too_many_pixels` and `too_small`; nothing is
        stored then. Where the photo was taken and all other metadata is dropped.
        """
        body = serializers.UploadSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        key = request.headers.get("Idempotency-Key")
        if key and len(key) > 200:
            raise exceptions.ValidationError({"Idempotency-Key": ["At most 200 characters."]})
        photo, is_new = services.accept_photo(
            owner=request.user, upload=body.validated_data["photo"], idempotency_key=key
        )
        answer = serializers.PhotoSerializer(
            photo_of(request.user, photo.id), context={"request": request}
        ).data
        code = status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
        return Response(answer, status=code)


class PhotoView(APIView):
    """One photo."""

    @extend_schema(
        operation_id="get_photo",
        responses={200: serializers.PhotoSerializer, 401: PROBLEM, 404: PROBLEM},
    )
    def get(self, request: SignedInApiRequest, photo_id: uuid.UUID) -> Response:
        """Return one of your photos."""
        photo = photo_of(request.user, photo_id)
        return Response(serializers.PhotoSerializer(photo, context={"request": request}).data)

    @extend_schema(operation_id="delete_photo", responses={204: None, 401: PROBLEM, 404: PROBLEM})
    def delete(self, request: SignedInApiRequest, photo_id: uuid.UUID) -> Response:
        """Delete one of your photos with its result and its files."""
        services.delete_photo(photo_of(request.user, photo_id))
        return Response(status=status.HTTP_204_NO_CONTENT)


class PhotoImageView(APIView):
    """A photo's bytes."""

    @extend_schema(
        operation_id="get_photo_image",
        responses={(200, "image/jpeg"): IMAGE, 401: PROBLEM, 404: PROBLEM},
    )
    def get(self, request: SignedInApiRequest, photo_id: uuid.UUID) -> HttpResponseBase:
        """Return the photo as a JPEG."""
        return media.send(photo_of(request.user, photo_id).image)


class PhotoThumbnailView(APIView):
    """A small copy's bytes."""

    @extend_schema(
        operation_id="get_photo_thumbnail",
        responses={(200, "image/jpeg"): IMAGE, 401: PROBLEM, 404: PROBLEM},
    )
    def get(self, request: SignedInApiRequest, photo_id: uuid.UUID) -> HttpResponseBase:
        """Return a copy of at most 480 pixels a side as a JPEG."""
        return media.send(photo_of(request.user, photo_id).thumbnail)


class PredictionView(APIView):
    """One prediction."""

    @extend_schema(
        operation_id="get_prediction",
        parameters=[
            OpenApiParameter(
                "wait",
                float,
                description=f"Hold the answer back until the prediction is ready or has failed, "
                f"up to this many seconds ({MAX_WAIT_S:.0f} at most).",
            )
        ],
        responses={
            200: serializers.PredictionSerializer,
            304: None,
            400: PROBLEM,
            401: PROBLEM,
            404: PROBLEM,
        },
    )
    def get(self, request: SignedInApiRequest, prediction_id: uuid.UUID) -> Response:
        """Return a prediction; with `wait`, as soon as its result is there.

        While it is not, the answer carries `Retry-After`. With `If-None-Match` an
        unchanged prediction is answered with 304.
        """
        prediction = wait_until_terminal(
            lambda: prediction_of(request.user, prediction_id), _seconds(request)
        )
        headers = {
            "ETag": f'"{prediction.id}-{prediction.status}"',
            "Cache-Control": "private, no-cache",
        }
        if not STATES[Prediction.Status(prediction.status)].terminal:
            headers["Retry-After"] = "1"
        if request.headers.get("If-None-Match") == headers["ETag"]:
            return Response(status=status.HTTP_304_NOT_MODIFIED, headers=headers)
        return Response(serializers.PredictionSerializer(prediction).data, headers=headers)


def _seconds(request: Request) -> float:
    try:
        seconds = float(request.query_params.get("wait", 0))
        if not 0 <= seconds < float("inf"):
            raise ValueError
    except ValueError as error:
        raise exceptions.ValidationError({"wait": ["A number of seconds is needed."]}) from error
    return seconds
