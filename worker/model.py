"""The model of this process, loaded once."""

import logging
from functools import cache

from django.conf import settings

from ml.predictor import Predictor

log = logging.getLogger(__name__)


@cache
def load() -> Predictor:
    """Return the predictor. Raises what ``Predictor.load`` raises, at every call."""
    predictor = Predictor.load(settings.MODEL_BUNDLE, device=settings.INFERENCE_DEVICE)
    log.info("loaded %s %s", predictor.info.name, predictor.info.version)
    return predictor
