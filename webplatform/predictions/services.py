"""Writes that come from people. What workers write is in ``queue.py``."""

from typing import TYPE_CHECKING

from django.db import transaction

from webplatform.predictions import doorbell
from webplatform.predictions.models import Prediction

if TYPE_CHECKING:
    from webplatform.photos.models import Photo


def request_prediction(photo: "Photo") -> Prediction:
    """Queue a photo for the model, and wake a worker once that is committed."""
    prediction = Prediction.objects.create(photo=photo)
    transaction.on_commit(doorbell.ring)
    return prediction
