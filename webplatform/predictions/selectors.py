"""Reads."""

import uuid

from django.shortcuts import get_object_or_404

from webplatform.accounts.models import User
from webplatform.predictions.models import ModelVersion, Prediction


def prediction_of(owner: User, prediction_id: uuid.UUID) -> Prediction:
    """Return a prediction for one of a person's photos; others raise ``Http404``."""
    predictions = Prediction.objects.select_related("model").filter(photo__owner=owner)
    return get_object_or_404(predictions, pk=prediction_id)


def model_in_use() -> ModelVersion | None:
    """Return the model that answered last, if any has answered yet."""
    last = Prediction.objects.select_related("model").filter(status=Prediction.Status.DONE)
    answered = last.order_by("-finished_at").first()
    return answered.model if answered else None
