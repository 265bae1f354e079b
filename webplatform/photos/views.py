"""The pages around a photo. They call the same services as the API."""

import uuid
from http import HTTPStatus

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from webplatform.accounts.requests import SignedInRequest
from webplatform.errors import UserError
from webplatform.photos import media, services
from webplatform.photos.selectors import photo_of, photos_of
from webplatform.predictions import activation_map
from webplatform.predictions.results import describe

PHOTOS_PER_PAGE = 24


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def photo_new(request: SignedInRequest) -> HttpResponse:
    """Ask for a photo, and take it."""
    if request.method != "POST":
        return render(request, "photos/new.html")
    upload = request.FILES.get("photo")
    try:
        if upload is None:
            raise UserError("No photo was chosen. Please choose one.")
        photo, _ = services.accept_photo(owner=request.user, upload=upload)
    except UserError as error:
        return render(request, "photos/new.html", {"error": error}, status=error.status)
    return redirect("photo_detail", photo.id, permanent=False)


@login_required
@require_safe
def photo_list(request: SignedInRequest) -> HttpResponse:
    """Show every photo with its result, newest first."""
    page = Paginator(photos_of(request.user), PHOTOS_PER_PAGE).get_page(request.GET.get("page"))
    cards = [(photo, describe(photo.predictions.all()[0])) for photo in page]
    return render(request, "photos/list.html", {"page": page, "cards": cards})


@login_required
@require_safe
def photo_detail(request: SignedInRequest, photo_id: uuid.UUID) -> HttpResponse:
    """Show one photo and, as soon as there is one, its result."""
    photo = photo_of(request.user, photo_id)
    context = {"photo": photo, "result": describe(photo.predictions.all()[0])}
    return render(request, "photos/detail.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def photo_delete(request: SignedInRequest, photo_id: uuid.UUID) -> HttpResponse:
    """Ask once more, then delete."""
    photo = photo_of(request.user, photo_id)
    if request.method != "POST":
        return render(request, "photos/delete.html", {"photo": photo})
    services.delete_photo(photo)
    messages.success(request, "The photo and its result are deleted.")
    return redirect("photo_list")


@login_required
@require_safe
def photo_image(request: SignedInRequest, photo_id: uuid.UUID) -> HttpResponseBase:
    """Send the photo itself."""
    return media.send(photo_of(request.user, photo_id).image)


@login_required
@require_safe
def photo_thumbnail(request: SignedInRequest, photo_id: uuid.UUID) -> HttpResponseBase:
    """Send the small copy."""
    return media.send(photo_of(request.user, photo_id).thumbnail)


@login_required
@require_safe
def photo_activation_map(request: SignedInRequest, photo_id: uuid.UUID) -> HttpResponse:
    """Send the class activation map, as a picture to lay over the photo."""
    photo = photo_of(request.user, photo_id)
    prediction = photo.predictions.all()[0]
    if not prediction.activation_map:
        return HttpResponse(status=HTTPStatus.NOT_FOUND)
    png = activation_map.render(prediction.activation_map, photo.width, photo.height)
    return HttpResponse(
        png, content_type="image/png", headers={"Cache-Control": "private, no-store"}
    )
