"""Reads: the only ways to a photo."""

import uuid

from django.db.models import Prefetch, QuerySet
from django.shortcuts import get_object_or_404

from webplatform.accounts.models import User
from webplatform.photos.models import Photo
from webplatform.predictions.models import Prediction


def photos_of(owner: User) -> QuerySet[Photo]:
    """Return a person's photos, newest first, each with its predictions."""
    newest_first = Prediction.objects.select_related("model").order_by("-created_at")
    return Photo.objects.filter(owner=owner).prefetch_related(
        Prefetch("predictions", queryset=newest_first)
    )


def photo_of(owner: User, photo_id: uuid.UUID) -> Photo:
    """Return one of a person's photos; anybody else's raises ``Http404``."""
    return get_object_or_404(photos_of(owner), pk=photo_id)
