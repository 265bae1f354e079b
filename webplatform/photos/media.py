"""Send a photo's bytes to someone who may see it."""

from django.conf import settings
from django.db.models.fields.files import FieldFile
from django.http import FileResponse, Http404, HttpResponse
from django.http.response import HttpResponseBase


def send(file: FieldFile) -> HttpResponseBase:
    """Return the file as a private response that no cache keeps.

    The caller has checked who is asking. Behind nginx only the file's name is
    sent, in a header, and nginx sends the bytes.
    """
    response: HttpResponseBase
    if settings.ACCEL_REDIRECT_PREFIX:
        response = HttpResponse()
        response["X-Accel-Redirect"] = f"{settings.ACCEL_REDIRECT_PREFIX}{file.name}"
    else:
        try:
            response = FileResponse(file.open("rb"))
        except FileNotFoundError as error:
            raise Http404 from error
    response["Content-Type"] = "image/jpeg"
    response["Content-Disposition"] = "inline"
    response["Cache-Control"] = "private, no-store"
    return response
