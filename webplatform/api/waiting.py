"""Long-poll: hold an answer back until it is worth sending."""

import threading
import time
from collections.abc import Callable

from django.db import connection

from webplatform.predictions.models import Prediction
from webplatform.predictions.results import STATES

MAX_WAIT_S = 25.0
_EVERY_S = 0.1
# Each waiting request holds a thread of the web server. Some must stay free
# for everybody else; who finds no place is answered at once and asks again.
_places = threading.BoundedSemaphore(8)


def wait_until_terminal(find: Callable[[], Prediction], seconds: float) -> Prediction:
    """Return the prediction when it is ready or failed, or when the time is up.

    ``find`` reads it from the database and raises what it raises, such as 404
    for a photo that is deleted meanwhile.
    """
    prediction = find()
    deadline = time.monotonic() + min(seconds, MAX_WAIT_S)
    if STATES[Prediction.Status(prediction.status)].terminal or seconds <= 0:
        return prediction
    if not _places.acquire(blocking=False):
        return prediction
    try:
        while time.monotonic() < deadline:
            if not connection.in_atomic_block:
                connection.close()  # others may use it while this one sleeps
            time.sleep(_EVERY_S)
            prediction = find()
            if STATES[Prediction.Status(prediction.status)].terminal:
                break
        return prediction
    finally:
        _places.release()
